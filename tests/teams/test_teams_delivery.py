"""A placeholder is posted and recorded first, and the answer edited into it: never twice, whatever Teams does."""

import asyncio
import time
from dataclasses import replace

import pytest
from aiohttp import web

from bot.errors import ModelDown, StateDown, Stopped, Undelivered
from bot.ticket import FreeTicket, Superseded
from tests.teams import standin
from tests.teams.conftest import ANSWER, until
from tests.teams.desk import LONG, Desk, Unrecorded
from tests.teams.sealing import named
from tests.teams.standin import refusal

BUTTONS = ["POST", "PUT"]  # which are a message of their own here


async def test_waiting_becomes_searching_and_then_the_answer_in_one_message(desk: Desk) -> None:
    ticket = FreeTicket()
    reply = desk.worker(ticket)
    await reply.waiting("3 before you")
    await until(lambda: desk.connector.texts == ["3 before you"])
    await reply.status("Searching <b>…")
    await until(lambda: desk.connector.texts == ["Searching &lt;b>…"])
    await reply.write("You have")
    assert await reply.finish(ANSWER) == f"{desk.turn.conversation}:answer-1"
    assert desk.connector.methods == ["POST", "PUT", "PUT", *BUTTONS]
    assert ticket.posted == {0: "answer-1", 1: "answer-2"}
    assert len(desk.connector.answers) == 1


async def test_that_a_question_waits_is_shown_before_its_lease_ends(desk: Desk) -> None:
    ticket = FreeTicket()
    await desk.worker(ticket).waiting("3 before you")
    ticket.valid_until = 0.0
    assert (desk.connector.texts, ticket.posted) == (["3 before you"], {0: "answer-1"})
    later = FreeTicket(posted=ticket.posted)
    await desk.worker(later).waiting("2 before you")
    later.valid_until = 0.0
    assert desk.connector.texts == ["2 before you"]
    await desk.worker(FreeTicket(posted=ticket.posted)).finish(ANSWER)
    assert desk.connector.methods == ["POST", "PUT", "PUT", *BUTTONS]


@pytest.mark.parametrize("answer", ["put off", "refused", "nonsense"])
async def test_that_a_question_waits_is_tried_once_and_never_raises(desk: Desk, answer: str) -> None:
    refusals = {
        "put off": refusal(429, Retry_After="600"),
        "refused": refusal(403),
        "nonsense": web.Response(text="[" * 100_000, status=201, content_type="application/json"),
    }
    desk.connector.refusals.append(refusals[answer])
    reply = desk.worker(FreeTicket())
    await reply.waiting("3 before you")
    assert (desk.connector.calls, desk.connector.texts) == (1, [])
    await reply.finish(ANSWER)
    assert len(desk.connector.answers) == 1


async def test_growing_words_are_not_shown_yet(desk: Desk) -> None:
    reply = desk.worker(FreeTicket())
    await reply.write("You have")
    await until(lambda: desk.connector.texts == ["…"])
    await reply.write(" 25 days")
    await reply.finish(ANSWER)
    assert desk.connector.methods == ["POST", "PUT", *BUTTONS]


async def test_the_placeholder_can_be_stopped_and_the_answer_not(desk: Desk) -> None:
    reply = desk.worker(FreeTicket())
    await reply.status("Searching …")
    await until(lambda: desk.connector.messages)
    assert desk.connector.messages[0].buttons == [("Stop", {"hausgeist": "stop", "place": desk.turn.conversation})]
    await reply.finish(ANSWER)
    assert not desk.connector.messages[0].buttons


async def test_a_worker_that_takes_over_edits_the_message_that_it_finds(desk: Desk) -> None:
    first = FreeTicket()
    await desk.worker(first).status("Searching …")
    await until(lambda: first.posted)
    await desk.worker(FreeTicket(again=True, posted=dict(first.posted))).finish(ANSWER)
    assert desk.connector.methods == ["POST", "PUT", *BUTTONS]
    assert len(desk.connector.answers) == len(desk.connector.texts) == 1


async def test_a_crash_before_the_record_leaves_one_empty_placeholder_and_one_answer(desk: Desk) -> None:
    desk.connector.lost = 1
    crashed = desk.worker(FreeTicket())
    await crashed.status("Searching …")
    await until(lambda: desk.connector.sent)
    await desk.worker(FreeTicket(again=True)).finish(ANSWER)
    assert desk.connector.texts[0] == "Searching …"
    assert [message.id for message in desk.connector.answers] == ["answer-2"]


