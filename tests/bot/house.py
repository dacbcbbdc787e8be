"""An assistant of real parts, with a scripted model, and a reply that keeps what the person saw."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from redis.asyncio import Redis

from bot.admission import Admission
from bot.answers import Answer
from bot.assistant import Assistant
from bot.dispatch import Dispatcher
from bot.erasure import Eraser
from bot.errands import Errands
from bot.errors import HausgeistError
from bot.events import Person, Turn
from bot.inbox import LEASE_SECONDS, Inbox
from bot.memory import Memory
from bot.model import Model
from bot.people import Directory
from bot.seal import Seal
from bot.trace import Trace
from bot.veil import Bounds, Veil
from bot.worker import Worker
from guardrails.pii import Guard
from rag.deletion import Deletion
from rag.library import Library
from rag.retriever import Retriever
from rag.uploads import Uploads

KEY = bytes(range(32))


@dataclass
class Seen:
    """A reply that keeps everything."""

    name: str = "answer-1"
    waits: list[str] = field(default_factory=list)
    statuses: list[str] = field(default_factory=list)
    written: str = ""
    answers: list[Answer] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)

    async def waiting(self, text: str) -> None:
        self.waits.append(text)

    async def status(self, text: str) -> None:
        self.statuses.append(text)

    async def write(self, piece: str) -> None:
        self.written += piece

    async def finish(self, answer: Answer) -> str:
        self.answers.append(answer)
        return self.name

    async def fail(self, error: HausgeistError, trace_id: str) -> None:
        self.failures.append((str(error), trace_id))

    @property
    def answer(self) -> Answer:
        """The one answer there must be."""
        assert not self.failures, self.failures
        (answer,) = self.answers
        return answer


class Book:
    """A journal that keeps its traces."""

    def __init__(self) -> None:
        self.traces: list[Trace] = []

    def record(self, trace: Trace) -> None:
        self.traces.append(trace)


@dataclass
class House:
    """All parts together."""

    redis: Redis
    guard: Guard
    library: Library
    model: Model
    directory: Directory = field(default_factory=Directory)
    bounds: Bounds = field(default_factory=Bounds)
    book: Book = field(default_factory=Book)

    def __post_init__(self) -> None:
        seal = Seal(KEY)
        self.memory, self.inbox = Memory(self.redis, seal), Inbox(self.redis, seal)
        retriever, admission = Retriever(self.library), Admission(self.model, 32, 120)
        self.assistant = Assistant(
            self.directory, Veil(self.guard, self.bounds), self.memory, retriever, self.model, admission
        )
        eraser = Eraser(self.redis, self.memory, self.inbox)
        self.errands = Errands(Deletion(self.library), eraser, self.directory, Uploads(self.library))
        self.dispatcher = Dispatcher(self.assistant, self.memory, self.inbox, self.book, self.errands)

    async def ask(self, text: str, **changes: object) -> Seen:
        """Asks and waits for what the person sees."""
        seen = Seen()
        await self.dispatcher.run(turn(text, **changes), seen)
        return seen


@dataclass
class Shift:
    """A worker at work in a house."""

    worker: Worker
    task: asyncio.Task[None]

    @property
    def busy(self) -> bool:
        """Whether it answers somebody."""
        return bool(self.worker._leases)

    async def dies(self) -> None:
        """Ends as a killed process does: nothing is said, given back or recorded any more."""
        leases = list(self.worker._leases)
        tasks = [self.task, *(lease.task for lease in leases if lease.task)]
        for lease in leases:
            lease.close()
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


@asynccontextmanager
async def working(house: House, lease_seconds: float = LEASE_SECONDS) -> AsyncIterator[Shift]:
    """Has a worker answer what comes into the house."""
    worker = Worker(Inbox(house.redis, Seal(KEY), lease_seconds), house.dispatcher, house.book, 4)
    shift = Shift(worker, asyncio.create_task(worker.run()))
    yield shift
    await worker.drain(2)
    shift.task.cancel()
    await asyncio.wait([shift.task])


async def until(true: Callable[[], object]) -> None:
    """Waits for something to become true; the test's own limit ends it."""
    while not true():
        await asyncio.sleep(0.01)


def turn(text: str, **changes: object) -> Turn:
    """A private question of Mara's."""
    fields: dict[str, object] = {
        "event_id": f"e-{hash(text)}",
        "message_id": f"m-{hash(text)}",
        "platform": "test",
        "conversation": "test:1",
        "person": Person("test:mara", "Mara"),
        "text": text,
        "private": True,
        "sent_at": time.time(),
    }
    return Turn(**(fields | changes))  # type: ignore[arg-type]  # the tests name the fields
