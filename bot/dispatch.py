"""Takes events from the adapters: what is asked goes into the inbox, and only then the platform is told we have it.

Callers that hold the line until the answer is there (API, console, terminal) are answered at once by `run`.
"""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, assert_never

from bot.answers import Answer, Reply, Source
from bot.asides import Asides, sound
from bot.assistant import Assistant
from bot.discreet import Discreet
from bot.errands import Errands
from bot.errors import (
    Broken,
    HausgeistError,
    NotAllowed,
    OverQuota,
    Refused,
    StateDown,
    TooSlow,
    Undelivered,
)
from bot.events import Again, AskPerson, Case, Command, Deleted, Edited, Event, Feedback, Receipt, Share, Turn
from bot.files import Fetch, read
from bot.inbox import Change, Inbox
from bot.language import language_of
from bot.lease import Askable
from bot.memory import Memory
from bot.notices import TOO_MANY
from bot.people import Roster
from bot.ticket import Superseded, Ticket
from bot.trace import UNFINISHED, Journal, Trace
from rag.passages import Passage

WAITING_LIMIT: Final = 100
TURN_SECONDS: Final = 300.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Platform:
    """What an adapter gives: the way to reply, and what only it can find out about a turn."""

    open_reply: Callable[[Turn, Ticket], Reply]
    admit: Callable[[Turn], Awaitable[None]] | None = None
    fetch: Fetch | None = None