async def test_who_was_superseded_takes_the_placeholder_back_and_says_nothing(desk: Desk) -> None:
    reply = desk.worker(Unrecorded(Superseded(), Superseded(), Superseded()))
    await reply.status("Searching …")
    await until(lambda: desk.connector.methods == ["POST", "DELETE"])
    with pytest.raises(Superseded):
        await reply.finish(ANSWER)
    with pytest.raises(Superseded):
        await reply.fail(ModelDown("No model."), "t")
    assert not desk.connector.messages


async def test_who_is_stopped_before_the_record_takes_the_placeholder_back(desk: Desk) -> None:
    with pytest.raises(asyncio.CancelledError):
        await desk.worker(Unrecorded(asyncio.CancelledError())).finish(ANSWER)
    assert desk.connector.methods == ["POST", "DELETE"]


async def test_what_redis_did_not_note_is_taken_back_and_posted_anew(desk: Desk) -> None:
    await desk.worker(Unrecorded(StateDown("Redis does not answer."))).finish(ANSWER)
    assert desk.connector.methods == ["POST", "DELETE", "POST", "PUT", *BUTTONS]
    assert len(desk.connector.answers) == len(desk.connector.texts) == 1


async def test_without_leave_nothing_is_posted_and_an_answer_only_edited(desk: Desk) -> None:
    over = FreeTicket(valid_until=0.0)
    reply = desk.worker(over)
    await reply.status("Searching …")
    for conclude in (reply.finish(ANSWER), reply.fail(ModelDown("No model."), "t")):
        with pytest.raises(Superseded):
            await conclude
    assert not desk.connector.sent

    owner = FreeTicket()
    await desk.worker(owner).status("Searching …")
    await until(lambda: owner.posted)
    over.posted.update(owner.posted)
    await desk.worker(over).finish(ANSWER)
    with pytest.raises(Superseded):
        await desk.worker(over).fail(ModelDown("No model."), "t")
    assert len(desk.connector.answers) == 1


@pytest.mark.parametrize("status", [412, 429, 500, 502, 504, None])
async def test_what_teams_puts_off_is_said_later(desk: Desk, status: int | None) -> None:
    for _ in range(2):
        desk.connector.refusals.append(refusal(status, Retry_After="0") if status else None)
    await desk.worker(FreeTicket()).finish(ANSWER)
    assert len(desk.connector.answers) == len(desk.connector.texts) == 1


async def test_a_storm_of_429_is_sat_out_as_long_as_teams_says(desk: Desk) -> None:
    desk.connector.refusals.extend([refusal(429, Retry_After="0.6"), refusal(429, Retry_After="0.6")])
    started = time.monotonic()
    await desk.worker(FreeTicket()).finish(ANSWER)
    assert time.monotonic() - started >= 1.2
    assert desk.connector.calls == 6


async def test_status_does_not_wait_for_teams_nor_hold_the_answer_up(desk: Desk) -> None:
    desk.connector.refusals.append(refusal(429, Retry_After="600"))
    reply = desk.worker(FreeTicket())
    await reply.status("Searching …")
    await until(lambda: desk.connector.calls)
    await reply.finish(ANSWER)
    assert len(desk.connector.answers) == 1


async def test_an_edit_whose_receipt_was_lost_is_repeated(desk: Desk) -> None:
    ticket = FreeTicket()
    reply = desk.worker(ticket)
    await reply.status("Searching …")
    await until(lambda: ticket.posted)
    desk.connector.lost = 1
    await reply.finish(ANSWER)
    assert desk.connector.methods == ["POST", "PUT", "PUT", *BUTTONS]
    assert len(desk.connector.texts) == 1


