"""The demo: a sample company asks its questions through Slack and Teams payloads, and we look at what people saw."""

import asyncio
import logging
import secrets
import time
import tomllib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp
import orjson
from pydantic import SecretStr
from redis.asyncio import Redis
from rich.console import Console

from bot.events import Person
from bot.labels import SOURCES
from bot.language import REFUSAL
from ops.build import make_private
from ops.demo_platforms import BOT_TOKEN, TEAM, TENANT, Asking, Workplace
from ops.doors import Demo
from ops.models import pull, resolve
from ops.progress import Steps
from ops.serve import Server, running
from ops.settings import Settings
from rag.sources import Source

SAMPLE: Final = Path(__file__).parent / "sample"
ENOUGH: Final = 16
EXAMPLES: Final = 4
EVERYONE: Final = frozenset({"hr", "board"})

console = Console(highlight=False)


@dataclass(frozen=True, slots=True)
class Question:
    """A sample question, and how to tell that it was handled rightly."""

    id: str
    text: str
    person: str
    sources: tuple[str, ...]
    expect: tuple[str, ...] = ()
    refuse: bool = False
    after: str = ""
    personal: tuple[str, ...] = ()


@dataclass(slots=True)
class Score:
    """How the questions went, counted from what people saw."""

    right: int = 0
    forbidden: int = 0
    facts: int = 0
    facts_due: int = 0
    asked: int = 0


async def run_demo(settings: Settings, *, once: bool) -> bool:
    """Starts everything, asks the questions, prints answers and score; serves on unless `once`. True if good enough."""
    people, questions = _people(), _questions()
    async with Workplace(secrets.token_hex(16)) as workplace:
        settings = _for_demo(settings, workplace, people, once)
        _fetch_model(settings)
        demo = Demo(people, [question.text for question in questions if not question.after][:EXAMPLES])
        log_file = _log_to(settings.data_dir)
        async with running(settings, demo=demo) as server, _serving(server) as serving:
            await _index(server)
            console.print(
                f"{len(questions)} questions follow, some seconds each; the console is open meanwhile at {server.url}\n"
            )
            score = await _ask_all(server, workplace, people, questions)
            await asyncio.sleep(1.5)  # Valkey writes its file once a second
            leaked = await _leaks(server, [value for question in questions for value in question.personal])
            logging.getLogger().removeHandler(log_file)
            _conclude(score, leaked)
            if not once:
                console.print(f"The console is open at {server.url} (Ctrl-C ends it)")
                await serving
    return not once or (score.right >= ENOUGH and not score.forbidden and not leaked)


def _for_demo(settings: Settings, workplace: Workplace, people: Sequence[Person], once: bool) -> Settings:
    """Settings that reach nothing but the stand-ins, whatever is set for the real platforms."""
    groups = {group for person in people for group in person.groups}
    bound = "bind" in settings.model_fields_set
    changes = {
        "data_dir": settings.data_dir / "demo",
        "bind": "127.0.0.1:0" if once and not bound else settings.bind,
        "groups": {g: frozenset(i for p in people if g in p.groups for i in _ids(p)) for g in groups},
        "slack_bot_token": SecretStr(BOT_TOKEN),
        "slack_signing_secret": SecretStr(workplace.signing_secret),
        "slack_app_token": SecretStr(""),
        "slack_api_url": f"{workplace.url}/api/",
        "microsoft_app_id": "",
        "teams_insecure": True,
        "teams_service_urls": (f"{workplace.url}/teams",),
    }
    return settings.model_copy(update=changes)


def _fetch_model(settings: Settings) -> None:
    models = settings.cache_dir / "models"
    if not settings.model_url and settings.model_name != "none" and resolve(settings.model_name, models) is None:
        pull(settings.model_name, models)


def _log_to(folder: Path) -> logging.Handler:
    """Keeps the log beside the data, so that it can be searched for what must not be in it."""
    make_private(folder.parent)
    make_private(folder)
    handler = logging.FileHandler(folder / "demo.log", mode="w")
    handler.setFormatter(_Everything())
    logging.getLogger().addHandler(handler)
    return handler


class _Everything(logging.Formatter):
    """Writes a record with all its fields."""

    def format(self, record: logging.LogRecord) -> str:
        return f"{record.name} {record.getMessage()} {record.__dict__}"


@asynccontextmanager
async def _serving(server: Server) -> AsyncIterator["asyncio.Task[None]"]:
    task = asyncio.create_task(server.serve())
    try:
        yield task
    finally:
        server.stop()
        await task


async def _index(server: Server) -> None:
    """Indexes the sample handbook, and forgets that of a clone that stood elsewhere."""
    for known in server.parts.library.sources():
        if known.source.root != str(SAMPLE / "handbook"):
            server.parts.library.forget(known.source.address)
    with Steps("Indexing the sample handbook") as step:
        report = await asyncio.to_thread(server.parts.library.sync, Source(SAMPLE / "handbook"), step)
    stats = await asyncio.to_thread(server.parts.library.stats)
    console.print(f"{stats.documents} documents, {stats.passages} passages; {len(report.failed)} could not be read\n")


