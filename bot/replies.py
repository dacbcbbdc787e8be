"""A reply as a stream: for callers that hold the line until the answer is there (API, console, terminal)."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from bot.answers import Answer
from bot.errors import HausgeistError


@dataclass(frozen=True, slots=True)
class Status:
    """What we are doing."""

    text: str


@dataclass(frozen=True, slots=True)
class Piece:
    """The next piece of the answer's Markdown."""

    text: str


@dataclass(frozen=True, slots=True)
class Failure:
    """What the person is told in place of an answer."""

    error: HausgeistError
    trace_id: str


ReplyEvent = Status | Piece | Answer | Failure


class ReplyStream:
    """A `Reply` to iterate over, up to an `Answer` or a `Failure`; feedback names its answers by trace id."""

    def __init__(self) -> None:
        self._events: asyncio.Queue[ReplyEvent] = asyncio.Queue()

    async def waiting(self, text: str) -> None:
        """Never called: who holds the line is answered at once."""

    async def status(self, text: str) -> None:
        self._events.put_nowait(Status(text))

    async def write(self, piece: str) -> None:
        self._events.put_nowait(Piece(piece))

    async def finish(self, answer: Answer) -> str:
        self._events.put_nowait(answer)
        return answer.trace_id

    async def fail(self, error: HausgeistError, trace_id: str) -> None:
        self._events.put_nowait(Failure(error, trace_id))

    async def __aiter__(self) -> AsyncIterator[ReplyEvent]:
        while True:
            event = await self._events.get()
            yield event
            if isinstance(event, Answer | Failure):
                return
