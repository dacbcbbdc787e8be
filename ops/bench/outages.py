"""Takes one part away for a while, shows what the people who ask see meanwhile, and whether all recovers by itself."""

import asyncio
import resource
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

import click
from redis.asyncio import Redis

from ops.bench.fleet import Fleet
from ops.bench.shown import Kind, Posted
from ops.bench.standins import Workplace
from ops.bench.talks import Talk
from ops.bench.verdict import open_questions

ROLES: Final = ("web", "web", "worker", "worker")
PATIENCE_SECONDS: Final = 150.0  # after the end of an outage
UNLIMITED: Final = resource.RLIM_INFINITY

Scene = Callable[[Fleet], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an outage ended: `seconds` from its end to the first answer to a new question, None if there was none."""

    name: str
    seconds: float | None
    silent: int

    @property
    def recovered(self) -> bool:
        """Whether everybody got a word, and the next question an answer."""
        return self.seconds is not None and not self.silent


async def run_outages(seconds: float = 60.0, folder: Path | None = None) -> list[Outcome]:
    """Plays all outages one after the other, each so many seconds long, and prints what was seen."""
    folder = folder or Path(tempfile.mkdtemp(prefix="hausgeist-outages-"))
    click.echo(f"logs: {folder}")
    numbers = count()
    async with Workplace() as workplace, Fleet(folder, workplace, ROLES) as fleet:
        outcomes = [await _play(name, scene, fleet, numbers, seconds) for name, scene in SCENES.items()]
    good = sum(outcome.recovered for outcome in outcomes)
    click.echo(f"recovered alone: {good} of {len(outcomes)}")
    click.echo(f"name=outages ratio={good / len(outcomes):.2f}")
    return outcomes


async def _play(name: str, scene: Scene, fleet: Fleet, numbers: "count[int]", seconds: float) -> Outcome:
    """Asks in the midst of the outage on both platforms, and anew when it is over."""
    await fleet.ready()
    during = [Talk(next(numbers), "direct"), Talk(next(numbers), "teams")]
    begun = time.time()
    async with asyncio.TaskGroup() as asking:
        async with scene(fleet):
            await asyncio.sleep(seconds * 0.1)
            tasks = [asking.create_task(_ask(talk, fleet)) for talk in during]
            await asyncio.sleep(seconds * 0.9)
        ended = time.time()
        after = Talk(next(numbers), "direct")
        tasks.append(asking.create_task(_ask(after, fleet)))
        waiting = [*during, after]
        while time.time() - ended < PATIENCE_SECONDS and _open(waiting, fleet.workplace):  # noqa: ASYNC110 - we watch
            await asyncio.sleep(0.1)
        for task in tasks:
            task.cancel()
    answered = [post.now.at for post in fleet.workplace.posts[after.place] if post.now.kind is Kind.ANSWER]
    silent = _open(waiting, fleet.workplace)
    outcome = Outcome(name, max(0.0, min(answered) - ended) if answered else None, silent)
    _tell(outcome, waiting, fleet.workplace, begun, ended)
    return outcome


async def _ask(talk: Talk, fleet: Fleet) -> None:
    await asyncio.gather(*await talk.ask(fleet))


def _open(talks: list[Talk], workplace: Workplace) -> int:
    """How many questions wait for a word, those that wait to be asked among them."""
    return sum(not talk.questions for talk in talks) + open_questions(talks, workplace.posts)


def _tell(outcome: Outcome, talks: list[Talk], workplace: Workplace, begun: float, ended: float) -> None:
    """Prints what people saw, by the seconds since the outage began."""
    click.echo(f"\n== {outcome.name}, for {ended - begun:.0f} s")
    for talk in talks:
        question = talk.questions[0]
        taken = f"acknowledged {question.acknowledged_at - begun:.1f}" if question.acknowledged_at else "not taken"
        click.echo(f"  {question.asked_at - begun:6.1f} s  {question.mark} is asked in {talk.platform}, {taken}")
        statuses = [version for place, version in workplace.statuses if place == talk.place]
        for at, line in sorted([*_seen(workplace.posts[talk.place]), *((it.at, f"({it.text})") for it in statuses)]):
            click.echo(f"  {at - begun:6.1f} s    {line}")
    took = (
        "no answer" if outcome.seconds is None else f"the next question was answered {outcome.seconds:.1f} s after it"
    )
    click.echo(f"  recovered alone: {'yes' if outcome.recovered else 'NO'}; {took}; {outcome.silent} without a word")


def _seen(posts: list[Posted]) -> Iterator[tuple[float, str]]:
    for number, post in enumerate(posts, 1):
        shown = ""
        for version in post.versions:
            text = " ".join(version.text.split())[:160]
            line = f"message {number}: {version.kind}: {text}{' [ask again]' if version.again else ''}"
            if line != shown:
                yield version.at, line
            shown = line
        if not post.stands:
            yield post.deleted_at, f"message {number}: deleted"


@asynccontextmanager
async def _redis_away(fleet: Fleet) -> AsyncIterator[None]:
    async with fleet.redis.away():
        yield


@asynccontextmanager
async def _model_away(fleet: Fleet) -> AsyncIterator[None]:
    async with fleet.model.away():
        yield
    await fleet.model.ready()


@asynccontextmanager
async def _model_stalled(fleet: Fleet) -> AsyncIterator[None]:
    await fleet.switch_model(stalled=True)
    yield
    await fleet.switch_model(stalled=False)


@asynccontextmanager
async def _storm(fleet: Fleet) -> AsyncIterator[None]:
    fleet.workplace.storm(10 * PATIENCE_SECONDS)
    yield
    fleet.workplace.storm(0)


@asynccontextmanager
async def _disk_full(fleet: Fleet) -> AsyncIterator[None]:
    """Redis cannot write its file: no byte more than now. With `always` it would end itself at once."""
    async with Redis.from_url(fleet.redis_url) as redis:
        await redis.config_set("appendfsync", "everysec")
        largest = max(path.stat().st_size for path in (fleet.folder / "redis").rglob("*.aof"))
        resource.prlimit(fleet.redis.pid, resource.RLIMIT_FSIZE, (largest, UNLIMITED))
        try:
            yield
        finally:
            resource.prlimit(fleet.redis.pid, resource.RLIMIT_FSIZE, (UNLIMITED, UNLIMITED))


@asynccontextmanager
async def _redis_replaced(fleet: Fleet) -> AsyncIterator[None]:
    """Another Redis in its place, which knows nothing; what was asked before and not yet answered is gone with it."""
    async with fleet.redis.away():
        shutil.rmtree(fleet.folder / "redis")
        (fleet.folder / "redis").mkdir()
    await fleet.redis.ready()
    yield


SCENES: Final[dict[str, Scene]] = {
    "Redis away": _redis_away,
    "Redis replaced by an empty one": _redis_replaced,
    "the disk of Redis full": _disk_full,
    "model away": _model_away,
    "model stalled mid-stream": _model_stalled,
    "429 storm from the platforms": _storm,
}
