"""The stories' port on Slack: the emulated workspace and the company in it."""

import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import groupby
from typing import Any, Final

from redis.asyncio import Redis

from adapters.slack_commands import MESSAGE_SHORTCUT
from bot.pace import FreePace
from guardrails.pii import Guard
from rag.library import Library
from tests.conformance.surface import SOURCE, Lacking, Said, Shown, Someone, Surface, Verdict
from tests.slack.emulated import people
from tests.slack.emulated.company import Company, company_of, until
from tests.slack.emulated.node import Emulate
from tests.slack.emulated.reading import Post, pressable
from tests.slack.emulated.workspace import EmulatedSlack
from tests.slack.standin import Trouble

LEASE_SECONDS: Final = 3.0
_EMOJI: Final[Mapping[Verdict, str]] = {"up": "+1", "down": "-1::skin-tone-3"}
# By this, whoever takes over from a replica that died learns that the message grows still.
_STILL_GROWS: Final = ("chat.update", "streaming_state_conflict")
_CALLS: Final = re.compile(r"<(?:!|@|#)[^>]*>")


@asynccontextmanager
async def on_slack(
    emulate: Emulate, redis: Redis, parts: tuple[Guard, Library], replicas: int
) -> AsyncIterator["OnSlack"]:
    """A company with so many replicas, reached over signed HTTP."""
    async with EmulatedSlack(emulate) as slack:
        async with company_of(replicas, slack, "http", redis, parts, LEASE_SECONDS, FreePace()) as company:
            yield OnSlack(company)
        assert [refusal for refusal in slack.refusals if refusal != _STILL_GROWS] == []


class OnSlack(Surface):
    """The company as its people see it in Slack."""

    platform = "slack"

    def __init__(self, company: Company) -> None:
        self._company = company
        self._slack = company.slack
        self.model = company.model
        self.anna, self.beat, self.guest = (Somebody(company, name) for name in ("anna", "beat", "guest"))
        self.robot = Robot(company, "stranger")

    async def idle(self) -> None:
        await self._company.idle()

    async def reads(self, someone: Someone, said: Said) -> Sequence[Shown]:
        found = [post for post in await self._slack.thread(said.place, said.thread) if post.user == self._slack.bot]
        found += [post for post in self._slack.people[someone.name].whispers if post.channel == said.place]
        return list(_grouped(sorted((post for post in found if post.ts > said.id), key=lambda post: post.ts)))

    async def all_said(self) -> Sequence[Shown]:
        channel, found = self._slack.channels["general"], list[Post]()
        for root in await self._slack.channel(channel):
            found += [root, *await self._slack.thread(channel, root.ts)]
        return list(_grouped(post for post in found if post.user == self._slack.bot))

    async def handed(self) -> Sequence[str]:
        return [post.read for post in await self._slack.channel(self._company.beat.direct)]

    async def verdicts(self) -> dict[str, str]:
        names = {someone.id: name for name, someone in self._slack.people.items()}
        kept = await self._company.verdicts()
        return {re.sub(r"\w+", lambda match: names.get(match[0], match[0]), who): it for who, it in kept.items()}

    def hears_mentions_only(self) -> None:
        self._slack.ignored.add("message.channels")

    def redelivers(self, times: int) -> None:
        self._slack.deliveries.copies = times

    async def dies(self) -> None:
        shifts = self._company.shifts
        busy = next(number for number, shift in enumerate(shifts) if shift.busy)
        self._slack.over_http(*(url for number, url in enumerate(self._company.urls) if number != busy))
        await shifts[busy].dies()

    def is_away(self, calls: int) -> None:
        for method in ("chat.startStream", "chat.appendStream", "chat.stopStream", "chat.postMessage", "chat.update"):
            self._slack.err(method, *[Trouble(503)] * calls)


