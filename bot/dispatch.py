"""Takes events from the adapters and sees each one through: once, in order within a conversation, never in silence."""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Final, assert_never

from bot.answers import Reply
from bot.assistant import Assistant
from bot.errors import HausgeistError, OverQuota, Refused, Unavailable
from bot.events import Event, Feedback, Turn
from bot.memory import Memory
from bot.trace import UNFINISHED, Journal, Trace

WAITING_LIMIT: Final = 100
TURN_SECONDS: Final = 300.0
FAREWELL_SECONDS: Final = 10.0

log = logging.getLogger(__name__)


class Dispatcher:
    """The door through which every platform's events come in; what it took it finishes, see `drain`."""

    def __init__(self, assistant: Assistant, memory: Memory, journal: Journal) -> None:
        self._assistant = assistant
        self._memory = memory
        self._journal = journal
        self._open: dict[str, Callable[[Turn], Reply]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._lines: dict[str, asyncio.Lock] = {}
        self._waiting: Counter[str] = Counter()

    def register(self, platform: str, open_reply: Callable[[Turn], Reply]) -> None:
        """Names who replies to turns of `platform`."""
        self._open[platform] = open_reply

    async def accept(self, event: Event) -> bool:
        """Takes an event and returns at once; False if it was seen before. Raises StateDown: then it was not taken."""
        match event:
            case Feedback():
                return await self._memory.first_time(event.event_id) and await self._memory.judge(event)
            case Turn():
                if not await self._memory.first_time(event.event_id, event.message_id):
                    return False
                self._begin(event, self._open[event.platform](event))
                return True
            case _:
                assert_never(event)

    async def run(self, turn: Turn, reply: Reply) -> None:
        """Answers now, after what waits in the same conversation; ends in exactly one `finish` or `fail`."""
        trace = Trace(turn.platform)
        try:
            async with self._in_line(turn.conversation), asyncio.timeout(TURN_SECONDS):
                await self._assistant.answer(_well_formed(turn), reply, trace)
        except asyncio.CancelledError:
            await self._tell(Unavailable("I was stopped before I had finished. Please ask again."), reply, trace)
            raise
        except Exception as error:  # noqa: BLE001 - the edge of the event loop: whatever happens, the person is told
            await self._tell(error, reply, trace)
        finally:
            self._journal.record(trace)

    async def drain(self, seconds: float) -> None:
        """Waits for the answers under way; who is not answered in time is told so."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        self.abandon()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=FAREWELL_SECONDS)

    def abandon(self) -> None:
        """Ends the answers under way; the people are told."""
        for task in self._tasks:
            task.cancel()

    def _begin(self, turn: Turn, reply: Reply) -> None:
        task = asyncio.create_task(self.run(turn, reply), name=f"turn {turn.message_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @contextlib.asynccontextmanager
    async def _in_line(self, conversation: str) -> AsyncIterator[None]:
        if self._waiting.total() >= WAITING_LIMIT:
            raise OverQuota("Too many questions are waiting at the moment. Please ask again in a few minutes.")
        self._waiting[conversation] += 1
        try:
            async with self._lines.setdefault(conversation, asyncio.Lock()):
                yield
        finally:
            self._waiting[conversation] -= 1
            if not self._waiting[conversation]:
                del self._waiting[conversation], self._lines[conversation]

    async def _tell(self, error: Exception, reply: Reply, trace: Trace) -> None:
        """Says what went wrong, in place of an answer; where the answer stands already, in the log alone."""
        if not isinstance(error, HausgeistError):
            _log_failure("turn failed", error, trace)
            slow = isinstance(error, TimeoutError)
            error = Unavailable(
                "That took too long. Please ask again." if slow else "Something went wrong on our side."
            )
        if trace.outcome != UNFINISHED:
            return
        trace.outcome = "declined" if isinstance(error, Refused) else type(error).__name__
        try:
            await reply.fail(error, trace.id)
        except Exception as failure:  # noqa: BLE001 - the last word on this turn is the log's
            _log_failure("nobody could be told", failure, trace)


def _well_formed(turn: Turn) -> Turn:
    """The turn without lone surrogates, which JSON may carry and nothing can store."""
    history = turn.history and tuple(replace(line, text=_sound(line.text)) for line in turn.history)
    return replace(turn, text=_sound(turn.text), history=history)


def _sound(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _log_failure(what: str, error: Exception, trace: Trace) -> None:
    """Names type and place alone: an exception's text may quote the question."""
    log.error(what, extra={"trace_id": trace.id, "error": type(error).__name__, "at": _place(error)})


def _place(error: BaseException) -> str:
    """File and line where the error was raised."""
    traceback = error.__traceback__
    while traceback and traceback.tb_next:
        traceback = traceback.tb_next
    return f"{traceback.tb_frame.f_code.co_filename}:{traceback.tb_lineno}" if traceback else ""
