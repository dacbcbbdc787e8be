"""The port of the stories: what a person can do and read on any platform, in words that belong to none.

A platform that lacks a verb cannot be built, and so fails aloud.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from bot import labels
from tests.bot.knowing import Knowing

Platform = Literal["slack", "teams"]
Verdict = Literal["up", "down"]

PLATFORMS: Final[tuple[Platform, ...]] = ("slack", "teams")

# Buttons, as people read them.
AGAIN: Final = labels.AGAIN["en"]
ANEW: Final = labels.ANEW["en"]
PERSON: Final = labels.ASK_PERSON["en"]
REGENERATE: Final = labels.REGENERATE["en"]
SHARE: Final = labels.SHARE["en"]
SOURCE: Final = labels.WRONG_SOURCE["en"]
STOP: Final = labels.STOP["en"]


class Lacking(Exception):
    """A platform has nothing of the kind."""


@dataclass(frozen=True, slots=True)
class Said:
    """A message that a person wrote; `thread` names the conversation it belongs to."""

    place: str
    thread: str
    id: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What we said at once, over however many messages: `ids`, in order.

    `thumbs` says whether it can be judged, as answers can; `calls` is whom it would notify; `labelled` whether the
    platform itself says that a machine wrote it.
    """

    place: str
    ids: tuple[str, ...]
    text: str
    buttons: frozenset[str]
    thumbs: bool = False
    calls: tuple[str, ...] = ()
    labelled: bool = False


class Someone(ABC):
    """A person; `id` is our name for them. Each act ends when we have been told of it."""

    id: str
    name: str

    @abstractmethod
    async def writes(self, text: str) -> Said:
        """Writes to us alone."""

    @abstractmethod
    async def says(self, text: str, under: Said | None = None) -> Said:
        """Writes where everybody reads, to nobody in particular."""

    @abstractmethod
    async def mentions(self, text: str, under: Said | None = None) -> Said:
        """Writes where everybody reads, to us."""

    @abstractmethod
    async def calls(self, other: "Someone", text: str, under: Said) -> Said:
        """Writes where everybody reads, to a colleague."""

    @abstractmethod
    async def follows(self, text: str, said: Said) -> Said:
        """Goes on in the conversation of a message, addressing nobody."""

    @abstractmethod
    async def attaches(self, name: str, content: bytes, text: str, *, openly: bool = False) -> Said:
        """Sends us a file with a question, to us alone or where everybody reads."""

    @abstractmethod
    async def edits(self, said: Said, text: str) -> None:
        """Changes the words of a message of theirs; what it mentioned stays mentioned."""

    @abstractmethod
    async def deletes(self, said: Said) -> None:
        """Deletes a message of theirs."""

    @abstractmethod
    async def judges(self, shown: Shown, verdict: Verdict) -> None:
        """Presses a thumb under an answer."""

    @abstractmethod
    async def explains(self, reason: str, comment: str) -> None:
        """Fills in the form that opened for them, and sends it."""

    @abstractmethod
    async def names(self, document: str, comment: str) -> None:
        """Names the document that is wrong in the form that opened for them, and sends it."""

    @abstractmethod
    async def reacts(self, shown: Shown, verdict: Verdict) -> None:
        """Puts an emoji under an answer."""

    @abstractmethod
    async def unreacts(self, shown: Shown, verdict: Verdict) -> None:
        """Takes their emoji back."""

    @abstractmethod
    async def likes(self, said: Said) -> None:
        """Puts a thumb under somebody's message."""

    @abstractmethod
    async def presses(self, shown: Shown, button: str) -> None:
        """Presses a button under a message of ours."""

    @abstractmethod
    async def stops(self, said: Said) -> None:
        """Presses what stops the answer that is being written to a message."""

    @abstractmethod
    async def commands(self, words: str, said: Said | None = None) -> None:
        """Gives a command in the conversation of a message; without one, in the channel."""

    @abstractmethod
    async def asks_apart(self, question: str) -> None:
        """Asks where everybody reads, for an answer that they alone read."""

    @abstractmethod
    async def asks_about(self, said: Said, question: str) -> None:
        """Asks about somebody's message, by the menu of that message."""

    @abstractmethod
    async def finds(self, words: str) -> Sequence[str]:
        """Looks for documents while writing a message of their own; what is offered."""

    @abstractmethod
    async def opens(self) -> Sequence[str]:
        """Opens their conversation with us; the questions that are suggested."""

    @abstractmethod
    async def told(self) -> Sequence[str]:
        """The lines beside answers that were said to them: what became of what they did."""

    @abstractmethod
    async def apart(self) -> Sequence[Shown]:
        """The answers that they got apart, once all is done."""


class Surface(ABC):
    """A company on a platform; all parts are real but the language model."""

    platform: Platform
    model: Knowing
    anna: Someone  # may administer
    beat: Someone  # takes what is handed to a person
    guest: Someone
    robot: Someone  # somebody else's

    @abstractmethod
    async def idle(self) -> None:
        """Waits until everything is delivered, and nothing waits or runs."""

    @abstractmethod
    async def reads(self, someone: Someone, said: Said) -> Sequence[Shown]:
        """What a person can read of ours after a message, in its conversation, now."""

    @abstractmethod
    async def all_said(self) -> Sequence[Shown]:
        """Everything of ours that somebody can read where everybody reads, now."""

    @abstractmethod
    async def handed(self) -> Sequence[str]:
        """What was handed to a person."""

    @abstractmethod
    async def verdicts(self) -> dict[str, str]:
        """What is kept of what people think, and why, by their names."""

    @abstractmethod
    def hears_mentions_only(self) -> None:
        """From now on we are told only of what is said to us: nobody allowed more."""

    @abstractmethod
    def redelivers(self, times: int) -> None:
        """From now on everything is delivered so often, to each replica in turn."""

    @abstractmethod
    async def dies(self) -> None:
        """The replica that answers somebody is gone from one moment to the next."""

    @abstractmethod
    def is_away(self, calls: int) -> None:
        """From now on so many of our calls are not taken, then all are."""

    async def answers(self, said: Said) -> list[Shown]:
        """The answers in the conversation of a message after it, once all is done, as the people there read them."""
        await self.idle()
        return [shown for shown in await self.reads(self.anna, said) if shown.thumbs]

    async def answer(self, said: Said) -> Shown:
        """The one answer that must stand there, and nothing else of ours."""
        await self.idle()
        found = await self.reads(self.anna, said)
        assert [shown.thumbs for shown in found] == [True], [shown.text for shown in found]
        return found[0]

    async def until_told(self, someone: Someone, words: str) -> str:
        """Waits until a person was told a line with these words; the test's own limit ends it."""
        while True:
            for line in await someone.told():
                if words in line:
                    return line
            await asyncio.sleep(0.02)

    async def until_read(self, someone: Someone, said: Said, words: str) -> Shown:
        """Waits until a person can read a message of ours with these words, or such a button, after a message."""
        while True:
            for shown in await self.reads(someone, said):
                if words in shown.text or words in shown.buttons:
                    return shown
            await asyncio.sleep(0.02)


Story = Callable[[Surface], Coroutine[Any, Any, None]]