async def test_what_teams_does_not_take_in_time_is_undelivered(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.connector.refusals.append(refusal(429, Retry_After="900"))
    with pytest.raises(Undelivered, match="Teams did not take the answer"):
        await desk.worker(FreeTicket(), patience=0.3).finish(ANSWER)
    errors = [record for record in caplog.records if record.levelname == "ERROR"]
    assert [getattr(record, "trace_id", "") for record in errors] == [ANSWER.trace_id]


@pytest.mark.parametrize(("status", "headers"), [(403, {}), (400, {}), (307, {"Location": "/elsewhere"})])
async def test_what_teams_refuses_as_it_is_is_undelivered_at_once(
    desk: Desk, status: int, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    desk.connector.refusals.append(refusal(status, **headers))
    with pytest.raises(Undelivered):
        await desk.worker(FreeTicket()).fail(ModelDown("No model."), "t")
    assert desk.connector.calls == 1
    assert f"{status} Refused" in caplog.text


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (403, "ConversationBlockedByUser"),
        (403, "BotNotInConversationRoster"),
        (403, "BotDisabledByAdmin"),
        (403, "MessageWritesBlocked"),
        (404, "ConversationNotFound"),
        (401, "BotNotRegistered"),
    ],
)
async def test_where_nobody_can_be_reached_it_is_logged_and_over(
    desk: Desk, status: int, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    desk.connector.refusals.extend([refusal(status, code), refusal(status, code)])
    assert await desk.worker(FreeTicket()).finish(ANSWER) == ""
    await desk.worker(FreeTicket()).fail(ModelDown("No model."), "t")
    assert desk.connector.calls == 2
    assert code in caplog.text


async def test_an_answer_stands_even_if_someone_deleted_its_placeholder(desk: Desk) -> None:
    ticket = FreeTicket()
    reply = desk.worker(ticket)
    await reply.status("Searching …")
    await until(lambda: ticket.posted)
    desk.connector.remove("answer-1")
    assert (await reply.finish(ANSWER)).endswith(":answer-2")
    assert ticket.posted == {0: "answer-2", 1: "answer-3"}
    assert len(desk.connector.answers) == len(desk.connector.texts) == 1


async def test_a_long_answer_is_finished_by_another_worker_part_by_part(desk: Desk) -> None:
    first = FreeTicket()
    whole = await desk.worker(first).finish(LONG)
    parts = desk.connector.texts
    assert len(parts) > 2
    half = FreeTicket(again=True, posted={0: first.posted[0], 1: first.posted[1]})
    desk.connector.remove(first.posted[2])
    assert await desk.worker(half).finish(LONG) != whole
    assert desk.connector.texts == parts


async def test_parts_of_two_workers_do_not_mix(desk: Desk) -> None:
    owner = FreeTicket()
    await desk.worker(owner).finish(LONG)
    shown = desk.connector.texts
    for answer in (ANSWER, replace(LONG, text="z" * 40_000)):
        with pytest.raises(Superseded):
            await desk.worker(FreeTicket(posted=dict(owner.posted), valid_until=0.0)).finish(answer)
    assert desk.connector.texts == shown


async def test_parts_left_over_from_a_longer_attempt_are_deleted(desk: Desk) -> None:
    ticket = FreeTicket()
    await desk.worker(ticket).finish(LONG)
    await desk.worker(ticket).finish(ANSWER)
    assert [message.id for message in desk.connector.messages] == ["answer-1", "answer-2"]
    await desk.worker(ticket).fail(Stopped("You stopped it."), "t")
    assert desk.connector.texts == ["You stopped it.\n\nIf you ask about it, quote `t`."]


async def test_what_may_help_later_can_be_asked_again(desk: Desk) -> None:
    ticket = FreeTicket()
    await desk.worker(ticket).fail(ModelDown("No model."), "trace-9")
    again = {"hausgeist": "again", "kept": "trace-9"}
    assert desk.connector.messages[0].buttons == [("Ask again", again)]
    await desk.worker(ticket).finish(replace(ANSWER, makeshift=True, language="de", trace_id="trace-9"))
    makeshift, below = desk.connector.messages
    assert makeshift.labelled
    assert not makeshift.buttons
    title, data = below.buttons[0]
    assert (title, {**data, "replaces": ""}) == ("Noch einmal fragen", {**again, "replaces": ""})
    assert named(data) == "answer-1 answer-2"


async def test_a_wrong_password_is_named_in_the_log_and_nothing_sent(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(standin, "PASSWORD", "another")
    with pytest.raises(Undelivered):
        await desk.worker(FreeTicket(), patience=0.5).finish(ANSWER)
    assert "AADSTS7000215" in caplog.text
    assert not desk.connector.sent


async def test_a_placeholder_that_fails_as_nobody_expected_costs_the_answer_nothing(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    reply = desk.worker(Unrecorded(RuntimeError("nobody thought of it")))
    await reply.status("searching")
    await until(lambda: caplog.records)
    await reply.finish(ANSWER)
    assert len(desk.connector.answers) == 1
    assert [getattr(record, "error", "") for record in caplog.records] == ["RuntimeError"]


async def test_where_messages_get_no_ids_the_answer_is_posted_once(desk: Desk) -> None:
    await posted_once(desk)


async def test_nor_is_it_posted_twice_in_a_chat_without_ids(chat: Desk) -> None:
    await posted_once(chat)


async def posted_once(there: Desk) -> None:
    there.connector.naive = there.connector.nameless = True
    reply = there.worker(FreeTicket())
    await reply.status("Searching …")
    await reply.write("You have")
    await reply.finish(ANSWER)
    (answer,) = there.connector.answers
    assert answer.text.startswith("You have **25 days**")
    assert "PUT" not in there.connector.methods
    assert len(there.connector.messages) <= 4