class Somebody(Someone):
    """A person in Slack; a line that comes with an acknowledgement is theirs alone, too."""

    def __init__(self, company: Company, name: str) -> None:
        self._company = company
        self._slack = company.slack
        self._self: people.Someone = company.slack.people[name]
        self.name = name

    @property
    def id(self) -> str:  # type: ignore[override]  # known when the workspace has begun
        return f"slack:T000000001:{self._self.id}"

    async def writes(self, text: str) -> Said:
        return self._said(self._self.direct, await self._self.writes(text))

    async def says(self, text: str, under: Said | None = None) -> Said:
        place = self._slack.channels["general"]
        thread = under.thread if under else ""
        return self._said(place, await self._self.says(text, place, thread), thread)

    async def mentions(self, text: str, under: Said | None = None) -> Said:
        return await self.says(f"<@{self._slack.bot}> {text}", under)

    async def calls(self, other: Someone, text: str, under: Said) -> Said:
        return await self.says(f"<@{self._slack.people[other.name].id}> {text}", under)

    async def follows(self, text: str, said: Said) -> Said:
        return self._said(said.place, await self._self.says(text, said.place, said.thread), said.thread)

    async def attaches(self, name: str, content: bytes, text: str, *, openly: bool = False) -> Said:
        place = self._slack.channels["general"] if openly else self._self.direct
        before = {post.ts for post in await self._slack.channel(place)}
        mention = f"<@{self._slack.bot}> " if openly else ""
        await self._self.uploads(name, content, f"{mention}{text}", place)
        posted = next(post for post in await self._slack.channel(place) if post.ts not in before)
        return self._said(place, posted.ts)

    async def edits(self, said: Said, text: str) -> None:
        before = (await self._slack.post(said.place, said.id)).text
        mention = re.match(r"(?:<@\w+> )?", before)
        await self._self.edits(said.place, said.id, f"{mention[0] if mention else ''}{text}")

    async def deletes(self, said: Said) -> None:
        await self._self.deletes(said.place, said.id)

    async def judges(self, shown: Shown, verdict: Verdict) -> None:
        post = await self._slack.post(shown.place, shown.ids[-1])
        heard = await self._self.presses(post, "hausgeist_feedback", positive=verdict == "up")
        assert heard.taken
        if verdict == "down":
            await until(lambda: self._self.forms)

    async def explains(self, reason: str, comment: str) -> None:
        await self._self.submits({"reason": reason, "comment": comment})
        assert self._self.forms == []

    async def names(self, document: str, comment: str) -> None:
        await self._self.submits({"document": document, "comment": comment})
        assert self._self.forms == []

    async def reacts(self, shown: Shown, verdict: Verdict) -> None:
        await self._self.reacts(await self._slack.post(shown.place, shown.ids[0]), _EMOJI[verdict])

    async def unreacts(self, shown: Shown, verdict: Verdict) -> None:
        await self._self.unreacts(await self._slack.post(shown.place, shown.ids[0]), _EMOJI[verdict])

    async def likes(self, said: Said) -> None:
        await self._self.reacts(await self._slack.post(said.place, said.id), _EMOJI["up"])

    async def presses(self, shown: Shown, button: str) -> None:
        whispered = {post.ts: post for post in self._self.whispers}
        posts = [whispered.get(ts) or await self._slack.post(shown.place, ts) for ts in shown.ids]
        [(post, action)] = [(post, action) for post in posts for action, it in _buttons(post) if it == button]
        assert (await self._self.presses(post, action)).taken
        if button == SOURCE:
            await until(lambda: self._self.forms)

    async def stops(self, said: Said) -> None:
        await until(lambda: any(stream.text for stream in self._slack.streams.all))
        self._slack.streams.end("stopped_by_user")

    async def commands(self, words: str, said: Said | None = None) -> None:
        if words in ("stop", "reset") and said and said.place != self._self.direct:
            await self.mentions(words, said)
            return
        if words in ("stop", "reset") and said:
            await self.follows(words, said)
            return
        place = said.place if said else self._slack.channels["general"]
        assert (await self._self.commands(f"/hausgeist {words}", place)).taken

    async def asks_apart(self, question: str) -> None:
        assert (await self._self.commands(f"/hausgeist {question}", self._slack.channels["general"])).taken

    async def asks_about(self, said: Said, question: str) -> None:
        await self._self.shortcut(said.place, said.id, MESSAGE_SHORTCUT)
        await until(lambda: self._self.forms)
        await self._self.submits({"question": question})
        assert self._self.forms == []

    async def finds(self, words: str) -> Sequence[str]:
        raise Lacking("Slack lets no app offer anything while people write.")

    async def opens(self) -> Sequence[str]:
        await self._self.opens("messages")
        await until(lambda: self._slack.surfaces.prompts)
        return [one["message"] for one in self._slack.surfaces.prompts[self._self.direct, ""]]

    async def told(self) -> Sequence[str]:
        return [post.read for post in self._self.whispers]

    async def apart(self) -> Sequence[Shown]:
        await self._company.idle()
        roots = await self._slack.channel(self._self.direct)
        found = [post for root in roots for post in await self._slack.thread(self._self.direct, root.ts)]
        return list(_grouped([*self._self.whispers, *found]))

    def _said(self, place: str, ts: str, thread: str = "") -> Said:
        return Said(place, thread or ts, ts)


class Robot(Somebody):
    """An app of somebody else's, which writes as such."""

    async def says(self, text: str, under: Said | None = None) -> Said:
        place, thread = self._slack.channels["general"], under.thread if under else None
        who = {"bot_id": "B0ROBOT01", "app_id": "A0ROBOT01"}
        said = {"channel": place, "text": text, "thread_ts": thread, **who}
        posted = await self._slack.emulate("chat.postMessage", self._self.token, **said)
        await self._slack.deliveries.settled()
        return self._said(place, posted["ts"], thread or "")


def _grouped(posts: Iterable[Post]) -> Iterator[Shown]:
    """Our messages, those of one answer together."""
    for _, group in groupby(posts, _turn):
        several = list(group)
        buttons = {label for post in several for _, label in _buttons(post)}
        yield Shown(
            several[0].channel,
            tuple(post.ts for post in several),
            "\n".join(post.read for post in several),
            frozenset(buttons),
            any("hausgeist_feedback" in post.buttons for post in several),
            tuple(call for post in several for call in _CALLS.findall(f"{post.text}\n{post.read}")),
        )


def _turn(post: Post) -> str:
    return str(post.metadata.get("event_payload", {}).get("turn", post.ts))


def _buttons(post: Post) -> Iterator[tuple[str, str]]:
    """The actions of what can be pressed, and what stands on it."""
    found: Iterator[tuple[dict[str, Any], dict[str, Any]]] = pressable(post.blocks)
    return ((it["action_id"], it["text"]["text"]) for _, it in found if it["type"] == "button")
