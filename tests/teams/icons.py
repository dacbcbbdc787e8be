"""The two icons of the Teams package, from our own mark: `python -m tests.teams.icons` draws them anew.

Teams wants the mark in the middle half of a full square, and a small white one without any margin.
"""

import asyncio
import re
import shutil
from pathlib import Path
from typing import Final

from playwright.async_api import async_playwright

ROOT: Final = Path(__file__).parents[2]
MARK: Final = ROOT / "adapters" / "console" / "static" / "logo.svg"
PACKAGE: Final = ROOT / "adapters" / "teams_package"
ARGS: Final = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")

GREEN: Final = "#128580"
HEIGHT: Final = 26.4  # of the mark in its own 32 by 32, and where its middle is
MIDDLE: Final = (16.0, 16.2)


def house() -> str:
    """The outline of the house in the mark."""
    found = re.search(r' d="([^"]+)"', MARK.read_text())
    assert found
    return found[1]


def drawing(size: int, view: float, background: str) -> str:
    """A page that is the house in white; `view` is how much of the mark's own size fits into the icon."""
    box = " ".join(f"{at:.2f}" for at in (MIDDLE[0] - view / 2, MIDDLE[1] - view / 2, view, view))
    holes = "".join(f'<circle cx="{x}" cy="16.5" r="2"/>' for x in (12, 20))
    return f"""<body style="margin:0;background:{background}">
<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" viewBox="{box}" style="display:block">
  <mask id="eyes"><rect width="32" height="32" fill="#fff"/>{holes}</mask>
  <path fill="#fff" mask="url(#eyes)" d="{house()}"/>
</svg></body>"""


ICONS: Final = {
    "color.png": (192, drawing(192, HEIGHT * 1.9, GREEN)),
    "outline.png": (32, drawing(32, HEIGHT + 1, "transparent")),
}


async def draw() -> None:
    """Draws both in Chromium."""
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=shutil.which("chromium"), args=list(ARGS))
        for name, (size, html) in ICONS.items():
            page = await browser.new_page(viewport={"width": size, "height": size})
            await page.set_content(html)
            await page.screenshot(path=PACKAGE / name, omit_background=True)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(draw())