class Dispatcher:
    """The door through which every platform's events come in, and the way from a turn to what its person is told."""

    def __init__(
        self, assistant: Assistant, memory: Memory, inbox: Inbox, journal: Journal, errands: Errands | None = None
    ) -> None:
        self._assistant = assistant
        self._memory = memory
        self._inbox = inbox
        self._journal = journal
        self._asides = Asides(assistant, memory, inbox)
        self._errands = errands
        self._platforms: dict[str, Platform] = {}
        self._lines: dict[str, asyncio.Lock] = {}
        self._waiting: Counter[str] = Counter()

    def register(
        self,
        platform: str,
        open_reply: Callable[[Turn, Ticket], Reply],
        admit: Callable[[Turn], Awaitable[None]] | None = None,
        fetch: Fetch | None = None,
        roster: Roster | None = None,
    ) -> None:
        """Names who replies to turns of `platform`, says who may ask there (or raises NotAllowed), and gets files.

        `roster` tells which groups its people are in, and who reads along.
        """
        self._platforms[platform] = Platform(open_reply, admit, fetch)
        if roster:
            self._assistant.directory.consult(platform, roster)

    def open(self, turn: Turn, ticket: Ticket) -> Reply | None:
        """The reply to a turn; None where this process cannot give one: of a platform that is not set up here."""
        try:
            reply = Askable(self._platforms[turn.platform].open_reply(turn, ticket), self._inbox, turn)
        except Exception as error:  # noqa: BLE001 - an adapter that cannot read the address must not end the worker
            _log_failure("no reply can be opened", error, Trace(turn.platform))
            return None
        return Discreet(reply) if turn.discreet else reply

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
            case Again() | Share():
                return await self._take_wish(event)
            case AskPerson() | Command() | Feedback():
                return await self._follow(event)
            case _:
                assert_never(event)

    async def own(self, conversation: str) -> None:
        """Has a conversation go on without addressing us. Raises StateDown."""
        await self._inbox.own(conversation)

    async def case(self, message_id: str) -> Case | None:
        """What an answer that a message shows says; None if it is none of ours. Raises StateDown."""
        return await self._memory.case(message_id)

    async def latest(self, conversation: str) -> str:
        """The message that shows the last answer of a conversation; empty if there is none. Raises StateDown."""
        return await self._memory.latest(conversation)

    async def first(self, identifier: str) -> bool:
        """Whether something comes for the first time that nobody follows: a call for help. Raises StateDown."""
        seen = await self._memory.seen(identifier)
        if not seen:
            await self._memory.see(identifier)
        return not seen

    async def look_up(self, text: str, most: int = 8) -> Sequence[Source]:
        """The documents that fit a text best, among those that everybody may read. Raises IndexDown."""
        return await self._assistant.look_up(sound(text), most)

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
                await self._answer(well_formed(turn), reply, trace)
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

    async def _answer(self, turn: Turn, reply: Reply, trace: Trace) -> None:
        """Answers a turn, once its platform has said who asks and has given us the files."""
        platform = self._platforms.get(turn.platform)
        if not await self._admitted(turn, trace):
            trace.outcome = "kept silent"
            return
        if turn.shares:
            trace.outcome = await self._asides.show_shared(turn, reply)
            return
        if turn.errand and self._errands:
            told = await self._errands.run(turn, platform.fetch if platform else None)
            await reply.finish(Answer(told, "", refused=True, language=language_of(turn.text)))
            trace.outcome = "errand done"
            return
        passages: tuple[Passage, ...] = ()
        if turn.files and platform and platform.fetch:
            with trace.step("files"):
                passages, notices = await read(turn, platform.fetch)
            turn = replace(turn, notices=(*turn.notices, *notices))
        await self._assistant.answer(turn, reply, trace, passages)
        if turn.call == "overheard" and trace.outcome in ("answered", "answered before"):
            await self._inbox.own(turn.conversation)

    async def _admitted(self, turn: Turn, trace: Trace) -> bool:
        """Whether the platform lets the person in; False for who asked nobody. Raises NotAllowed for who asked us."""
        platform = self._platforms.get(turn.platform)
        if platform is None or platform.admit is None:
            return True
        try:
            with trace.step("admit"):
                await platform.admit(turn)
        except NotAllowed:
            if turn.opens:
                await self._inbox.disown(turn.conversation)
            if turn.call != "overheard":
                raise
            return False
        return True

    async def _follow(self, event: AskPerson | Command | Feedback) -> Receipt:
        others = isinstance(event, Command) and event.call == "follows" and not await self._inbox.ours(event.place)
        if others or await self._memory.seen(event.event_id):
            return Receipt(new=False)
        receipt = await self._asides.follow(event)
        await self._memory.see(event.event_id)  # not before: what fails half-way comes again
        return receipt

    async def _take_wish(self, wish: Again | Share) -> Receipt:
        asides = self._asides
        try:
            found = await (asides.ask_again(wish) if isinstance(wish, Again) else asides.share(wish))
        except StateDown:
            raise
        except HausgeistError as error:
            return Receipt(note=str(error))
        if isinstance(found, Receipt):
            return found
        receipt = await self._take(found)
        if isinstance(wish, Again):
            await self._inbox.drop(wish.kept)  # nor will an admin's replay answer it a second time
        return receipt

    async def _take(self, turn: Turn) -> Receipt:
        begun = await self._errands.begin(turn) if self._errands else None
        if isinstance(begun, Receipt):
            return begun
        wanted = begun or await self._wanted(turn)
        return _receipt(await self._inbox.accept(well_formed(wanted)), wanted) if wanted else Receipt(new=False)

    async def _wanted(self, turn: Turn) -> Turn | None:
        """The turn, unless it was not put to us and is none of our business."""
        match turn.call:
            case "addressed":
                return turn
            case "follows":
                return turn if await self._inbox.ours(turn.conversation) else None
        mode = (await self._assistant.directory.place_of(turn)).mode
        return None if mode == "mentions" else replace(turn, discreet=mode == "sure")

    async def _change(self, change: Edited) -> Receipt:
        turn = await self._wanted(well_formed(change.turn))
        if turn is None:
            return Receipt(new=False)
        outcome = await self._inbox.edit(replace(change, turn=turn))
        if outcome != "answered":
            return _receipt(outcome, turn)
        if turn.call == "overheard":
            return Receipt()
        await self._inbox.keep(change.version, turn)
        return Receipt(offer=change.version)

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
    told = outcome == "full" and turn.call != "overheard"
    return Receipt(new=outcome != "seen", note=TOO_MANY[language_of(turn.text)] if told else "")


def well_formed(turn: Turn) -> Turn:
    """The turn without lone surrogates, which JSON may carry and nothing can store."""
    history = turn.history and tuple(replace(line, text=sound(line.text)) for line in turn.history)
    return replace(turn, text=sound(turn.text), history=history)


def _log_failure(what: str, error: Exception, trace: Trace) -> None:
    """Names type and place alone: an exception's text may quote the question."""
    log.error(what, extra={"trace_id": trace.id, "error": type(error).__name__, "at": _place(error)})


def _place(error: BaseException) -> str:
    """File and line where the error was raised."""
    traceback = error.__traceback__
    while traceback and traceback.tb_next:
        traceback = traceback.tb_next
    return f"{traceback.tb_frame.f_code.co_filename}:{traceback.tb_lineno}" if traceback else ""
