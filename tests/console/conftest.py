"""A real Chromium for the console's tests: one browser a module, a fresh profile a test, no error left unseen."""

import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Error, Page, async_playwright

from tests.console.stage import Script, console, served

_ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass
class Stage:
    """A script, the console in front of it, and ways to open it in a browser."""

    script: Script
    browser: Browser
    exits: AsyncExitStack
    errors: list[str]

    async def page(self, *, at: str = "/console", server: dict[str, Any] | None = None, **profile: Any) -> Page:
        """A page of a fresh browser profile on a fresh server, once it is ready."""
        base = await self.exits.enter_async_context(served(console(self.script, **(server or {}))))
        context = await self.exits.enter_async_context(await self.browser.new_context(base_url=base, **profile))
        context.set_default_timeout(8000)
        page = await context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", self._failed)
        await page.goto(at)
        return page

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(message.text)

    def _failed(self, error: Error) -> None:
        self.errors.append(str(error))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.fail("The browser tests need Chromium: apt-get install --no-install-recommends chromium")
    async with (
        async_playwright() as playwright,
        await playwright.chromium.launch(executable_path=path, args=_ARGS) as launched,
    ):
        yield launched


@pytest_asyncio.fixture(loop_scope="module")
async def stage(browser: Browser) -> AsyncIterator[Stage]:
    """A stage that must end without a single error or warning in the browser's console."""
    async with AsyncExitStack() as exits:
        stage = Stage(Script(), browser, exits, [])
        yield stage
        stage.script.may_write.set()
        stage.script.may_finish.set()
    assert stage.errors == []
