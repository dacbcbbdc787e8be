"""Kills whatever runs while questions flow, and counts what people saw: nothing lost, twice, out of order or silent."""

import asyncio
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from ops.bench.fleet import Fleet
from ops.bench.instant_model import MARK
from ops.bench.member import Member
from ops.bench.shown import Kind
from ops.bench.standins import Workplace
from ops.bench.talks import PLATFORMS, Talk
from ops.bench.verdict import Verdict, judge, open_questions, story
from ops.progress import Steps

FREEZE_SECONDS: Final = 12.0  # longer than a lease
QUIET_SECONDS: Final = 12.0  # longer than a lease: whoever takes a dead worker's turn over has done so
PATIENCE_SECONDS: Final = 90.0  # without a word, while a question is open
MODEL_SECONDS: Final = 0.5  # for an answer, so that kills fall into the midst of one
CALL_SECONDS: Final = 0.3  # at most, of a call on its way to a platform, and of its answer
QUESTIONS_A_TALK: Final = 10
SHOWN: Final = 5  # of the conversations in which something is wrong; a file beside the logs has all


async def run_crash(
    kills: int = 500, questions: int = 2000, pause: float = 2.5, seed: int | None = None, folder: Path | None = None
) -> Verdict:
    """Runs it, prints what came of it, and returns the verdict; on average a kill every `pause` seconds."""
    random.seed(seed)
    folder = folder or Path(tempfile.mkdtemp(prefix="hausgeist-crash-"))
    click.echo(f"logs: {folder}")
    async with Workplace() as workplace, Fleet(folder, workplace, model_delay=MODEL_SECONDS) as fleet:
        workplace.delay = CALL_SECONDS
        talks = [
            Talk(n, PLATFORMS[n % len(PLATFORMS)]) for n in range(max(1, min(200, questions // QUESTIONS_A_TALK * 2)))
        ]
        begun = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for talk, times in zip(talks, _times(questions, len(talks), kills * pause), strict=True):
                group.create_task(_converse(talk, fleet, begun, times))
            killed = await _kill(fleet, kills, pause)
        await fleet.ready()
        await _quiet(workplace, talks)
        verdict = judge(talks, workplace.posts)
        await _ask_again(fleet, talks, verdict)
        deaths = {member.name: member.deaths for member in fleet.members}
    seen = [line for talk in talks if talk.questions for line in story(talk, workplace.posts[talk.place])]
    (folder / "seen.txt").write_text("\n".join(seen))
    (folder / "stories.txt").write_text("\n\n".join(verdict.stories))
    _report(verdict, killed, deaths, time.monotonic() - begun)
    return verdict


def _times(questions: int, talks: int, seconds: float) -> Iterator[list[float]]:
    """When each talk's questions are asked, at the earliest; some follow another at once."""
    for number in range(talks):
        count = questions // talks + (number < questions % talks)
        yield sorted(random.uniform(0, seconds) for _ in range(count))  # noqa: S311 - guards nothing


async def _converse(talk: Talk, fleet: Fleet, begun: float, times: list[float]) -> None:
    """Asks at these times, each question once the one before is acknowledged."""
    again: list[asyncio.Task[None]] = []
    for at in times:
        await asyncio.sleep(begun + at - time.monotonic())
        again += await talk.ask(fleet)
    await asyncio.gather(*again)


async def _kill(fleet: Fleet, kills: int, pause: float) -> Counter[str]:
    """Kills at random moments, each process as often as the others; web and workers are frozen as well."""
    killed: Counter[str] = Counter()
    with Steps("Kills", kills) as step:
        async with asyncio.TaskGroup() as frozen:
            for _, (member, freezes) in zip(range(kills), _victims(fleet), strict=False):
                await asyncio.sleep(random.expovariate(1 / pause))
                while not member.pid:  # noqa: ASYNC110 - it starts in a moment
                    await asyncio.sleep(0.05)
                role = member.name.partition("-")[0]
                if freezes and not member.frozen:
                    frozen.create_task(member.freeze(FREEZE_SECONDS))
                    killed[f"frozen {role}"] += 1
                else:
                    member.kill()
                    killed[role] += 1
                step(member.name)
    return killed


def _victims(fleet: Fleet) -> Iterator[tuple[Member, bool]]:
    while True:
        deck = [(member, False) for member in fleet.members]
        deck += [(member, True) for role in ("web", "worker") for member in fleet.of(role)]
        random.shuffle(deck)
        yield from deck


async def _quiet(workplace: Workplace, talks: list[Talk]) -> None:
    """Waits until nothing more is shown."""
    begun = time.time()
    while True:
        still = time.time() - max(begun, workplace.touched_at)
        if still > PATIENCE_SECONDS or (still > QUIET_SECONDS and not open_questions(talks, workplace.posts)):
            return
        await asyncio.sleep(0.5)


async def _ask_again(fleet: Fleet, talks: list[Talk], verdict: Verdict) -> None:
    """Presses the buttons under failures and makeshift answers.

    A message that spoke of a question brings its answer now; if not, nobody knows of that question any more.
    """
    for told in verdict.told_by:
        for post in told.posts:
            if post.now.again:
                await told.talk.press(fleet, post, told.questions[0].user)
    if verdict.told_by:
        await _quiet(fleet.workplace, talks)
    for told in verdict.told_by:
        posts = fleet.workplace.posts[told.talk.place]
        shown = " ".join(post.now.text for post in posts if post.now.kind is Kind.ANSWER)
        for question in told.questions:
            if question.mark not in MARK.findall(shown) and any(post.now.again for post in told.posts):
                verdict.lost += 1
                verdict.stories.append("\n".join([f"lost when asked again: {question.mark}", *story(told.talk, posts)]))


def _report(verdict: Verdict, killed: Counter[str], deaths: dict[str, int], seconds: float) -> None:
    click.echo("\n\n".join(verdict.stories[:SHOWN]))
    click.echo(f"kills: {dict(killed)}; deaths: {deaths}; {seconds:.0f} s")
    click.echo(str(verdict))
    click.echo(f"name=crash ratio={verdict.answered / verdict.asked:.4f}")
