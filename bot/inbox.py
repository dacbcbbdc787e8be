"""The inbox: what was taken from a platform and is not answered yet, in Redis, sealed; `inbox.lua` holds its rules.

A conversation is answered by one worker at a time, under a lease that it renews; what it says is fenced by a number.
"""

import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Literal, cast

import orjson
from redis.asyncio import Redis

from bot import keys
from bot.answers import Answer, Source
from bot.events import Edited, File, Person, Turn
from bot.seal import Seal
from bot.store import Script, state

LEASE_SECONDS: Final = 10.0
MERGED_MESSAGES: Final = 10
PER_CONVERSATION: Final = 20
PER_PERSON: Final = 50
OF_ALL: Final = 10_000

Taken = Literal["taken", "seen", "full"]
Change = Literal["taken", "seen", "full", "replaced", "answered"]
State = Literal["lost", "held", "stop", "changed"]


@dataclass(frozen=True, slots=True)
class Job:
    """A conversation's next turn, leased to us until it is settled, released or parked, or the lease ends.

    `waited` is in seconds; `ahead` is how many turns come before it (only `notice` tells), `behind` how many stand in
    line after it (only `take` tells); `again` is true where someone had it before us.
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
    behind: int = 0


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
        return cast(Taken, await self._word("accept", turn, turn.event_id, _ours(turn)))

    async def ours(self, conversation: str) -> bool:
        """Whether a conversation goes on without addressing us."""
        with state():
            return bool(await self._redis.exists(keys.inbox(f"ours:{conversation}")))

    async def disown(self, conversation: str) -> None:
        """Has a conversation go on with us only where we are addressed."""
        with state():
            await self._redis.delete(keys.inbox(f"ours:{conversation}"))

    async def own(self, conversation: str) -> None:
        """Has a conversation go on without addressing us."""
        with state():
            await self._redis.set(keys.inbox(f"ours:{conversation}"), 1, ex=keys.CONVERSATION_SECONDS)

    async def edit(self, change: Edited) -> Change:
        """Changes the text of a message that still waits; takes one that was never seen; else it is answered."""
        old = time.time() - change.turn.sent_at > keys.SEEN_SECONDS
        return cast(
            Change,
            await self._word("edit", change.turn, change.event_id, change.version, _ours(change.turn), str(int(old))),
        )

    async def withdraw(self, conversation: str, message_id: str) -> bool:
        """Erases the text of a message wherever it waits, stops its answer; whether it waited or was being answered."""
        with state():
            stored = await cast(Any, self._redis.hget(keys.inbox(f"text:{conversation}"), message_id))
        turn = self._opened(conversation, stored) if stored else _unreadable(conversation, "")
        emptied = self._closed(replace(turn, text="", files=(), withdrawn=True))
        return bool(await self._run("withdraw", conversation, message_id, emptied, keys.SEEN_SECONDS))

    async def take(self, but: str = "") -> Job | None:
        """The next turn in line of anybody but `but`, or one whose worker is gone; None if there is none."""
        found = await self._run("take", _milliseconds(self.lease_seconds), MERGED_MESSAGES, but)
        return self._job(found) if found else None

    async def notice(self) -> Job | None:
        """A turn whose person is to be told that it waits; `release` it then."""
        found = await self._run("notice", _milliseconds(self.lease_seconds))
        return self._job(found) if found else None

    async def bell(self, seconds: float) -> None:
        """Waits until something comes into the line, `seconds` at most; may return for nothing."""
        with state():
            await cast(Any, self._redis.blpop([keys.inbox("bell")], timeout=seconds))

    async def renew(self, jobs: Sequence[Job]) -> list[State]:
        """Prolongs the leases by their full length."""
        states: tuple[State, ...] = ("lost", "held", "stop", "changed")
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
        return [Parked(id_.decode(), c.decode(), orjson.loads(facts), float(at) / 1000) for id_, c, facts, at in rows]

    async def replay(self, identifier: str) -> bool:
        """Puts a parked turn in line again; False if there is none of that id."""
        return bool(await self._run("replay", identifier))

    async def drop(self, identifier: str) -> bool:
        """Deletes a parked turn; False if there is none of that id."""
        return bool(await self._run("drop", identifier))

    async def stop(self, person: str, place: str) -> int:
        """Stops what a person has open in a conversation, or in all that begin with `place:`; how many turns."""
        return int(await self._run("stop", person, place))

    async def running(self, place: str) -> list[str]:
        """The conversations that begin with `place` and are being answered."""
        return [found.decode() for found in await self._run("running", place)]

    async def line(self) -> Line:
        """What waits and runs."""
        return Line(*await self._run("status"))

    async def keep(self, identifier: str, turn: Turn) -> None:
        """Keeps a question for a day, sealed, so that a button can ask it again."""
        sealed = self._seal.close(_dumped(turn), keys.inbox(f"kept:{identifier}"))
        await self._run("keep", identifier, sealed, keys.KEPT_SECONDS, *turn.messages)

    async def kept(self, identifier: str) -> Turn | None:
        """The question kept under an id."""
        place = keys.inbox(f"kept:{identifier}")
        with state():
            sealed = await cast(Any, self._redis.get(place))
        text = self._seal.open(sealed, place) if sealed else None
        return _loaded(text) if text else None

    async def keep_answer(self, identifier: str, turn: Turn, answer: Answer) -> None:
        """Keeps an answer for a day, sealed, so that a button can show it to others; `turn` is what it answers."""
        name = f"answer:{identifier}"
        text = orjson.dumps({"person": turn.person.id, "answer": answer}).decode()
        sealed = self._seal.close(text, keys.inbox(f"kept:{name}"))
        await self._run("keep", name, sealed, keys.KEPT_SECONDS, *turn.messages)

    async def kept_answer(self, identifier: str) -> tuple[str, Answer] | None:
        """The answer kept under an id, and the person it was given to."""
        place = keys.inbox(f"kept:answer:{identifier}")
        with state():
            sealed = await cast(Any, self._redis.get(place))
        text = self._seal.open(sealed, place) if sealed else None
        if text is None:
            return None
        found = orjson.loads(text)
        said = _known(Answer, found["answer"])
        said["sources"] = tuple(Source(**_known(Source, source)) for source in said["sources"])
        return found["person"], Answer(
            **said | {name: tuple(said.get(name, ())) for name in ("masked", "notices", "read")}
        )

    async def _run(self, operation: str, *arguments: str | bytes | float) -> Any:  # see the script
        return await self._script.run(self._redis, (keys.inbox(""), keys.inbox("anchor")), operation, *arguments)

    async def _word(self, operation: str, turn: Turn, *seen: str) -> str:
        """Puts a turn to the mailbox; a call repeated after a lost connection finds its mark, and counts once."""
        place = (turn.conversation, turn.message_id, f"{turn.sent_at:.6f}", self._closed(turn))
        bounds = (PER_CONVERSATION, PER_PERSON, OF_ALL)
        mark = secrets.token_hex(8)
        return str((await self._run(operation, *place, mark, keys.SEEN_SECONDS, *bounds, *seen)).decode())

    def _job(self, found: list[Any]) -> Job:
        conversation, fence = found[0].decode(), found[1].decode()
        posted = dict(zip(map(int, found[6][::2]), (message.decode() for message in found[6][1::2]), strict=True))
        return Job(
            conversation=conversation,
            fence=fence,
            tries=int(found[2]),
            waited=float(found[3]) / 1000,
            again=found[4] == b"1",
            stop=found[5] == b"1",
            posted=posted,
            turns=tuple(self._opened(conversation, text) for text in found[7]),
            ahead=int(found[8]),
            behind=int(found[9]),
        )

    def _closed(self, turn: Turn) -> bytes:
        person = turn.person.id.replace("\n", " ").encode()
        return person + b"\n" + self._seal.close(_dumped(turn), keys.inbox(f"text:{turn.conversation}"))

    def _opened(self, conversation: str, stored: bytes) -> Turn:
        person, _, sealed = stored.partition(b"\n")
        text = self._seal.open(sealed, keys.inbox(f"text:{conversation}"))
        return _unreadable(conversation, person.decode()) if text is None else _loaded(text)


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
        merged=tuple(message for turn in (first, *more) for message in turn.messages),
        files=tuple(file for turn in asked for file in turn.files),
    )


def _unreadable(conversation: str, person: str) -> Turn:
    """What stands for a turn that was sealed with another key: of no platform, so that somebody else may take it."""
    return Turn("", "", "", conversation, Person(person), "", withdrawn=True)


def _ours(turn: Turn) -> str:
    """For how many seconds its conversation goes on without addressing us."""
    return str(keys.CONVERSATION_SECONDS if turn.opens else 0)


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _dumped(turn: Turn) -> str:
    return orjson.dumps(turn, default=sorted).decode()  # the groups, a frozenset


def _loaded(text: str) -> Turn:
    """The turn, as far as this release knows its fields."""
    found = _known(Turn, orjson.loads(text))
    person = found["person"]
    found["person"] = Person(person["id"], person["name"], frozenset(person["groups"]))
    for name in ("merged", "notices"):
        found[name] = tuple(found.get(name, ()))
    found["files"] = tuple(File(**_known(File, file)) for file in found.get("files", ()))
    return Turn(**found | {"history": None})  # only callers that hold the line give one


def _known(noun: type[Turn | Answer | Source | File], stored: Mapping[str, Any]) -> dict[str, Any]:
    """Of what was stored, the fields that this release knows."""
    names = {field.name for field in fields(noun)}
    return {name: value for name, value in stored.items() if name in names}
