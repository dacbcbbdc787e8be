"""The inbox, on a real Valkey: once, in order, fairly, within bounds, whoever dies in between."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest
from redis.asyncio import Redis

from bot import inbox as inboxes
from bot import keys
from bot.answers import Answer, Source
from bot.errors import StateDown
from bot.events import Edited, File, Person, Turn
from bot.inbox import Inbox, Job, merged
from bot.retention import enforce
from bot.seal import Seal
from tests.bot.house import KEY
from tests.bot.test_assistant import dump

NOW = time.time()
MARA, LENA = Person("test:mara", "Mara"), Person("test:lena", "Lena")


@pytest.fixture
def inbox(redis: Redis) -> Inbox:
    return Inbox(redis, Seal(KEY), lease_seconds=0.3)


def message(name: str, conversation: str = "c1", person: Person = MARA, **changes: object) -> Turn:
    turn = Turn(f"e-{name}", f"m-{name}", "test", conversation, person, f"What of {name}?", sent_at=NOW + len(name))
    return replace(turn, **changes)  # type: ignore[arg-type]  # the tests name the fields


async def take(inbox: Inbox) -> Job:
    job = await inbox.take()
    assert job
    return job


async def test_a_message_comes_back_whole_and_once(inbox: Inbox) -> None:
    asked = message("a", reply_to={"channel": "C1"}, private=True, person=Person("p", "P", frozenset({"hr"})))
    twin = replace(asked, event_id="another event of the same message")
    assert [await inbox.accept(turn) for turn in (asked, asked, twin)] == ["taken", "seen", "seen"]
    job = await take(inbox)
    assert job.turns == (asked,)
    assert await inbox.take() is None
    assert await inbox.settle(job)
    assert await inbox.take() is None
    assert await inbox.accept(twin) == "seen"


async def test_what_waits_is_sealed(inbox: Inbox, redis: Redis) -> None:
    await inbox.accept(message("ann.meier@firm.example"))
    for key in await redis.keys():
        assert b"ann.meier@firm.example?" not in (await redis.dump(key) or b"")


async def test_messages_in_a_row_are_merged_in_the_order_they_were_sent(inbox: Inbox) -> None:
    for name in ("ccc", "a", "bb"):
        await inbox.accept(message(name))
    job = await take(inbox)
    turn = merged(job.turns)
    assert turn.text == "What of a?\nWhat of bb?\nWhat of ccc?"
    assert turn.messages == ("m-a", "m-bb", "m-ccc")
    assert turn.message_id == "m-a"


async def test_two_people_in_one_thread_are_answered_one_after_the_other(inbox: Inbox) -> None:
    for name, person in (("a", MARA), ("bb", MARA), ("ccc", LENA), ("dddd", MARA)):
        await inbox.accept(message(name, person=person))
    asked = []
    while job := await inbox.take():
        asked.append([turn.message_id for turn in job.turns])
        await inbox.settle(job)
    assert asked == [["m-a", "m-bb"], ["m-ccc"], ["m-dddd"]]


async def test_what_arrives_while_an_answer_runs_is_the_next_turn(inbox: Inbox) -> None:
    await inbox.accept(message("a"))
    job = await take(inbox)
    await inbox.accept(message("bb"))
    await inbox.accept(message("ccc"))
    assert await inbox.take() is None
    await inbox.settle(job)
    assert [turn.message_id for turn in (await take(inbox)).turns] == ["m-bb", "m-ccc"]


async def test_a_worker_that_dies_is_followed_by_one_that_knows_what_it_posted(inbox: Inbox) -> None:
    await inbox.accept(message("a"))
    first = await take(inbox)
    assert not first.again
    assert await inbox.record(first, "ts-1", 0)
    await inbox.accept(message("bb"))
    second = await after_the_lease(inbox)
    assert (second.posted, second.again, second.tries) == ({0: "ts-1"}, True, 2)
    assert [turn.message_id for turn in second.turns] == ["m-a"]
    assert int(second.fence) > int(first.fence)


async def test_who_lost_the_lease_can_do_nothing_any_more(inbox: Inbox) -> None:
    await inbox.accept(message("a"))
    first = await take(inbox)
    second = await after_the_lease(inbox)
    assert not await inbox.record(first, "ts-1", 0)
    assert not await inbox.settle(first)
    await inbox.release(first)
    assert await inbox.renew([first, second]) == ["lost", "held"]
    assert await inbox.settle(second)


async def test_a_renewed_lease_does_not_end(inbox: Inbox) -> None:
    await inbox.accept(message("a"))
    job = await take(inbox)
    for _ in range(5):
        await asyncio.sleep(0.1)
        assert await inbox.renew([job]) == ["held"]
        assert await inbox.take() is None


async def test_a_flood_of_one_person_delays_nobody_else(inbox: Inbox) -> None:
    for n in range(inboxes.PER_PERSON + 1):
        outcome = await inbox.accept(message(f"flood {n}", conversation=f"flood {n}"))
    assert outcome == "full"
    await inbox.accept(message("lena's", conversation="lena's", person=LENA))
    await inbox.accept(message("lena's next", conversation="lena's next", person=LENA))
    order = []
    while job := await inbox.take():
        order.append(job.conversation)
        await inbox.settle(job)
    assert order.index("lena's") == 1
    assert order.index("lena's next") == 3
    assert len(order) == inboxes.PER_PERSON + 2


async def test_one_conversation_holds_so_much_and_no_more(inbox: Inbox) -> None:
    outcomes = [await inbox.accept(message(f"{n}")) for n in range(inboxes.PER_CONVERSATION + 2)]
    assert outcomes.count("full") == 2
    job = await take(inbox)
    assert len(job.turns) == inboxes.MERGED_MESSAGES


async def test_given_back_it_is_taken_again_and_does_not_count(inbox: Inbox) -> None:
    await inbox.accept(message("a"))
    await inbox.release(await take(inbox))
    job = await take(inbox)
    assert job.tries == 1
    await inbox.release(job, 0.1, counts=True)
    assert await inbox.take() is None
    await asyncio.sleep(0.15)
    assert (await take(inbox)).tries == 2


async def time_passes(redis: Redis) -> None:
    """Who waits is to be told so."""
    for conversation in await redis.zrange("hg:{inbox}:untold", 0, -1):
        await redis.zadd("hg:{inbox}:untold", {conversation: 0})  # type: ignore[type-var]  # undecoded


async def test_who_waits_is_told_how_many_come_first(inbox: Inbox, redis: Redis) -> None:
    for name, person in (("a", MARA), ("bb", LENA)):
        await inbox.accept(message(name, conversation=name, person=person))
    assert await inbox.notice() is None
    running = await take(inbox)
    await time_passes(redis)
    told = await inbox.notice()
    assert told
    assert (told.conversation, told.ahead) == ("bb", 1)
    assert await inbox.take() is None, "while it is told, nobody answers it"
    assert await inbox.record(told, "ts-1", 0)
    await inbox.release(told)
    assert await inbox.notice() is None
    await inbox.settle(running)
    assert ((await take(inbox)).posted, (await inbox.line()).running) == ({0: "ts-1"}, 1)


async def test_everybody_who_waits_is_told_however_many(inbox: Inbox, redis: Redis) -> None:
    for n in range(150):
        await inbox.accept(message(f"{n}", conversation=f"c{n}", person=Person(f"p{n}")))
    await time_passes(redis)
    told = set()
    while job := await inbox.notice():
        told.add(job.conversation)
        await inbox.release(job)
    assert len(told) == 150
    order = [(await take(inbox)).conversation for _ in range(150)]
    assert order == [f"c{n}" for n in range(150)]


async def test_a_worker_with_all_turns_but_one_in_one_person_s_hands_takes_somebody_else_s(inbox: Inbox) -> None:
    for name, person in (("1", MARA), ("2", MARA), ("3", LENA)):
        await inbox.accept(message(name, conversation=name, person=person))
    assert [job and job.conversation for job in (await inbox.take(MARA.id), await inbox.take(MARA.id))] == ["3", None]
    assert (await take(inbox)).conversation == "1"


async def test_whoever_takes_a_turn_is_told_how_many_stand_in_line_behind_it(inbox: Inbox) -> None:
    for number in range(3):
        await inbox.accept(message("a" * (number + 1), conversation=str(number)))
    assert [(await take(inbox)).behind for _ in range(3)] == [2, 1, 0]


async def test_what_was_refused_for_want_of_room_may_come_again(inbox: Inbox) -> None:
    for n in range(inboxes.PER_CONVERSATION):
        await inbox.accept(message(f"{n}"))
    late = message("late")
    assert [await inbox.accept(late), await inbox.accept(late)] == ["full", "seen"]
    while job := await inbox.take():
        await inbox.settle(job)
    assert await inbox.accept(replace(late, event_id="pressed again")) == "taken"


async def test_deleted_before_it_came_it_is_not_taken(inbox: Inbox) -> None:
    assert not await inbox.withdraw("c1", "m-a")
    assert await inbox.accept(message("a")) == "seen"
    assert await inbox.edit(Edited("e", "v", message("a"))) == "seen"


async def test_what_is_deleted_is_neither_replayed_nor_asked_again(inbox: Inbox) -> None:
    for name in ("a", "bb"):
        await inbox.accept(message(name))
    job = await take(inbox)
    await inbox.keep("trace-1", merged(job.turns))
    await inbox.park(job, "trace-1", {})
    await inbox.withdraw("c1", "m-a")
    assert await inbox.kept("trace-1") is None
    assert await inbox.replay("trace-1")
    assert (await take(inbox)).turns == (message("bb"),)


async def test_replayed_while_its_conversation_is_put_off_it_waits_with_it_in_order(inbox: Inbox) -> None:
    for name in ("bb", "a"):
        await inbox.accept(message(name))
    await inbox.park(await take(inbox), "trace-1", {})
    await inbox.accept(message("ccc", sent_at=NOW))
    await inbox.release(await take(inbox), 0.1)
    assert await inbox.replay("trace-1")
    assert await inbox.take() is None
    await asyncio.sleep(0.15)
    assert [turn.message_id for turn in (await take(inbox)).turns] == ["m-ccc"]
    assert not await inbox.drop("trace-1")


async def test_an_edit_changes_what_waits_and_offers_what_is_answered(inbox: Inbox) -> None:
    def edit(name: str, version: str) -> Edited:
        return Edited(f"e-{version}", version, message(name, text="Something else?"))

    await inbox.accept(message("a"))
    assert await inbox.edit(edit("a", "v1")) == "replaced"
    assert await inbox.edit(edit("a", "v1")) == "seen"
    job = await take(inbox)
    assert job.turns[0].text == "Something else?"
    assert await inbox.edit(edit("a", "v2")) == "answered"
    assert await inbox.edit(edit("never seen", "v3")) == "taken"


async def test_what_is_deleted_while_it_waits_or_runs_is_withdrawn(inbox: Inbox) -> None:
    for name in ("a", "bb"):
        await inbox.accept(message(name))
    assert await inbox.withdraw("c1", "m-a")
    gone = await take(inbox)
    assert merged(gone.turns).withdrawn
    await inbox.settle(gone)
    job = await take(inbox)
    assert merged(job.turns).text == "What of bb?"
    await inbox.withdraw("c1", "m-bb")
    assert await inbox.renew([job]) == ["stop"]
    assert not await inbox.withdraw("c1", "m-unknown")


async def test_of_two_merged_messages_one_is_deleted_and_the_other_one_answered(inbox: Inbox) -> None:
    for name in ("a", "bb"):
        await inbox.accept(message(name))
    job = await take(inbox)
    await inbox.withdraw("c1", "m-a")
    assert await inbox.renew([job]) == ["changed"]
    await inbox.release(job)
    job = await take(inbox)
    assert (merged(job.turns).text, job.stop) == ("What of bb?", False)


async def test_an_edit_from_before_what_we_remember_gives_no_answer_by_itself(inbox: Inbox) -> None:
    assert await inbox.edit(Edited("e", "v", message("a", sent_at=NOW - 2 * 86400))) == "answered"


async def test_texts_that_expired_hold_up_nobody(inbox: Inbox, redis: Redis) -> None:
    await inbox.accept(message("a"))
    await inbox.accept(message("bb", conversation="c2"))
    await redis.delete("hg:{inbox}:text:c1")
    assert (await take(inbox)).conversation == "c2"
    assert await inbox.take() is None


async def test_a_full_redis_lets_go_on_what_runs(inbox: Inbox, redis: Redis) -> None:
    await inbox.accept(message("a"))
    job = await take(inbox)
    await redis.config_set("maxmemory", "1")
    try:
        assert await inbox.renew([job]) == ["held"]
        assert await inbox.record(job, "ts-1", 0)
        with pytest.raises(StateDown):
            await inbox.accept(message("bb"))
        assert await inbox.settle(job)
    finally:
        await redis.config_set("maxmemory", "0")


async def test_a_turn_of_another_release_is_read_as_far_as_it_is_known(inbox: Inbox, redis: Redis) -> None:
    await inbox.accept(message("a"))
    place = "hg:{inbox}:text:c1"
    stored: Any = await redis.hget(place, "m-a")
    person, _, sealed = stored.partition(b"\n")
    fields = orjson.loads(Seal(KEY).open(sealed, place) or "")
    newer = Seal(KEY).close(orjson.dumps(fields | {"mood": "curious"}).decode(), place)
    await redis.hset(place, "m-a", person + b"\n" + newer)
    assert (await take(inbox)).turns == (message("a"),)


async def test_stop_ends_what_runs_and_what_waits_of_one_person_in_one_place(inbox: Inbox) -> None:
    for name, person in (("x:1", MARA), ("x:2", MARA), ("x:3", LENA), ("y:1", MARA)):
        await inbox.accept(message(name, conversation=name, person=person))
    running = await take(inbox)
    assert running.conversation == "x:1"
    await inbox.accept(message("x:1 lena", conversation="x:1", person=LENA))
    await inbox.accept(message("x:1 then", conversation="x:1"))
    assert await inbox.stop(MARA.id, "x:") == 3
    assert await inbox.renew([running]) == ["stop"]
    await inbox.settle(running)
    stopped = []
    while job := await inbox.take():
        stopped.append((job.turns[0].message_id, job.stop))
        await inbox.settle(job)
    assert sorted(stopped) == [
        ("m-x:1 lena", False), ("m-x:1 then", True), ("m-x:2", True), ("m-x:3", False), ("m-y:1", False)
    ]  # fmt: skip
    assert await inbox.stop(MARA.id, "nowhere") == 0


async def test_what_failed_too_often_is_parked_and_can_be_replayed(inbox: Inbox) -> None:
    await inbox.accept(message("a"))
    await inbox.park(await take(inbox), "trace-1", {"reason": "failed too often"})
    assert await inbox.take() is None
    (parked,) = await inbox.parked()
    assert (parked.id, parked.conversation, parked.facts) == ("trace-1", "c1", {"reason": "failed too often"})
    assert await inbox.replay("trace-1")
    assert not await inbox.replay("trace-1")
    assert (await take(inbox)).turns == (message("a"),)
    assert not await inbox.parked()


async def test_a_kept_question_can_be_asked_again(inbox: Inbox) -> None:
    await inbox.keep("trace-1", message("a"))
    assert await inbox.kept("trace-1") == message("a")
    assert await inbox.kept("trace-2") is None


async def test_a_turn_of_the_release_before_is_read_as_if_put_to_us(inbox: Inbox, redis: Redis) -> None:
    new = {"call", "opens", "place", "discreet", "files", "notices", "shares"}
    await inbox.accept(message("a"))
    await rewritten(redis, "hg:{inbox}:text:c1", lambda turn: {k: v for k, v in turn.items() if k not in new})
    assert (await take(inbox)).turns == (message("a"),)


async def test_files_of_a_newer_release_are_read_as_far_as_they_are_known(inbox: Inbox, redis: Redis) -> None:
    asked = message("a", files=(File("plan.pdf", "application/pdf", 9, "F1"),), notices=("A line.",))
    await inbox.accept(asked)
    newer = {"files": [{"name": "plan.pdf", "kind": "application/pdf", "size": 9, "link": "F1", "pages": 3}]}
    await rewritten(redis, "hg:{inbox}:text:c1", lambda turn: turn | newer)
    assert (await take(inbox)).turns == (asked,)


async def rewritten(redis: Redis, place: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Writes the turn m-a as another release would have."""
    stored: Any = await redis.hget(place, "m-a")
    person, _, sealed = stored.partition(b"\n")
    fields = change(orjson.loads(Seal(KEY).open(sealed, place) or ""))
    await redis.hset(place, "m-a", person + b"\n" + Seal(KEY).close(orjson.dumps(fields).decode(), place))