async def _ask_all(
    server: Server, workplace: Workplace, people: Sequence[Person], questions: Sequence[Question]
) -> Score:
    """Asks one after the other, in Slack and Teams by turns; a follow-up where its first question was asked."""
    known = {person.id: person for person in people}
    places: dict[str, str] = {}
    score = Score()
    async with aiohttp.ClientSession() as session:
        asking = Asking(session, f"http://127.0.0.1:{server.port}", workplace)
        for number, question in enumerate(questions):
            begun = time.monotonic()
            place = places.get(question.after, "")
            in_slack = place.startswith("D0") if place else number % 2 == 0
            if in_slack:
                place = await asking.in_slack(_slack_id(question.person), question.text, place.partition(":")[2])
            else:
                conversation = place or f"a:{secrets.token_hex(8)}"
                place = await asking.in_teams(_aad_id(question.person), question.text, conversation)
            places[question.id] = place
            seen = await workplace.answer(place)
            _judge(server, known[question.person], question, seen, score)
            _print(question, "Slack" if in_slack else "Teams", seen, time.monotonic() - begun)
    return score


def _judge(server: Server, person: Person, question: Question, seen: str, score: Score) -> None:
    """Counts an answer by what stands in it: the right document's title among the sources, or a refusal."""
    refused = any(text in seen for text in REFUSAL.values())
    headings = [f"*{heading}*" for heading in SOURCES.values() if f"*{heading}*" in seen]
    shown = seen.rpartition(headings[0])[2] if headings else ""
    right = refused if question.refuse else any(_title(server, doc) in shown for doc in question.sources)
    score.asked += 1
    score.right += right
    score.facts_due += not question.refuse
    score.facts += not question.refuse and any(fact.lower() in seen.lower() for fact in question.expect)
    score.forbidden += any(title in seen for title in _forbidden_titles(server, person))
    console.print("[green]✓[/]" if right else "[red]✗[/]", end=" ")


def _title(server: Server, doc_id: str) -> str:
    document = server.parts.library.document(doc_id, EVERYONE)
    return document.title if document else "(not indexed)"


def _forbidden_titles(server: Server, person: Person) -> list[str]:
    library = server.parts.library
    folder = SAMPLE / "handbook"
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    return [
        _title(server, name)
        for name in names
        if library.document(name, EVERYONE) != library.document(name, person.groups)
    ]


def _print(question: Question, platform: str, seen: str, seconds: float) -> None:
    console.print(f"{question.id} {platform}, {question.person}, {seconds:.0f} s", style="dim")
    console.print(f"  {question.text}", style="bold", markup=False, soft_wrap=True)
    console.print("\n".join(f"  {line}" for line in seen.splitlines() if line.strip()), markup=False, soft_wrap=True)
    console.print()


async def _leaks(server: Server, personal: Sequence[str]) -> list[str]:
    """The planted personal values that stand in clear in Redis, its append-only file, or the log."""
    held = [await _dump(server.parts.redis)]
    held += [path.read_bytes() for path in server.parts.settings.data_dir.rglob("*") if path.is_file()]
    return [value for value in personal if any(value.encode() in data for data in held)]


async def _dump(redis: Redis) -> bytes:
    found: list[Any] = []
    async for key in redis.scan_iter():
        found.append(key)
        match await redis.type(key):
            case b"zset":
                found += await redis.zrange(key, 0, -1)
            case b"hash":
                found += [part for pair in (await redis.hgetall(key)).items() for part in pair]
            case b"string":
                found.append(await redis.get(key))
    return b"\n".join(found)


def _conclude(score: Score, leaked: Sequence[str]) -> None:
    console.print(f"The expected fact itself stands in {score.facts} of {score.facts_due} answers.", style="dim")
    console.print(f"demo: {score.right}/{score.asked} right, {score.forbidden} forbidden, {len(leaked)} leaked")


def _people() -> list[Person]:
    entries = tomllib.loads((SAMPLE / "people.toml").read_text())["people"]
    return [Person(entry["id"], entry["name"], frozenset(entry["groups"])) for entry in entries]


def _questions() -> list[Question]:
    lines = (SAMPLE / "questions.jsonl").read_bytes().splitlines()
    return [_question(orjson.loads(line)) for line in lines if line.strip()]


def _question(record: dict[str, Any]) -> Question:
    return Question(
        id=record["_id"],
        text=record["text"],
        person=record["person"],
        sources=tuple(record["sources"]),
        expect=tuple(record["expect"]),
        refuse=record["refuse"],
        after=record.get("after", ""),
        personal=tuple(record["personal"]),
    )


def _ids(person: Person) -> tuple[str, str]:
    return f"slack:{TEAM}:{_slack_id(person.id)}", f"teams:{TENANT}:{_aad_id(person.id)}"


def _slack_id(person: str) -> str:
    return f"U0{person.upper()}"


def _aad_id(person: str) -> str:
    return f"aad-{person}"
