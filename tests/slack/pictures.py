"""Pictures of what people see in Slack, from the real blocks: `python -m tests.slack.pictures` makes those in docs.

The blocks are drawn by the npm package slack-blocks-to-jsx, which is not ours; only the frames around them are.
"""

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, Final

from playwright.async_api import async_playwright
from slack_sdk.models.views import View

from adapters.slack_blocks import SlackMessage, answer_messages, with_buttons
from adapters.slack_views import home, question_form, reasons_form
from bot.answers import Answer, Source
from tests.node.packages import NODE, PACKAGES

DOCS: Final = Path(__file__).parents[2] / "docs" / "images"
ARGS: Final = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")

ANSWER: Final = Answer(
    """You have **25 days** of holiday a year; from the age of 50 it is *30 days* [1]. Public holidays come on top [2].

| Day | Date | Office |
|---|---|:-:|
| **New Year** | 1 January | closed |
| **Labour Day** | 1 May | closed |
| **Fasnacht** | three afternoons | open until noon |

To take some:

1. Agree the dates with your team.
2. Enter them in the time sheet, at least `14` days before [1].
""",
    "4f1c2a9e",
    (
        Source(
            1,
            "hr/holidays.md",
            "Holidays and absences",
            "",
            "https://docs.house.example/h",
            "People team",
            "2026-03-01",
        ),
        Source(2, "hr/calendar.md", "Public holidays", "", "", "Office", "2023-11-20", stale=True),
    ),
    masked=("EMAIL_ADDRESS",),
)
TABLES: Final = Answer(
    """By train or by car, whichever is **cheaper**; these are the rates.

| Class | Trains |
|---|--:|
| First | from 2 hours on |
| Second | otherwise |

And by car:

| Car | A kilometre |
|---|--:|
| Own | CHF 0.70 |
| Rented | as billed |
""",
    "7d0e1b3c",
    notices=("I could not read old-rates.xls: this kind of file is not supported.",),
)
QUESTIONS: Final = ("How many days of holiday do I have?", "Wie melde ich mich krank?", "What if I lose my laptop?")
QUOTED: Final = (
    "From May on, trains are booked first class if the ride takes more than two hours. See the travel rules."
)

STYLE: Final = """
body { margin: 0; padding: 20px; background: #fff; color: #1d1c1d; }
body { font: 15px/1.46 Lato, "Noto Sans", "DejaVu Sans", sans-serif; }
.one { display: flex; gap: 8px; margin-bottom: 14px; }
.one > div:last-child { min-width: 0; flex: 1; }
.face { width: 36px; height: 36px; border-radius: 8px; flex: none; }
.face { color: #fff; font-weight: 700; text-align: center; line-height: 36px; }
.who b { margin-right: 6px; }
.app { font-size: 10px; background: #ddd; border-radius: 2px; padding: 1px 3px; margin-right: 6px; }
.when { color: #616061; font-size: 12px; }
.window { border: 1px solid #ddd; border-radius: 10px; overflow: hidden; }
.window > * { padding: 14px 22px; }
.window .top { border-bottom: 1px solid #ddd; font-size: 18px; font-weight: 800; }
.window .tabs { font-size: 13px; font-weight: 400; margin-top: 8px; color: #616061; }
.tabs b { color: #1d1c1d; border-bottom: 2px solid #611f69; padding-bottom: 4px; margin-right: 16px; }
.window .foot { border-top: 1px solid #ddd; text-align: right; }
.foot span { border: 1px solid #bbb; border-radius: 6px; padding: 6px 14px; margin-left: 8px; font-weight: 700; }
.foot .go { background: #007a5a; border-color: #007a5a; color: #fff; }
.slack_blocks_to_jsx { max-width: 100% !important; }
/* As in Slack: lines of a context stand below each other, the ends of Markdown's lines are no gaps, no hint at keys. */
.slack_blocks_to_jsx__context p { white-space: pre-line; }
.slack_blocks_to_jsx__markdown_block, .slack_blocks_to_jsx__markdown_block * { white-space: normal; }
.slack_blocks_to_jsx__markdown_block pre, .slack_blocks_to_jsx__markdown_block pre * { white-space: pre-wrap; }
.slack_blocks_to_jsx__input div.text-small.flex.gap-1 { display: none !important; }
"""