async def test_a_conversation_that_opens_is_ours_for_a_month_or_as_long_as_is_set(inbox: Inbox, redis: Redis) -> None:
    await inbox.accept(message("a"))
    await inbox.accept(message("bb", conversation="c2", opens=True))
    await inbox.edit(Edited("e1", "v1", message("ccc", conversation="c3", opens=True, sent_at=time.time())))
    await inbox.own("c4")
    assert [await inbox.ours(f"c{n}") for n in range(1, 5)] == [False, True, True, True]
    for number in range(2, 5):
        assert 0 <= 30 * keys.DAY - await redis.ttl(f"hg:{{inbox}}:ours:c{number}") < 60
    await enforce(redis, time.time() + 2 * keys.DAY, {"conversation": 3})
    assert 0 < await redis.ttl("hg:{inbox}:ours:c2") <= 3 * keys.DAY
    await enforce(redis, time.time() + 4 * keys.DAY, {"conversation": 3})
    assert not await inbox.ours("c2")


ANSWER = Answer(
    "Write to ann.meier@firm.example. [1]",
    "trace-1",
    (Source(1, "a.md", "Abc", "An excerpt", "https://a.example", "Ann", "2019-05-01", stale=True),),
    language="de",
    masked=("EMAIL_ADDRESS",),
    notices=("A line.",),
    title="Whom?",
)


