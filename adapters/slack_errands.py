"""What is done in the background once Slack knows that we have its event: each with a deadline, so many at a time."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Final

from adapters.slack_refusals import NotTaken
from bot.errors import StateDown

LIMIT: Final = 200  # at once
SECONDS: Final = 60.0

log = logging.getLogger(__name__)


class SlackErrands:
    """Runs what may fail without loss: lines for one person, forms, views."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def run(self, errand: Coroutine[object, object, object], name: str) -> None:
        """Runs it in the background; beyond the limit it is left out."""
        if len(self._running) >= LIMIT:
            errand.close()
            log.warning("an errand was left out", extra={"errand": name})
            return
        task = asyncio.create_task(_seen_to(errand, name), name=name)
        self._running.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Names what nobody expected by its type alone: its text may quote what people wrote."""
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("an errand broke", extra={"errand": task.get_name(), "error": type(error).__name__})

    async def done(self) -> None:
        """Waits for what is under way."""
        if self._running:
            await asyncio.wait(self._running)


async def _seen_to(errand: Coroutine[object, object, object], name: str) -> None:
    try:
        async with asyncio.timeout(SECONDS):
            await errand
    except (NotTaken, StateDown, TimeoutError) as error:
        log.info("an errand failed", extra={"errand": name, "error": type(error).__name__})
