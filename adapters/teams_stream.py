"""An answer as Teams streams it in a personal chat: what we are doing, then the words as they come, then all of it.

A stream is a message that shows what was said last, and each text goes on where the one before ended. Teams ends it
after two minutes.
"""

import contextlib
import time
from typing import Final

from adapters.teams_calls import Fate, NotTaken
from adapters.teams_markdown import grown, plain
from adapters.teams_message import Post, draft
from adapters.teams_sdk import StreamKind
from adapters.teams_thread import NEVER, TeamsThread
from bot.errors import StateDown
from bot.ticket import Superseded

SECONDS: Final = 110.0  # of the two minutes
STATUS: Final = 1_000  # bytes of a line that says what we are doing
_UNTOUCHED: Final = ("412", "429", "our own pace")  # how refusals begin after which surely nothing was done
_EPOCH: Final = 1_767_225_600  # 2026: who takes a stream over counts its calls from the seconds since


class TeamsStream:
    """The first message of an answer, growing natively: begun here, or by whoever had the turn before us."""

    def __init__(self, thread: TeamsThread, seconds: float = SECONDS) -> None:
        self._thread = thread
        self._seconds = seconds
        self._until = 0.0
        self.message = ""
        self.over = False  # Teams takes nothing more for it
        self.ended: Post | None = None  # as what we ended it,
        self.closed = False  # and recorded that it grows no more
        self._taken_over = False
        self._known = self.unknown = False  # whether Teams showed that it knows streams, or that it does not
        self._unsure = False  # whether it ended though nobody said so
        self._put_off = self._calls = 0
        self._said = ""
        self._line = ""

    @property
    def open(self) -> bool:
        """Whether the message grows."""
        return bool(self.message) and not self.over

    @property
    def left(self) -> float:
        """Seconds until it has to end; 0 where it is not ours to show anything in."""
        return max(0.0, self._until - time.monotonic()) if self.open and not self._taken_over else 0.0

    @property
    def spent(self) -> bool:
        """Whether it is ours and has to end now."""
        return self.open and not self._taken_over and not self.left

    @property
    def begun(self) -> Post:
        """What was streamed, as a message that can be edited."""
        return draft(self._said) if self._said else Post(self._line or "…")

    def take_over(self) -> None:
        """Finds the stream that somebody before us began for this turn."""
        if not self.message and (message := self._thread.growing):
            self.message, self._taken_over, self._calls = message, True, int(time.time()) - _EPOCH

    async def show(self, line: str, text: str) -> None:
        """Shows the words so far, else what we are doing. Raises NotTaken, Superseded, StateDown, TimeoutError."""
        said = grown(text)
        if said or self._said:
            if said != self._said and said.startswith(self._said):
                await self._grow(said)
        elif (line := _clipped(line)) != self._line:
            await self._tell(line)

    def goes_on(self, whole: str) -> bool:
        """Whether the whole text begins with what was streamed, as far as we know."""
        return whole.startswith(self._said)

    async def become(self, ended: Post, edited: Post) -> str:
        """Ends as the one; where that cannot be, or may have been, is edited into the other. Returns the message's id.

        Where it can neither end nor be edited, another message is posted. Raises NotTaken, Superseded, StateDown,
        TimeoutError: then it is to be tried again.
        """
        if self.open and not self._unsure:
            try:
                return await self._end(ended)
            except TimeoutError:
                self._unsure = True
                raise
            except NotTaken as refusal:
                self.over = self.over or refusal.fate in NEVER
                self._put_off += refusal.fate is Fate.LATER
                self._unsure = self._put_off > 1 or not str(refusal).startswith(_UNTOUCHED)
                if not self.over:
                    raise
        return await self._edit(edited)

    async def close(self) -> None:
        """Makes a message of what was streamed. Raises NotTaken, Superseded, StateDown, TimeoutError."""
        try:
            message = await self._end(self.begun)
        except NotTaken as refusal:
            self.over = self.over or refusal.fate in NEVER
            raise
        await self._thread.record(message)
        self.closed = True

    async def _end(self, post: Post) -> str:
        if not self._known:
            await self._prove(post.text)
        async with self._thread.ticket.leave():
            message = await self._thread.bot.end_stream(self._thread.address, self.message, post)
        self.over, self.ended = True, post
        if message != self.message:
            self.message = message
            with contextlib.suppress(StateDown, Superseded):  # it stands, whatever becomes of the record
                await self._thread.ticket.record(message)
        return message

    async def _edit(self, post: Post) -> str:
        """Edits what the stream has become."""
        try:
            return await self._thread.edit(self.message, post)
        except NotTaken as refusal:
            if refusal.fate not in NEVER:
                raise
            if self.open:
                self._unsure = False  # it was not ended, then
                raise NotTaken(str(refusal)) from None
            grows = refusal.fate is not Fate.GONE  # as it may after an update that Teams refused
        await self._thread.give_up(0, self.begun if grows else None)
        return await self._thread.put(0, post)

    async def _grow(self, said: str) -> None:
        self._said = said  # it may be shown even if no answer comes
        await self._call(said, "streaming")

    async def _tell(self, line: str) -> None:
        await self._call(line, "informative")
        self._line = line

    async def _prove(self, whole: str) -> None:
        """Has Teams show that it knows streams: elsewhere each call of one would be a message of its own."""
        said = self._said or ("" if self._taken_over else grown(whole))
        try:
            await (self._grow(said) if said else self._tell(self._line or "…"))
        except NotTaken as refusal:
            if self.unknown or refusal.fate not in (Fate.REFUSED, Fate.GONE):
                raise
            self.over = False  # it was the update that was refused

    async def _call(self, text: str, kind: StreamKind) -> None:
        """Has the stream show it. Raises NotTaken, which ends the stream unless it may be taken later."""
        thread, begun = self._thread, self.message
        self._calls = self._calls + 1 if begun else 1
        try:
            async with thread.ticket.leave():
                message = await thread.bot.stream(thread.address, text, kind, self._calls, begun, within=0)
        except NotTaken as refusal:
            self.over = bool(begun) and refusal.fate is not Fate.LATER
            raise
        if not begun:
            await thread.record(message, grows=True)
            self.message, self._until = message, time.monotonic() + self._seconds
        elif message != begun:
            self.over = self.unknown = True
            raise NotTaken("no stream but messages", Fate.REFUSED)
        else:
            self._known = True


def _clipped(line: str) -> str:
    """A line that says what we are doing, as short as Teams wants it."""
    shown = plain(line)
    while len(shown) > STATUS // 4 and len(shown.encode("utf-16-le")) > STATUS:
        shown = shown[: len(shown) * 3 // 4]
    return shown or "…"