async def test_an_answer_to_be_shared_comes_back_whole_and_stands_nowhere_in_clear(inbox: Inbox, redis: Redis) -> None:
    await inbox.keep_answer("trace-1", message("a"), ANSWER)
    assert await inbox.kept_answer("trace-1") == (MARA.id, ANSWER)
    assert await inbox.kept_answer("trace-2") is None
    assert await inbox.kept("trace-1") is None
    held = await dump(redis)
    assert not [word for word in (b"ann.meier", b"excerpt", b"mara") if word in held]
    assert 0 < await redis.ttl("hg:{inbox}:kept:answer:trace-1") <= keys.KEPT_SECONDS
    assert await Inbox(redis, Seal(bytes(32))).kept_answer("trace-1") is None


async def test_a_question_that_is_withdrawn_takes_what_was_kept_of_it_along(inbox: Inbox, redis: Redis) -> None:
    for number, merged_in in enumerate((("m-a", "m-bb"), ("m-ccc",))):
        await inbox.keep(f"trace-{number}", message("a", merged=merged_in))
        await inbox.keep_answer(f"trace-{number}", message("a", merged=merged_in), ANSWER)
    await inbox.withdraw("c1", "m-bb")
    assert [await inbox.kept(f"trace-{n}") is None for n in (0, 1)] == [True, False]
    assert [await inbox.kept_answer(f"trace-{n}") is None for n in (0, 1)] == [True, False]


async def test_every_key_expires_and_nothing_is_left_of_what_is_done(inbox: Inbox, redis: Redis) -> None:
    for n in range(3):
        await inbox.accept(message(f"{n}", conversation=f"c{n}"))
    while job := await inbox.take():
        await inbox.record(job, "ts", 0)
        await inbox.settle(job)
    for key in await redis.keys():
        assert await redis.ttl(key) > 0, key
    left = {str(key).partition("hg:{inbox}:")[2].strip("'").split(":")[0] for key in await redis.keys()}
    assert left == {"seen", "fence", "bell", "anchor"}


async def test_with_another_key_nothing_is_lost_and_nothing_is_read(inbox: Inbox, redis: Redis) -> None:
    await inbox.accept(message("a"))
    (turn,) = (await take(Inbox(redis, Seal(bytes(32)), lease_seconds=0.1))).turns
    assert (turn.withdrawn, turn.text, turn.platform) == (True, "", "")
    assert (await after_the_lease(inbox)).turns == (message("a"),)


async def after_the_lease(inbox: Inbox) -> Job:
    while not (job := await inbox.take()):
        await asyncio.sleep(0.02)
    return job
