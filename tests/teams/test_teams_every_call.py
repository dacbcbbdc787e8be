"""Whatever becomes of any one call to Teams, and whoever takes over then, one whole answer stands there."""

import asyncio
import contextlib
import itertools
import math
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, Final

import pytest

from adapters import teams_message, teams_stream
from adapters.teams_message import answered
from adapters.teams_reply import TeamsReply
from bot.answers import Answer
from bot.errors import ModelDown, Undelivered
from bot.ticket import FreeTicket, Superseded
from tests.teams.conftest import ANSWER
from tests.teams.connector import BotConnector, Sent
from tests.teams.unwired import PLACES, TROUBLES, Hurried, Trouble, Unwired, bot_on

SEARCHING: Final = "Searching …"
EMPTY: Final = {SEARCHING, "…", "3 before you"}
BUTTONS: Final = ["Regenerate", "Wrong source", "Ask a person"]
SHORT = ANSWER
LONGER = replace(ANSWER, text="You have **25 days** [1] [2]." + f"\n\n{'Holidays ' * 120}" * 3, trace_id="trace-2")
ROOM: Final = 3_000  # bytes of a part
OTHER, LONG_OTHER = (replace(it, text=it.text.replace("25", "30"), trace_id="other") for it in (SHORT, LONGER))
WORDS: Final = ("You have", " **25 days**", " [1]")
OTHERS: Final = {SHORT.trace_id: OTHER, LONGER.trace_id: LONG_OTHER}
LATEST: Final = 16.0  # seconds until the answer stands, of which a call may hang for 8 and the model takes 6
PARTED: Final = [Trouble(parts=True), Trouble(parts=True, taken=True)]
LASTING: Final = ["500", "429", "call lost", "call hangs", "stream over", "stream stopped"]


Lasting = Callable[[str, Mapping[str, Any]], bool]


def once(_method: str, _said: Mapping[str, Any]) -> bool:
    return False


def streamed(_method: str, said: Mapping[str, Any]) -> bool:
    """Whether it belongs to a stream."""
    return any(entity.get("type") == "streaminfo" for entity in said.get("entities", []))


@dataclass
class Story:
    """How an answer comes about: where, what, in place of what, and how fast."""

    place: str
    answer: Answer
    replaced: Answer | None = None
    waits: bool = False
    words: tuple[str, ...] = WORDS
    fails: bool = False

    async def told(self, reply: TeamsReply, answer: Answer) -> None:
        """A worker works on it. Raises Undelivered, Superseded."""
        if self.waits:
            await reply.waiting("3 before you")
        await reply.status(SEARCHING)
        for word in self.words:
            await asyncio.sleep(1.6)
            await reply.write(word)
        await asyncio.sleep(1.1 if self.words else 0)
        await (reply.fail(ModelDown("No model."), answer.trace_id) if self.fails else reply.finish(answer))


STORIES: Final = {
    "short in a chat": Story("chat", SHORT),
    "short in a channel": Story("channel", SHORT),
    "long in a chat": Story("chat", LONGER),
    "long in a channel": Story("channel", LONGER),
    "at once in a chat": Story("chat", SHORT, words=()),
    "at once in a channel": Story("channel", SHORT, words=()),
    "other words than were streamed": Story("chat", SHORT, words=("Nobody", " knows")),
    "waited for in a chat": Story("chat", SHORT, waits=True),
    "again in a chat": Story("chat", SHORT, LONG_OTHER),
    "again in a channel": Story("channel", SHORT, OTHER),
    "again and shorter": Story("channel", SHORT, LONG_OTHER),
    "again and longer": Story("channel", LONGER, OTHER),
    "failed in a chat": Story("chat", SHORT, fails=True),
    "failed in a channel": Story("channel", SHORT, fails=True),
}


@dataclass
class Scene:
    """One try of a story."""

    story: Story
    connector: BotConnector = field(default_factory=BotConnector)
    ticket: FreeTicket = field(default_factory=FreeTicket)
    old: list[str] = field(default_factory=list)

    async def begin(self) -> "Scene":
        """All that was there before."""
        self.connector.clock = asyncio.get_running_loop().time
        if self.story.replaced:
            await self.worker(Unwired(self.connector)).finish(self.story.replaced)
            self.old, self.ticket = [message.id for message in self.connector.messages], FreeTicket()
        return self

    def worker(self, wire: Unwired) -> TeamsReply:
        return TeamsReply(bot_on(wire), PLACES[self.story.place], self.ticket, replaced=self.old)

    async def tell(self, wire: Unwired) -> None:
        """Tells it as often as the dispatcher would."""
        for _ in range(5):
            try:
                return await self.story.told(self.worker(wire), self.story.answer)
            except Undelivered:
                self.ticket = replace(self.ticket, again=True)
        raise AssertionError("never delivered")


