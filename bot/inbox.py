"""The inbox: what was taken from a platform and is not answered yet, in Redis, sealed; `inbox.lua` holds its rules.

A conversation is answered by one worker at a time, under a lease that it renews; what it says is fenced by a number.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal, cast

import orjson
from redis.asyncio import Redis

from bot import keys
from bot.events import Edited, Person, Turn
from bot.seal import Seal
from bot.store import Script, state

LEASE_SECONDS: Final = 10.0
MERGED_MESSAGES: Final = 10
PER_CONVERSATION: Final = 20
PER_PERSON: Final = 50
OF_ALL: Final = 10_000

Taken = Literal["taken", "seen", "full"]
Change = Literal["seen", "replaced", "answered", "new"]
State = Literal["lost", "held", "stop"]


@dataclass(frozen=True, slots=True)
class Job:
    """A conversation's next turn, leased to us until it is settled, released or parked, or the lease ends.

    `waited` is in seconds; `ahead` is how many turns come before it (only `notice` tells); `again` is true where
    someone had it before us.
    """

    conversation: str
    fence: str
    tries: int
    waited: float
    again: bool
    stop: bool
    posted: Mapping[int, str]
    turns: tuple[Turn, ...]
    ahead: int = 0


@dataclass(frozen=True, slots=True)
class Parked:
    """A turn that failed too often, as an admin sees it: no text."""

    id: str
    conversation: str
    facts: Mapping[str, Any]
    at: float


@dataclass(frozen=True, slots=True)
class Line:
    """How many conversations wait, run, are put off and parked; and the messages in all of them but the last."""

    ready: int
    running: int
    later: int
    parked: int
    messages: int


class Inbox:
    """The mailbox of all conversations; every method raises StateDown."""

    def __init__(self, redis: Redis, seal: Seal, lease_seconds: float = LEASE_SECONDS) -> None:
        self._redis = redis
        self._seal = seal
        self._script = Script("inbox.lua")
        self.lease_seconds = lease_seconds

    async def accept(self, turn: Turn) -> Taken:
        """Keeps a turn until it is answered, unless its event or message was seen, or too much waits already."""
        seen = dict.fromkeys((turn.event_id, turn.message_id))
        place = (turn.conversation, turn.message_id, f"{turn.sent_at:.6f}", self._closed(turn))
        bounds = (PER_CONVERSATION, PER_PERSON, OF_ALL)
        return cast(Taken, await self._word("accept", *place, _mark(), keys.SEEN_SECONDS, *bounds, *seen))

    async def edit(self, change: Edited) -> Change:
        """Changes the text of a message that still waits; else tells whether it was seen at all."""
        turn = change.turn
        seen = dict.fromkeys((change.event_id, change.version))
        place = (turn.conversation, turn.message_id, self._closed(turn))
        return cast(Change, await self._word("edit", *place, _mark(), keys.SEEN_SECONDS, *seen))

    async def withdraw(self, conversation: str, message_id: str) -> None:
        """Erases the text of a message that waits or is being answered, and stops its answer."""
        with state():
            stored = await cast(Any, self._redis.hget(keys.inbox(f"text:{conversation}"), message_id))
        if stored:
            turn = replace(self._opened(conversation, stored), text="", withdrawn=True)
            await self._run("withdraw", conversation, message_id, self._closed(turn))

    async def take(self) -> Job | None:
        """The turn that is next in line, or one whose worker is gone; None if nothing waits."""
        found = await self._run("take", _milliseconds(self.lease_seconds), MERGED_MESSAGES)
        return self._job(found) if found else None

    async def notice(self, after: float, every: float) -> Job | None:
        """A turn that has waited `after` seconds and was not told of it for `every` seconds; `release` it then."""
        times = map(_milliseconds, (self.lease_seconds, after, every))
        found = await self._run("notice", *times)
        return self._job(found) if found else None

    async def bell(self, seconds: float) -> None:
        """Waits until something comes into the line, `seconds` at most; may return for nothing."""
        with state():
            await cast(Any, self._redis.blpop([keys.inbox("bell")], timeout=seconds))

    async def renew(self, jobs: Sequence[Job]) -> list[State]:
        """Prolongs the leases by their full length."""
        states: tuple[State, State, State] = ("lost", "held", "stop")
        held = [part for job in jobs for part in (job.conversation, job.fence)]
        return [states[number] for number in await self._run("renew", _milliseconds(self.lease_seconds), *held)]

    async def record(self, job: Job, message: str, part: int) -> bool:
        """Notes a message that was posted for a turn; False if the turn is another worker's by now."""
        return bool(await self._run("record", job.conversation, job.fence, part, message))

    async def settle(self, job: Job) -> bool:
        """The turn is done with; False if it was another worker's."""
        return bool(await self._run("settle", job.conversation, job.fence))

    async def release(self, job: Job, seconds: float = 0, *, counts: bool = False) -> None:
        """Gives the turn back, to be taken in `seconds`; whether this counts as a try that failed."""
        await self._run("release", job.conversation, job.fence, _milliseconds(seconds), int(counts))

    async def park(self, job: Job, identifier: str, facts: Mapping[str, Any]) -> None:
        """Puts the turn aside for an admin; `facts` hold no text."""
        await self._run("park", job.conversation, job.fence, identifier, orjson.dumps(facts))

    async def parked(self) -> list[Parked]:
        """What was put aside, the oldest first."""
        rows = await self._run("parked")
        return [Parked(id_.decode(), c.decode(), orjson.loads(facts), int(at) / 1000) for id_, c, facts, at in rows]

    async def replay(self, identifier: str) -> bool:
        """Puts a parked turn in line again; False if there is none of that id."""
        return bool(await self._run("replay", identifier))

    async def stop(self, person: str, place: str) -> int:
        """Stops what a person has open in a conversation, or in all that begin with `place:`; how many turns."""
        return int(await self._run("stop", person, place))

    async def line(self) -> Line:
        """What waits and runs."""
        return Line(*await self._run("status"))

    async def keep(self, identifier: str, turn: Turn) -> None:
        """Keeps a question for a day, sealed, so that a button can ask it again."""
        place = keys.inbox(f"kept:{identifier}")
        with state():
            await self._redis.set(place, self._seal.close(_dumped(turn), place), ex=keys.KEPT_SECONDS)

    async def kept(self, identifier: str) -> Turn | None:
        """The question kept under an id."""
        place = keys.inbox(f"kept:{identifier}")
        with state():
            sealed = await cast(Any, self._redis.get(place))
        text = self._seal.open(sealed, place) if sealed else None
        return _loaded(text) if text else None

    async def _run(self, operation: str, *arguments: str | bytes | float) -> Any:  # see the script
        return await self._script.run(self._redis, keys.inbox(""), operation, *arguments)

    async def _word(self, operation: str, *arguments: str | bytes | float) -> str:
        return str((await self._run(operation, *arguments)).decode())

    def _job(self, found: list[Any]) -> Job:
        conversation, fence = found[0].decode(), found[1].decode()
        posted = dict(zip(map(int, found[6][::2]), (message.decode() for message in found[6][1::2]), strict=True))
        return Job(
            conversation=conversation,
            fence=fence,
            tries=int(found[2]),
            waited=int(found[3]) / 1000,
            again=found[4] == b"1",
            stop=found[5] == b"1",
            posted=posted,
            turns=tuple(self._opened(conversation, text) for text in found[7]),
            ahead=int(found[8]),
        )

    def _closed(self, turn: Turn) -> bytes:
        person = turn.person.id.replace("\n", " ").encode()
        return person + b"\n" + self._seal.close(_dumped(turn), keys.inbox(f"text:{turn.conversation}"))

    def _opened(self, conversation: str, stored: bytes) -> Turn:
        person, _, sealed = stored.partition(b"\n")
        text = self._seal.open(sealed, keys.inbox(f"text:{conversation}"))
        if text is None:  # sealed with a key that is gone: nobody can answer it, nor tell the person
            return Turn("", "", "", conversation, Person(person.decode()), "", withdrawn=True)
        return _loaded(text)


def merged(turns: Iterable[Turn]) -> Turn:
    """One turn of several messages in a row by the same person, answered where the last one stands."""
    first, *more = turns
    if not more:
        return first
    asked = [turn for turn in (first, *more) if not turn.withdrawn]
    return replace(
        (asked or [first])[-1],
        event_id=first.event_id,
        message_id=first.message_id,
        text="\n".join(turn.text for turn in asked),
        merged=tuple(turn.message_id for turn in (first, *more)),
    )


def _mark() -> str:
    """A call's own mark: repeated after a lost connection, it finds it and counts as the same call."""
    return secrets.token_hex(8)


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _dumped(turn: Turn) -> str:
    fields = asdict(turn)
    fields["person"]["groups"] = sorted(turn.person.groups)
    return orjson.dumps(fields).decode()


def _loaded(text: str) -> Turn:
    fields = orjson.loads(text)
    person = fields["person"]
    return Turn(
        **fields
        | {
            "person": Person(person["id"], person["name"], frozenset(person["groups"])),
            "merged": tuple(fields["merged"]),
            "history": None,  # only callers that hold the line give one
        }
    )
