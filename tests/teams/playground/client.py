"""The Playground's page in a real Chromium: what a person does there, and what they see."""

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.async_api import Locator, Page, Request, Response, WebSocket, async_playwright, expect

ARGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
HOME: Final = "127.0.0.1"
SECONDS: Final = 20.0  # until something is seen


@dataclass
class Client:
    """One person's window; `names` are the ids of the messages that the conversations show, by their words."""

    page: Page
    names: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    _buttons: dict[str, dict[str, Any]] = field(default_factory=dict)
    abroad: list[str] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._asked)
        self.page.on("response", self._heard)
        self.page.on("websocket", self._connected)

    async def begin(self, url: str) -> None:
        """Opens the page anew, in the personal chat; the window keeps its script, which takes seconds to read."""
        for kept in (self.names, self.errors, self.abroad, self.answered, self._buttons):
            kept.clear()
        await self.page.goto(url, timeout=2 * SECONDS * 1000)
        await self.page.get_by_title("Hide log panel").click()
        await self.open("Personal Chat")

    @property
    def said(self) -> Locator:
        """Our messages in a chat."""
        return self.page.locator(".fai-OutputCard")

    def answer(self, words: str) -> Locator:
        """What we say with these words, in a chat or a channel; not the glimpse of it in the list."""
        return self.page.get_by_role("paragraph").filter(has_text=words)

    def button(self, title: str) -> Locator:
        """Whatever can be pressed under this title."""
        return self.page.get_by_role("button", name=title, exact=True)

    async def open(self, place: str) -> None:
        """Goes to a chat or a channel, by its name in the list."""
        await self.page.get_by_role("treeitem", name=place).click()

    async def say(self, text: str, *, mention: bool = False) -> None:
        """Writes a message in the chat that is open."""
        box = self.page.get_by_role("textbox")
        await self._write(box, text, mention)
        await self.page.keyboard.press("Enter")
        await expect(box).not_to_contain_text(text, timeout=SECONDS * 1000)

    async def post(self, text: str, *, mention: bool = True) -> None:
        """Begins a thread in the channel that is open."""
        await self._write(self.page.get_by_role("textbox").first, text, mention)
        await self.button("Post").click()
        await self.thread(text).wait_for()

    async def reply(self, thread: Locator, text: str, *, mention: bool = False) -> None:
        """Writes a message into a thread."""
        await self._write(thread.get_by_role("textbox"), text, mention)
        await thread.get_by_role("button", name="Send Message").click()
        await thread.get_by_text(text).first.wait_for()

    def thread(self, text: str) -> Locator:
        """The thread that holds these words, in the channel that is open."""
        return self.page.locator(".fui-Card", has=self.page.get_by_label("Show more information"), has_text=text)

    async def shows(self, words: str, *, times: int = 1) -> None:
        """Waits until so many messages of ours hold these words."""
        await self.counts(self.answer(words), times)

    async def counts(self, shown: Locator, times: int) -> None:
        """Waits until so many are there."""
        await expect(shown).to_have_count(times, timeout=SECONDS * 1000)

    async def named(self, words: str) -> str:
        """The id of our message that holds these words, which must stand."""
        await self.answer(words).first.wait_for()
        return next(name for name, text in self.names.items() if words in text)

    def data(self, title: str) -> dict[str, Any]:
        """What the newest button of this title brings back."""
        return self._buttons[title]

    async def _write(self, box: Locator, text: str, mention: bool) -> None:
        await box.click()
        if mention:
            await self.page.keyboard.insert_text("@Haus")
            await self.page.get_by_role("menuitem", name="Hausgeist").click()
            await expect(box).to_have_text("Hausgeist", timeout=SECONDS * 1000)
            text = f" {text}"
        await self.page.keyboard.insert_text(text)
        await expect(box).to_contain_text(text, timeout=SECONDS * 1000)

    def _asked(self, request: Request) -> None:
        if urlsplit(request.url).hostname not in (None, HOME):
            self.abroad.append(request.url)

    def _heard(self, response: Response) -> None:
        if urlsplit(response.url).hostname not in (None, HOME):
            self.answered.append(response.url)

    def _connected(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._told)

    def _told(self, frame: str | bytes) -> None:
        told: dict[str, Any] = json.loads(frame)
        if message := told.get("message"):
            self.names[message["messageId"]] = message.get("text") or json.dumps(message["attachments"])
            for attachment in message["attachments"]:
                pressed = attachment["content"].get("actions", [])
                self._buttons |= {action["title"]: action["data"] for action in pressed}


@asynccontextmanager
async def window(**profile: Any) -> AsyncIterator[Client]:
    """A window of a Chromium that finds no host but this machine."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "The browser tests need Chromium: apt-get install --no-install-recommends chromium"
    usual = {"viewport": {"width": 1600, "height": 1000}, "locale": "en-US", "color_scheme": "light"}
    async with (
        async_playwright() as playwright,
        await playwright.chromium.launch(executable_path=path, args=ARGS) as browser,
        await browser.new_context(**{**usual, **profile}) as context,
    ):
        context.set_default_timeout(SECONDS * 1000)
        yield Client(await context.new_page())