def faults(scene: Scene, trouble: Trouble, *answers: Answer) -> Iterator[str]:
    """What a person would find wrong with what stands there in the end."""
    connector = scene.connector
    shown = connector.answers
    texts = [message.text for message in shown]
    if scene.story.fails:
        told = [message.text for message in connector.messages if message.text.startswith("No model.")]
        if len(told) != 1 or shown:
            yield f"told {len(told)} times, answers: {texts}"
    elif texts not in [[post.text for post in answered(answer)] for answer in answers]:
        yield f"not one whole answer: {[text[:30] for text in texts]}"
    if any(bool(message.activity.get("channelData")) != (message is shown[-1]) for message in shown):
        yield "thumbs elsewhere than below the last part"
    pressed = [title for message in connector.messages for title, _ in message.buttons if title != "Stop"]
    wanted = ["Ask again"] if scene.story.fails else BUTTONS
    if pressed not in ([wanted, []] if trouble.status or trouble.parts else [wanted]):
        yield f"buttons: {pressed}"
    if any(connector.streams.fixed(message.id, "PUT", connector.clock()) for message in shown):
        yield "it still grows"
    yield from beside(connector.messages, shown, trouble)


def beside(messages: list[Sent], shown: list[Sent], trouble: Trouble) -> Iterator[str]:
    """What stands beside the answer and should not: nothing but what an answer that was lost left behind."""
    rest = [it.text for it in messages if it not in shown and it.text and not it.text.startswith("No model.")]
    if len(rest) > bool(trouble.taken or trouble.status or trouble.parts) or not EMPTY.issuperset(rest):
        yield f"beside it: {rest}"


def played(play: Callable[[], Coroutine[Any, Any, list[str]]]) -> list[str]:
    with asyncio.Runner(loop_factory=Hurried) as runner:
        return runner.run(play())


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(monotonic=lambda: asyncio.get_running_loop().time(), time=lambda: 1.8e9)
    monkeypatch.setattr(teams_stream, "time", clock)
    monkeypatch.setattr(teams_message, "TEXT", ROOM)


async def tried(story: Story, trouble: Trouble, lasting: Lasting, latest: float = math.inf) -> list[str]:
    """The faults that are found with the trouble at each call in turn, and all later ones for which it is `lasting`."""
    found: list[str] = []
    for at in itertools.count():
        scene = await Scene(story).begin()
        wire, begun = Unwired(scene.connector, trouble, at, lasting), scene.connector.clock()
        await scene.tell(wire)
        took = scene.connector.clock() - begun
        if not wire.struck.is_set():
            break
        wrong = [*faults(scene, trouble, story.answer), *(["too late"] if took > latest else [])]
        found += [f"{at} {wire.calls} {took:.1f}: {fault}" for fault in wrong]
    return found


async def taken_over(story: Story, trouble: Trouble, another: bool, lives: bool) -> list[str]:
    """The faults that are found where the work is taken over at each call in turn, from whoever dies there or not."""
    found: list[str] = []
    second = replace(story, answer=OTHERS[story.answer.trace_id] if another else story.answer)
    for at in itertools.count():
        scene = await Scene(story).begin()
        wire, ticket = Unwired(scene.connector, trouble, at), scene.ticket
        first = asyncio.ensure_future(scene.tell(wire))
        await asyncio.wait([first, struck := asyncio.ensure_future(wire.struck.wait())], return_when="FIRST_COMPLETED")
        if struck.cancel():
            break
        if not lives:
            first.cancel()
        scene.story, scene.ticket = second, replace(ticket, again=True, posted=dict(ticket.posted))
        ticket.valid_until = 0.0
        await scene.tell(Unwired(scene.connector))
        wire.goes_on.set()
        with contextlib.suppress(Superseded, asyncio.CancelledError):
            await first
        found += [f"{at} {wire.calls}: {it}" for it in faults(scene, trouble, story.answer, second.answer)]
    return found


@pytest.mark.parametrize("story", STORIES)
def test_one_call_goes_wrong(story: str) -> None:
    async def play() -> list[str]:
        troubles = TROUBLES.items()
        return [f"{name}: {it}" for name, how in troubles for it in await tried(STORIES[story], how, once, LATEST)]

    assert not played(play)


@pytest.mark.parametrize("story", [name for name in STORIES if "chat" in name or "streamed" in name])
def test_no_stream_goes_on_after_a_call(story: str) -> None:
    async def play() -> list[str]:
        return [f"{name}: {it}" for name in LASTING for it in await tried(STORIES[story], TROUBLES[name], streamed)]

    assert not played(play)


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("another", [False, True], ids=["the same answer", "another answer"])
@pytest.mark.parametrize("lives", [False, True], ids=["died", "goes on"])
def test_another_worker_takes_over_at_a_call(story: str, another: bool, lives: bool) -> None:
    async def play() -> list[str]:
        return [fault for trouble in PARTED for fault in await taken_over(STORIES[story], trouble, another, lives)]

    assert not played(play)
