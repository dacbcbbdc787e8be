"""Pictures of what people see in Teams: `python -m tests.teams.pictures` makes those in docs.

They are taken in Microsoft's Agents Playground, in front of the real app.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.async_api import FloatRect, Locator
from redis.asyncio import Redis

from guardrails.pii import Guard
from rag.embedder import HashEmbedder
from rag.library import Library
from rag.sources import Source
from tests.redis_servers import valkey_server
from tests.teams.playground.client import Client, window
from tests.teams.playground.company import Company, Door, company_of
from tests.teams.playground.process import playground

DOCS: Final = Path(__file__).parents[2] / "docs" / "images"
NAMES: Final = ("teams-personal", "teams-channel", "teams-feedback", "teams-card")
EDGE: Final = 8  # pixels around what is shown

SAMPLE: Final = Path(__file__).parents[2] / "ops" / "sample" / "handbook"
PAPERS: Final = (
    "hr/holidays.md",
    "hr/remote-work.md",
    "it/passwords.md",
    "security/badges.md",
    "travel/booking.md",
)
HOLIDAYS: Final = """In Basel you have **25 days** of holiday a year [1].

To take some:

1. Enter them in the HR portal, at least *three weeks* ahead.
2. For shorter absences three working days are enough.

Your manager answers within five working days; without an answer after that, HR decides [1]."""
TRAINS: Final = "Up to two hours in **second class**, in **first class** for longer journeys [1]."


@contextmanager
def library() -> Iterator[Library]:
    """Five pages of the sample company's handbook."""
    with tempfile.TemporaryDirectory() as folder:
        papers = Path(folder) / "handbook"
        papers.mkdir()
        for name in PAPERS:
            shutil.copy(SAMPLE / name, papers)
        opened = Library.open(Path(folder) / "data", HashEmbedder())
        assert not opened.sync(Source(papers)).failed
        yield opened
        opened.close()


async def photographed(company: Company, client: Client, folder: Path) -> None:
    """Takes all pictures; the documents must be those of `library`."""
    page = client.page
    company.model.draft = HOLIDAYS
    await client.say("How many days of holiday do I have?")
    await client.button("Dislike").first.wait_for()
    await client.button("1").last.hover()
    await page.locator(".fai-PreviewContent", has_text="Holidays").wait_for()
    chat = [page.get_by_label("Message header"), client.said, page.get_by_label("Feedback Button")]
    await _taken(client, folder / "teams-personal.png", *chat)

    await client.button("Dislike").first.click()
    form = page.get_by_role("dialog")
    await form.get_by_role("textbox").fill("In Freiburg it is 30 days.")
    await _taken(client, folder / "teams-feedback.png", form, edge=0)
    await form.get_by_role("button").first.click()

    await client.button("Wrong source").click()
    await page.get_by_role("textbox", name="What would have been right?").fill("The rules of 2027")
    await page.get_by_text("Your response was sent to the app").wait_for()
    await _taken(client, folder / "teams-card.png", page.locator(".ac-preview-panel"), edge=0)

    company.model.draft = TRAINS
    await client.open("General")
    await client.post("Which class may I book on a train?")
    await client.button("Regenerate").wait_for()
    await _taken(client, folder / "teams-channel.png", client.thread("Which class may I book on a train?"))


async def _taken(client: Client, path: Path, *shown: Locator, edge: int = EDGE) -> None:
    """Takes a picture of what is shown, with an edge around it."""
    every = [await box.bounding_box() for group in shown for box in await group.all()]
    boxes = [box for box in every if box]
    left, top = min(box["x"] for box in boxes) - edge, min(box["y"] for box in boxes) - edge
    right = max(box["x"] + box["width"] for box in boxes) + edge
    bottom = max(box["y"] + box["height"] for box in boxes) + edge
    clip: FloatRect = {"x": left, "y": top, "width": right - left, "height": bottom - top}
    await client.page.screenshot(path=path, animations="disabled", clip=clip)


async def _made(folder: Path) -> None:
    guard = Guard()
    guard.load()
    with library() as papers, Door() as door, tempfile.TemporaryDirectory() as scratch:
        async with (
            valkey_server(aof=False) as server,
            playground(door.url, Path(scratch)) as played,
            window(viewport={"width": 1600, "height": 900}, device_scale_factor=1.25) as client,
        ):
            redis = Redis.from_url(server.url)
            async with company_of(redis, (guard, papers), played, door) as company:
                await client.begin(played.url)
                await photographed(company, client, folder)
            await redis.aclose()


if __name__ == "__main__":
    asyncio.run(_made(DOCS))
    print("made " + ", ".join(f"docs/images/{name}.png" for name in NAMES))
