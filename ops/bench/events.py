"""Slack's ceiling, 30,000 events in an hour, as fast as this machine can take them: acknowledged in time, none lost.

Run as a module it is the load alone: requests from stdin leave when they are due, whatever became of those before them.
"""

import asyncio
import json
import math
import os
import random
import resource
import sys
import tempfile
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import click

from ops.bench.fleet import QUESTIONS, Fleet
from ops.bench.instant_model import MARK
from ops.bench.payloads import Payload, slack_direct, slack_mention, slack_reaction, slack_talk
from ops.bench.shown import Kind
from ops.bench.standins import Workplace, new_ts

ROUNDS: Final = 2  # of each fleet at least, in turns
ROUND_SECONDS: Final = 100.0  # at most: what is signed is taken for five minutes
ROLES: Final = {"one": ("web", "worker"), "two": ("web", "web", "worker", "worker")}
WARM_UP: Final = 150
WARM_UP_RATE: Final = 15.0
BUSY: Final = 0.5  # of the machine, so that what waits is not the machine itself
PATIENCE_SECONDS: Final = 120.0
GOAL_SECONDS: Final = 0.05
# Of a hundred things that happen in a workspace; a mention is two events, and one event in twenty comes again.
HAPPENS: Final = {"mention": 4, "direct": 3, "reaction": 6, "talk": 87}
AGAIN: Final = 0.05


class Delivery(NamedTuple):
    """A request that is due `at` seconds after the beginning."""

    at: float
    port: int
    request: str


@dataclass(slots=True)
class Tally:
    """What came of all segments of one fleet."""

    events: int = 0
    cpu: float = 0.0
    seconds: float = 0.0
    asked: int = 0
    answered: int = 0
    twice: int = 0
    refused: int = 0
    strangers: float = 0.0  # CPU seconds of whatever else ran on this machine
    waits: list[float] = field(default_factory=list)

    def wait(self, share: float) -> float:
        """The acknowledgement's wait in milliseconds that this share of events stayed under."""
        return sorted(self.waits)[min(len(self.waits) - 1, int(share * len(self.waits)))] * 1000

    @property
    def per_cpu_second(self) -> float:
        """How many events a CPU second of our processes is good for."""
        return self.events / self.cpu


async def run_events(events: int = 30_000, rate: float = 0.0) -> dict[str, Tally]:
    """Sends them to one replica of web and worker, and again as many to two; prints and returns what came of it."""
    folder = Path(tempfile.mkdtemp(prefix="hausgeist-events-"))
    for name in ROLES:
        (folder / name).mkdir()
    click.echo(f"logs: {folder}")
    tallies = {"one": Tally(), "two": Tally()}
    async with Workplace() as workplace, AsyncExitStack() as stack:
        fleets = {name: Fleet(folder / name, workplace, roles) for name, roles in ROLES.items()}
        for fleet in fleets.values():
            await stack.enter_async_context(fleet)
        found = [await _sustainable(fleet) for fleet in fleets.values()]
        rate = rate or min(found)
        rounds = max(ROUNDS, math.ceil(events / rate / ROUND_SECONDS))
        click.echo(f"{rate:.0f} events/s, in {rounds} rounds")
        for number in range(rounds):
            for name, fleet in fleets.items():
                await _segment(fleet, events // rounds, rate, tallies[name], number)
    for name, tally in tallies.items():
        _report(name, tally)
    click.echo(f"name=events-ack ratio={max(tally.wait(0.99) for tally in tallies.values()) / 1000 / GOAL_SECONDS:.2f}")
    click.echo(f"name=events ratio={tallies['two'].per_cpu_second / tallies['one'].per_cpu_second:.2f}")
    return tallies


async def _sustainable(fleet: Fleet) -> float:
    """The rate at which everything on this machine, stand-ins and load included, keeps it as busy as we want."""
    await _segment(fleet, WARM_UP, WARM_UP_RATE, Tally())
    tally, begun = Tally(), _all_cpu(fleet)
    await _segment(fleet, WARM_UP, WARM_UP_RATE, tally)
    return BUSY * len(os.sched_getaffinity(0)) * tally.events / (_all_cpu(fleet) - begun)


async def _segment(fleet: Fleet, events: int, rate: float, tally: Tally, seed: int = 0) -> None:
    """Delivers so many events, waits for the answers, and adds what came of it; one seed, one mix."""
    ports = [urlsplit(web.url).port or 0 for web in fleet.of("web")]
    deliveries, marks = planned(events, rate, ports, random.Random(seed))  # noqa: S311 - guards nothing
    ours = [fleet.redis, *fleet.replicas]
    before, begun = sum(member.cpu_seconds for member in ours), time.monotonic()
    strangers = _machine_cpu() - _all_cpu(fleet)
    waits, statuses = await send(deliveries)
    shown = await _shown(fleet.workplace, marks)
    tally.cpu += sum(member.cpu_seconds for member in ours) - before
    tally.strangers += _machine_cpu() - _all_cpu(fleet) - strangers
    tally.seconds += time.monotonic() - begun
    tally.events += len(deliveries)
    tally.waits += waits
    tally.refused += sum(status != 200 for status in statuses)
    tally.asked += len(marks)
    tally.answered += sum(shown[mark] > 0 for mark in marks)
    tally.twice += sum(shown[mark] > 1 for mark in marks)


def planned(events: int, rate: float, ports: Sequence[int], chance: random.Random) -> tuple[list[Delivery], set[str]]:
    """What is delivered when and where, and the marks of the questions among it."""
    found: list[Delivery] = []
    marks: set[str] = set()
    happening = _happenings(marks, chance)
    at = 0.0
    while len(found) < events:
        # Slack's hour has its rushes: the rate swings by half around its mean.
        at += chance.expovariate(rate * (1.5 if int(at / 10) % 2 else 0.5))
        found.append(Delivery(at, chance.choice(ports), request(next(happening))))
        if chance.random() < AGAIN:
            found.append(Delivery(at + chance.uniform(0.5, 3), chance.choice(ports), found[-1].request))
    return sorted(found), marks


_numbers = count()


def _happenings(marks: set[str], chance: random.Random) -> Iterator[Payload]:
    """The events of a workspace; adds the mark of each question to `marks`."""
    while True:
        number = next(_numbers)
        channel, user, ts = f"{number % 400}", f"U{number % 997}", new_ts()
        what = chance.choices(list(HAPPENS), weights=list(HAPPENS.values()))[0]
        if what == "reaction":
            yield slack_reaction(f"C{channel}", user, new_ts())
        elif what == "talk":
            yield slack_talk(f"C{channel}", user, "Has anybody seen the key of the meeting room?", ts)
        else:
            marks.add(mark := f"Q{number}-0")
            text = f"{QUESTIONS[number % len(QUESTIONS)]} This is question {mark}."
            if what == "direct":
                yield slack_direct(f"D{number}", user, text, ts)
            else:
                yield from slack_mention(f"C{channel}", user, text, ts)


def request(payload: Payload) -> str:
    """A delivery as it goes over the wire, signed now."""
    headers = {"Host": "bench", "Content-Length": str(len(payload.body)), **payload.headers()}
    lines = [f"POST {payload.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", payload.body.decode()])


