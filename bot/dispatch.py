"""Takes events from the adapters: what is asked goes into the inbox, and only then the platform is told we have it.

Callers that hold the line until the answer is there (API, console, terminal) are answered at once by `run`.
"""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Final, assert_never

from bot.answers import Reply
from bot.assistant import Assistant
from bot.errors import Broken, HausgeistError, OverQuota, Refused, TooSlow, Undelivered
from bot.events import Again, Command, Deleted, Edited, Event, Feedback, Receipt, Turn
from bot.inbox import Change, Inbox
from bot.language import language_of
from bot.memory import Memory
from bot.notices import FORGOTTEN, GONE, NOT_YOURS, NOTHING_REMEMBERED, NOTHING_RUNS, STOPPING, TOO_MANY
from bot.ticket import Superseded, Ticket
from bot.trace import UNFINISHED, Journal, Trace

WAITING_LIMIT: Final = 100
TURN_SECONDS: Final = 300.0

log = logging.getLogger(__name__)


class Dispatcher:
    """The door through which every platform's events come in, and the way from a turn to what its person is told."""

    def __init__(self, assistant: Assistant, memory: Memory, inbox: Inbox, journal: Journal) -> None:
        self._assistant = assistant
        self._memory = memory
        self._inbox = inbox
        self._journal = journal
        self._open: dict[str, Callable[[Turn, Ticket], Reply]] = {}
        self._lines: dict[str, asyncio.Lock] = {}
        self._waiting: Counter[str] = Counter()

    def register(self, platform: str, open_reply: Callable[[Turn, Ticket], Reply]) -> None:
        """Names who replies to turns of `platform`."""
        self._open[platform] = open_reply

    def open(self, turn: Turn, ticket: Ticket) -> Reply | None:
        """The reply to a turn; None where this process cannot give one: of a platform that is not set up here."""
        try:
            return self._open[turn.platform](turn, ticket)
        except Exception as error:  # noqa: BLE001 - an adapter that cannot read the address must not end the worker
            _log_failure("no reply can be opened", error, Trace(turn.platform))
            return None

    async def accept(self, event: Event) -> Receipt:
        """Takes an event, and returns once it cannot be lost any more. Raises StateDown: then it was not taken."""
        match event:
            case Turn():
                return await self._take(event)
            case Edited():
                return await self._change(event)
            case Deleted():
                held = await self._inbox.withdraw(event.conversation, event.message_id)
                await self._memory.erase(event.conversation, event.message_id, running=held)
                return Receipt()
            case Again():
                return await self._ask_again(event)
            case Command() | Feedback():
                if await self._memory.seen(event.event_id):
                    return Receipt(new=False)
                receipt = await (self._obey(event) if isinstance(event, Command) else self._judge(event))
                await self._memory.see(event.event_id)  # not before: what fails half-way comes again
                return receipt
            case _:
                assert_never(event)

    async def run(self, turn: Turn, reply: Reply) -> None:
        """Answers now, after what waits in the same conversation; ends in exactly one `finish` or `fail`."""
        trace = Trace(turn.platform)
        failure: HausgeistError | None = None
        try:
            async with self._in_line(turn.conversation):
                failure = await self.attempt(turn, reply, trace)
        except OverQuota as error:
            failure = error
        except asyncio.CancelledError:
            failure = Broken("I was stopped before I had finished. Please ask again.")
            raise
        finally:
            if failure and trace.outcome == UNFINISHED:
                with contextlib.suppress(Undelivered):  # the log has it
                    await self.tell(failure, reply, trace)
            self._journal.record(trace)

    async def attempt(self, turn: Turn, reply: Reply, trace: Trace) -> HausgeistError | None:
        """Answers a turn; returns what went wrong, in words for the person, if they do not see an answer.

        Raises Superseded.
        """
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await self._assistant.answer(well_formed(turn), reply, trace)
        except (HausgeistError, Superseded) as error:
            failure = error
        except Exception as error:  # noqa: BLE001 - the edge of the event loop: whatever happens, the person is told
            _log_failure("turn failed", error, trace)
            failure = TooSlow() if isinstance(error, TimeoutError) else Broken()
        else:
            return None
        if isinstance(failure, Superseded):
            raise failure
        return failure if trace.outcome == UNFINISHED else None

    async def tell(self, failure: HausgeistError, reply: Reply, trace: Trace) -> None:
        """Says what went wrong, in place of an answer. Raises Undelivered, Superseded."""
        try:
            await reply.fail(failure, trace.id)
            trace.outcome = "declined" if isinstance(failure, Refused) else type(failure).__name__
        except (Undelivered, Superseded):
            raise
        except Exception as error:
            _log_failure("nobody could be told", error, trace)
            raise Undelivered("The message could not be shown.") from error

    async def _take(self, turn: Turn) -> Receipt:
        return _receipt(await self._inbox.accept(well_formed(turn)), turn)

    async def _change(self, change: Edited) -> Receipt:
        turn = well_formed(change.turn)
        outcome = await self._inbox.edit(replace(change, turn=turn))
        if outcome != "answered":
            return _receipt(outcome, turn)
        await self._inbox.keep(change.version, turn)
        return Receipt(offer=change.version)

    async def _ask_again(self, event: Again) -> Receipt:
        turn = await self._inbox.kept(event.kept)
        if turn is None:
            return Receipt(note=GONE["en"])
        if turn.person.id != event.person.id:
            return Receipt(note=NOT_YOURS[language_of(turn.text)])
        key = f"again:{event.kept}"  # one press and another of the same button are one message
        messages = (key, *turn.messages)
        once = replace(turn, event_id=event.event_id, message_id=key, sent_at=time.time(), merged=messages)
        receipt = await self._take(once)
        await self._inbox.drop(event.kept)  # nor will an admin's replay answer it a second time
        return receipt

    async def _obey(self, command: Command) -> Receipt:
        if command.verb == "stop":
            stopped = await self._inbox.stop(command.person.id, command.place)
            return Receipt(note=(STOPPING if stopped else NOTHING_RUNS)[command.language])
        forgotten = await self._memory.reset(command.place, await self._inbox.running(command.place))
        return Receipt(note=(FORGOTTEN if forgotten else NOTHING_REMEMBERED)[command.language])

    async def _judge(self, feedback: Feedback) -> Receipt:
        return Receipt(new=await self._memory.judge(feedback))

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


def _receipt(outcome: Change, turn: Turn) -> Receipt:
    return Receipt(new=outcome != "seen", note=TOO_MANY[language_of(turn.text)] if outcome == "full" else "")


def well_formed(turn: Turn) -> Turn:
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
