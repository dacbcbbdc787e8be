"""A small company for the console's tests: a dispatcher that answers in pieces when told, and a server on loopback."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.console import ConsoleAdapter, Part, State
from bot.answers import Answer, Reply, Source
from bot.dispatch import Dispatcher
from bot.errors import HausgeistError
from bot.events import Event, Feedback, Person, Receipt, Turn

ANNA = Person(id="demo:anna", name="Anna Keller", groups=frozenset({"hr"}))
BEN = Person(id="demo:ben", name="Ben Roth")
PEOPLE = (ANNA, BEN)
EXAMPLES = (
    "How many days of holiday do I have?",
    "Wie melde ich mich krank?",
    "Comment me faire rembourser un billet de train ?",
    "What do I do when my laptop is lost?",
)

HOLIDAYS = """# Holidays and absences

Everybody at Lindenhof gets **25 days** of holiday a year; from the age of 50 it is *30 days*.

## Public holidays

The public holidays of [Basel-Stadt](https://www.bs.ch/) come on top. On the day before Christmas work ends at noon.

| Day | Date | Office |
|---|---|---|
| New Year | 1 January | closed |
| Labour Day | 1 May | closed |
| Fasnacht | three afternoons | open until noon |

## How to ask

1. Agree the dates with your team.
2. Enter them in the time sheet, at least `14` days before.
   - For a single day, two days before are enough.
3. Your lead answers within three days.
"""
SALARIES = "# Salary bands\n\nBand A begins at CHF 70,000."


@dataclass(frozen=True, slots=True)
class Paper:
    """A document as the console reads it."""

    title: str
    text: str
    owner: str = ""
    date: str = ""
    groups: frozenset[str] = frozenset()


@dataclass
class Shelf:
    """The company's documents."""

    papers: Mapping[str, Paper] = field(
        default_factory=lambda: {
            "hr/holidays.md": Paper("Holidays and absences", HOLIDAYS, "People team", "2025-03-01"),
            "hr/salaries.md": Paper("Salary bands", SALARIES, "People team", "2025-01-15", frozenset({"hr"})),
        }
    )

    def document(self, doc_id: str, groups: frozenset[str]) -> Paper | None:
        paper = self.papers.get(doc_id)
        return paper if paper and (not paper.groups or paper.groups & groups) else None


HOLIDAY_ANSWER = Answer(
    text="You have **25 days** of holiday a year [1]; from the age of 50 it is 30.\n\n"
    "- Public holidays of Basel-Stadt come on top [1].\n"
    "- Carry at most five days into the next year [2].\n\n"
    "Enter them in the `time sheet` two weeks before.",
    trace_id="4f2a91c07be3d815",
    sources=(
        Source(
            1,
            "hr/holidays.md",
            "Holidays and absences",
            "Everybody at Lindenhof gets **25 days** of holiday a year; from the age of 50 it is *30 days*.",
            owner="People team",
            date="2025-03-01",
        ),
        Source(
            2,
            "hr/carry-over.md",
            "Carrying days over",
            "At most five days of holiday are carried into the next year; they lapse at the end of April.",
            owner="People team",
            date="2024-11-20",
        ),
    ),
)


class Script(Dispatcher):
    """Answers in small pieces what is written down for a question, and waits where a test tells it to."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.failures: list[HausgeistError] = []
        self.turns: list[Turn] = []
        self.feedback: list[Feedback] = []
        self.ended: list[str] = []
        self.may_write, self.may_finish, self.has_ended = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.may_write.set()
        self.may_finish.set()
        self.state_down: HausgeistError | None = None

    async def run(self, turn: Turn, reply: Reply) -> None:
        self.turns.append(turn)
        await reply.status("Searching the documents")
        await self.may_write.wait()
        if self.failures:
            await reply.fail(self.failures.pop(), "badc0ffee0ddf00d")
        else:
            await self._say(self.answers.get(turn.text, HOLIDAY_ANSWER), reply)
        self.ended.append(turn.text)
        self.has_ended.set()

    async def _say(self, answer: Answer, reply: Reply) -> None:
        pieces = [answer.text[at : at + 6] for at in range(0, len(answer.text), 6)]
        for number, piece in enumerate(pieces):
            if number == len(pieces) // 2:
                await self.may_finish.wait()
            await reply.write(piece)
            await asyncio.sleep(0)
        await reply.finish(answer)

    async def accept(self, event: Event) -> Receipt:
        if self.state_down:
            raise self.state_down
        assert isinstance(event, Feedback)
        self.feedback.append(event)
        return Receipt()


STATE = State(
    version="0.1.0",
    model="qwen2.5-1.5b-instruct-q4_k_m",
    model_kind="embedded",
    parts=(
        Part("Redis", True, "valkey 9.1, append-only file on"),
        Part("Model server", True, "llama.cpp, 4096 tokens of context"),
        Part("Index", True, "words and vectors, generation 7"),
        Part("Guard", True, "Presidio; en, de, fr"),
        Part("Slack", True, "socket connected"),
    ),
    documents=46,
    passages=812,
    last_sync="2025-06-02T08:15:00+00:00",
    uptime=93784,
)


async def healthy() -> State:
    return STATE


async def ailing() -> State:
    parts = (*STATE.parts[:1], Part("Model server", False, "does not answer at 127.0.0.1:8081"), *STATE.parts[2:])
    return replace(STATE, parts=parts)


def console(
    script: Script,
    *,
    demo: bool = True,
    shelf: Shelf | None = None,
    state: Callable[[], Awaitable[State]] = healthy,
    open_to_network: bool = False,
) -> ConsoleAdapter:
    """A console in front of `script`."""
    people = PEOPLE if demo else ()
    return ConsoleAdapter(
        script, shelf or Shelf(), state, demo_people=people, examples=EXAMPLES, open_to_network=open_to_network
    )


@asynccontextmanager
async def served(adapter: ConsoleAdapter, *, client: str = "") -> AsyncIterator[str]:
    """The address of a server with the adapter's routes; with `client`, requests seem to come from there."""
    app: ASGIApp = Starlette(routes=adapter.routes())
    config = uvicorn.Config(_from(app, client) if client else app, log_level="error", lifespan="off")
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await adapter.start()
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        # Without uvicorn's main loop, which takes the process's signals and looks ten times a second whether to end.
        await server.startup(sockets=[listening])
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        await server.shutdown()
    await adapter.stop()


def _from(app: ASGIApp, client: str) -> ASGIApp:
    async def moved(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "client": (client, 4711)}, receive, send)

    return moved