async def send(deliveries: Sequence[Delivery]) -> tuple[list[float], list[int]]:
    """The seconds each waited for its acknowledgement, and the statuses; from a process with nothing else to do."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate(json.dumps(deliveries).encode())
    waits, statuses = json.loads(said)
    return waits, statuses


async def _shown(workplace: Workplace, marks: set[str]) -> Counter[str]:
    """How many standing answers show each mark, once all are shown or patience ends."""

    def shown() -> Counter[str]:
        posts = (post for posts in workplace.posts.values() for post in posts)
        answers = (post.now.text for post in posts if post.stands and post.now.kind is Kind.ANSWER)
        return Counter(mark for text in answers for mark in set(MARK.findall(text)) & marks)

    await until(lambda: len(shown()) == len(marks), PATIENCE_SECONDS)
    return shown()


async def until(true: Callable[[], bool], patience: float) -> None:
    """Waits for something to become true, as long as patience lasts."""
    late = time.monotonic() + patience
    while not true() and time.monotonic() < late:  # noqa: ASYNC110 - the stand-in tells nobody what it is told
        await asyncio.sleep(0.5)


def _all_cpu(fleet: Fleet) -> float:
    """What all processes have used, those of the bench too."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    bench = sum(usage.ru_utime + usage.ru_stime for usage in used)
    return bench + sum(member.cpu_seconds for member in fleet.members)


def _machine_cpu() -> float:
    """What everything on this machine has used."""
    user, nice, system, *_ = Path("/proc/stat").read_text().split(maxsplit=4)[1:4]
    return (int(user) + int(nice) + int(system)) / os.sysconf("SC_CLK_TCK")


def _report(name: str, tally: Tally) -> None:
    click.echo(
        f"{name} of each: {tally.events} events in {tally.seconds:.0f} s, acknowledged in p50 {tally.wait(0.5):.1f}, "
        f"p99 {tally.wait(0.99):.1f} ms, longest {tally.wait(1):.0f} ms, {tally.refused} not; {tally.asked} questions, "
        f"{tally.asked - tally.answered} lost, {tally.twice} twice; {tally.per_cpu_second:.0f} events per CPU second; "
        f"{tally.strangers / tally.seconds:.1f} cores were busy with other things"
    )


class _Line(asyncio.Protocol):
    """A connection to a web replica that carries one request at a time."""

    def __init__(self) -> None:
        self.answered: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.open = True
        self._transport: asyncio.Transport | None = None
        self._said = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def ask(self, request: str) -> "asyncio.Future[int]":
        """Sends a request; the future is its status, 0 if the line breaks."""
        assert self._transport
        self.answered = asyncio.get_running_loop().create_future()
        self._said = b""
        self._transport.write(request.encode())
        return self.answered

    def data_received(self, data: bytes) -> None:
        self._said += data
        head, end, body = self._said.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0].strip() or b"0"
        if end and len(body) >= int(length) and not self.answered.done():
            self.answered.set_result(int(head.split()[1]))

    def connection_lost(self, _: Exception | None) -> None:
        self.open = False
        if not self.answered.done():
            self.answered.set_result(0)


async def load_from(requests: Sequence[tuple[float, int, str]]) -> tuple[list[float], list[int]]:
    """Sends each request when it is due, on a free line or a new one."""
    deliveries = [Delivery(*each) for each in requests]
    loop = asyncio.get_running_loop()
    free: dict[int, deque[_Line]] = defaultdict(deque)
    waits, statuses = [0.0] * len(deliveries), [0] * len(deliveries)
    begun = loop.time() + 0.2

    async def deliver(number: int, delivery: Delivery) -> None:
        lines = free[delivery.port]
        while lines and not lines[-1].open:
            lines.pop()
        line = lines.pop() if lines else (await loop.create_connection(_Line, "127.0.0.1", delivery.port))[1]
        statuses[number] = await line.ask(delivery.request)
        if statuses[number]:
            lines.append(line)
        waits[number] = loop.time() - begun - delivery.at

    async with asyncio.TaskGroup() as group:
        for number, delivery in enumerate(deliveries):
            await asyncio.sleep(begun + delivery.at - loop.time())
            group.create_task(deliver(number, delivery))
    return waits, statuses


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(load_from(json.load(sys.stdin)))))