def pictures() -> dict[str, str]:
    """The pages to be photographed, by the names of their pictures."""
    first, second = answer_messages(TABLES)
    last = with_buttons(second, TABLES, ["1767603605.000200"])
    whole = with_buttons(answer_messages(ANSWER)[-1], ANSWER, [])
    tab = home("U0ANNA", "en", QUESTIONS, bot="U0GEIST")
    asked = question_form("en", "Does that hold for night trains?", QUOTED)
    sources = [(source.doc_id, source.title) for source in ANSWER.sources]
    wrong = reasons_form("en", "", sources, "wrong source")
    said, part, end, tabbed, form, reasons = drawn(
        [*map(_blocks, (whole, first, last)), *(view.to_dict()["blocks"] for view in (tab, asked, wrong))]
    )
    question = _said("Anna Keller", "#1264a3", "How many days of holiday do I have?")
    return {
        "slack-answer": question + _said("Hausgeist", "#611f69", said),
        "slack-parts": _said("Hausgeist", "#611f69", part) + _said("Hausgeist", "#611f69", end),
        "slack-home": _tab(tabbed),
        "slack-form": _form(asked, form),
        "slack-reasons": _form(wrong, reasons),
    }


def drawn(shown: Sequence[Sequence[Mapping[str, Any]]]) -> list[str]:
    """Each list of blocks as HTML."""
    script = Path(__file__).with_suffix(".cjs")
    environment = {"NODE_PATH": str(PACKAGES), "PATH": os.defpath}
    done = subprocess.run(
        [NODE, script], input=json.dumps(shown), capture_output=True, text=True, env=environment, check=True, timeout=60
    )
    return [str(html) for html in json.loads(done.stdout)]


async def photographed(pages: Mapping[str, str], folder: Path) -> None:
    """Makes a picture of each page."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    style = (PACKAGES / "slack-blocks-to-jsx" / "dist" / "style.css").read_text("utf-8") + STYLE
    async with (
        async_playwright() as playwright,
        await playwright.chromium.launch(executable_path=path, args=ARGS) as browser,
    ):
        page = await browser.new_page(viewport={"width": 680, "height": 100}, device_scale_factor=2)
        for name, body in pages.items():
            await page.set_content(f"<!doctype html><meta charset=utf-8><style>{style}</style><body>{body}</body>")
            await page.screenshot(path=folder / f"{name}.png", full_page=True)


def _blocks(message: SlackMessage) -> list[dict[str, Any]]:
    return list(message.blocks)


def _said(name: str, colour: str, html: str) -> str:
    app = '<span class="app">APP</span>' if name == "Hausgeist" else ""
    who = f'<div class="who"><b>{name}</b>{app}<span class="when">10:32</span></div>'
    return f'<div class="one"><div class="face" style="background:{colour}">{name[0]}</div><div>{who}{html}</div></div>'


def _tab(html: str) -> str:
    tabs = '<div class="tabs"><b>Home</b> Messages &emsp; About</div>'
    return f'<div class="window"><div class="top">Hausgeist{tabs}</div><div>{html}</div></div>'


def _form(view: View, html: str) -> str:
    shown = view.to_dict()
    title, close, submit = (escape(shown[name]["text"]) for name in ("title", "close", "submit"))
    foot = f'<div class="foot"><span>{close}</span><span class="go">{submit}</span></div>'
    return f'<div class="window"><div class="top">{title}</div><div>{html}</div>{foot}</div>'


def _names(pages: Iterable[str]) -> str:
    return ", ".join(f"docs/images/{name}.png" for name in pages)


if __name__ == "__main__":
    made = pictures()
    asyncio.run(photographed(made, DOCS))
    print(f"made {_names(made)}")
