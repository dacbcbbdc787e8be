"""Four times as many questions as the model can answer: it answers as many as ever, and everybody else is told."""

import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import click

from ops.bench.events import Delivery, request, send, until
from ops.bench.fleet import QUESTIONS, Fleet
from ops.bench.instant_model import MARK
from ops.bench.payloads import slack_direct
from ops.bench.shown import Kind, Posted
from ops.bench.standins import Workplace, new_ts, slack_place

CAPACITY: Final = 3  # answers that the model gives at a time
ANSWER_SECONDS: Final = 1.0
SATURATING: Final = 1.3  # times the capacity: enough for the peak
OVERLOAD: Final = 4.0
PATIENCE_SECONDS: Final = 60.0
# So small that the limits are reached within half a minute.
SETTINGS: Final = {"HAUSGEIST_MODEL_QUEUE": "6", "HAUSGEIST_PATIENCE_SECONDS": "10", "HAUSGEIST_SLOTS": "16"}

_numbers = count()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the questions of one phase: `rate` are the model's answers that people saw a second."""

    asked: int
    generated: int
    told: int
    silent: int
    rate: float
    longest: float

    def __str__(self) -> str:
        counted = f"{self.asked} asked, {self.generated} answered by the model, {self.told} told otherwise"
        return f"{counted}, {self.silent} silent; {self.rate:.2f} answers/s; a word after {self.longest:.1f} s at most"


async def run_overload(seconds: float = 30.0) -> tuple[Outcome, Outcome]:
    """Prints and returns the peak, then what came of the overload."""
    folder = Path(tempfile.mkdtemp(prefix="hausgeist-overload-"))
    click.echo(f"logs: {folder}")
    roles = ("web", "worker", "worker")
    async with Workplace() as workplace, Fleet(folder, workplace, roles, SETTINGS) as fleet:
        await fleet.switch_model(capacity=CAPACITY, delay=ANSWER_SECONDS)
        await _phase(fleet, 2.0, 4.0)  # both workers have loaded everything
        peak = await _phase(fleet, SATURATING * CAPACITY / ANSWER_SECONDS, seconds)
        click.echo(f"at the peak: {peak}")
        over = await _phase(fleet, OVERLOAD * peak.rate, seconds)
        click.echo(f"at {OVERLOAD:.0f} times its rate: {over}")
    click.echo(f"name=overload-silent ratio={over.silent / over.asked:.2f}")
    click.echo(f"name=overload ratio={over.rate / peak.rate:.2f}")
    return peak, over


async def _phase(fleet: Fleet, rate: float, seconds: float) -> Outcome:
    """Asks at this rate, each person in a conversation of their own, until the last has had a word."""
    port = urlsplit(fleet.of("web")[0].url).port or 0
    places: list[str] = []
    due: list[float] = []
    deliveries = []
    while (at := (due[-1] if due else 0.0) + random.expovariate(rate)) < seconds:
        number, ts = next(_numbers), new_ts()
        text = f"{QUESTIONS[number % len(QUESTIONS)]} This is question Q{number}-0."
        payload = slack_direct(f"D{number}", f"U{number}", text, ts)
        deliveries.append(Delivery(at, port, request(payload)))
        places.append(slack_place(f"D{number}", ts))
        due.append(at)
    begun = time.time()
    await send(deliveries)

    def last_words() -> list[Posted | None]:
        return [next((post for post in fleet.workplace.posts.get(place, ()) if _final(post)), None) for place in places]

    await until(lambda: all(last_words()), PATIENCE_SECONDS)
    return _outcome(last_words(), [begun + at for at in due])


def _final(post: Posted) -> bool:
    return post.stands and post.now.kind in (Kind.ANSWER, Kind.TOLD)


def _outcome(posts: Sequence[Posted | None], asked: Sequence[float]) -> Outcome:
    shown = [post for post in posts if post]
    generated = sorted(post.now.at for post in shown if MARK.search(post.now.text) and post.now.kind is Kind.ANSWER)
    waits = [post.versions[0].at - at for post, at in zip(posts, asked, strict=True) if post]
    return Outcome(
        asked=len(posts),
        generated=len(generated),
        told=len(shown) - len(generated),
        silent=len(posts) - len(shown),
        rate=(len(generated) - 1) / (generated[-1] - generated[0]),
        longest=max(waits),
    )
