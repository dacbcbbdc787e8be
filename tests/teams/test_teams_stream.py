"""An answer in a personal chat grows natively, and whatever becomes of its stream, it stands there once and whole."""

import asyncio
from dataclasses import replace

import pytest

from adapters import teams_stream
from adapters.teams_reply import TeamsReply
from bot.answers import Answer
from bot.errors import ModelDown, StateDown, Stopped
from bot.ticket import FreeTicket, Superseded
from tests.teams.conftest import ANSWER, until
from tests.teams.connector import refusal
from tests.teams.desk import LONG, Desk, Unrecorded
from tests.teams.sealing import named

SOURCES = "\n\n**Sources**\n\n"


async def begun(chat: Desk, ticket: FreeTicket, *words: str) -> TeamsReply:
    """A reply that has shown what it does, and these words of the answer."""
    reply = chat.worker(ticket)
    await reply.status("Searching …")
    await until(lambda: chat.connector.texts == ["Searching …"] and ticket.posted)
    said = ""
    for word in words:
        said += word
        await reply.write(word)
        await until(lambda: chat.connector.texts == [said.strip()])  # noqa: B023 - it waits here
    return reply


def one_whole_answer(chat: Desk) -> None:
    """The answer stands once, and nothing else but what may be done about it."""
    (answer,) = chat.connector.answers
    assert answer.text.startswith("You have **25 days** [1], agreed with your lead [2].\n\n")
    others = [message for message in chat.connector.messages if message.id != answer.id]
    assert [message.text for message in others] in ([], [""])
    pressed = [title for message in chat.connector.messages for title, _ in message.buttons]
    assert pressed == ["Regenerate", "Wrong source", "Ask a person"]


async def test_an_answer_grows_and_ends_with_all_that_belongs_to_it(chat: Desk) -> None:
    ticket = FreeTicket()
    reply = await begun(chat, ticket, "You have", " **25 days**")
    assert ticket.posted == {0: "stream answer-1"}
    assert await reply.finish(ANSWER) == f"{chat.turn.conversation}:answer-1"
    one_whole_answer(chat)
    (answer,) = chat.connector.messages
    assert answer.activity["channelData"] == {"feedbackLoop": {"type": "custom"}}
    assert named(answer.buttons[0][1]) == "answer-1"
    steps = [
        (call.activity["type"], call.stream["streamType"], call.stream.get("streamSequence")) for call in sent(chat)
    ]
    assert steps == [
        ("typing", "informative", 1),
        ("typing", "streaming", 2),
        ("typing", "streaming", 3),
        ("message", "final", None),
    ]
    assert [call.stream.get("streamId") for call in sent(chat)] == [None, "answer-1", "answer-1", "answer-1"]
    assert {call.activity["conversation"]["conversationType"] for call in sent(chat)} == {"personal"}


def sent(chat: Desk) -> list:  # type: ignore[type-arg]  # of calls
    return chat.connector.sent


async def test_bold_that_is_not_closed_yet_and_tables_come_later(chat: Desk) -> None:
    reply = await begun(chat, FreeTicket(), "You have")
    await reply.write(" **25 da")
    await reply.write("ys** [1].\n\n| a | b |\n| --- | --- |\n| 1 | 2 |")
    await until(lambda: chat.connector.texts == ["You have **25 days** [1]."])
    table = "You have **25 days** [1].\n\n| a | b |\n| --- | --- |\n| 1 | 2 |"
    await reply.finish(replace(ANSWER, text=table))
    assert chat.connector.texts[0].startswith("You have **25 days** [1].\n\n```\na  b\n-  -\n1  2\n```\n\n")
    assert len(chat.connector.messages) == 1


async def test_one_update_a_second_at_most(chat: Desk) -> None:
    ticket = FreeTicket()
    reply = chat.worker(ticket, pause=0.3)
    loop = asyncio.get_running_loop()
    for _ in range(30):
        await reply.write("word ")
        await asyncio.sleep(0.02)
    before = loop.time()
    await reply.finish(replace(ANSWER, text="word " * 30))
    assert len(chat.connector.sent) <= 5
    assert loop.time() - before < 0.3  # the answer waits for no pause


async def test_a_long_answer_goes_on_in_messages_of_its_own(chat: Desk) -> None:
    reply = await begun(chat, FreeTicket(), "Paragraph 0")
    assert (await reply.finish(LONG)).endswith(":answer-3")
    *parts, below = chat.connector.messages
    assert [part.text.rpartition("\n\n")[2] for part in parts] == ["(1/3)", "(2/3)", "(3/3)"]
    assert ["channelData" in part.activity for part in parts] == [False, False, True]
    assert named(below.buttons[0][1]) == "answer-1 answer-2 answer-3 answer-4"


async def test_no_more_is_streamed_than_belongs_to_the_first_part(chat: Desk) -> None:
    words = "\n\n".join(f"{number} " + "ß🙂" * 200 for number in range(60))
    reply = chat.worker(FreeTicket())
    await reply.write(words)
    await until(lambda: chat.connector.sent)
    await reply.finish(Answer(words, "t", refused=True))
    assert all(call.stream["streamType"] != "final" or "(1/" in call.text for call in sent(chat) if call.stream)
    assert "PUT" not in chat.connector.methods[:2]


@pytest.mark.parametrize("status", [400, 403, 404, 405, 501])
async def test_where_teams_does_not_stream_it_is_edited_and_that_is_remembered(chat: Desk, status: int) -> None:
    chat.connector.refusals.append(refusal(status, "ContentStreamNotAllowed" if status == 403 else "BadArgument"))
    refused: list[bool] = []
    ticket = FreeTicket()
    reply = chat.worker(ticket)
    reply.refused = lambda: refused.append(True)
    await reply.status("Searching …")
    await until(lambda: ticket.posted)
    assert refused == [True]
    assert chat.connector.messages[0].buttons[0][0] == "Stop"
    await reply.write("You have")
    await reply.finish(ANSWER)
    one_whole_answer(chat)
    assert chat.connector.methods == ["POST", "PUT", "POST", "PUT"]


async def test_where_it_was_refused_before_it_is_not_tried(chat: Desk) -> None:
    reply = chat.worker(FreeTicket())
    reply.streams = False
    await reply.status("Searching …")
    await reply.finish(ANSWER)
    one_whole_answer(chat)
    assert not any(call.stream for call in sent(chat))


async def test_a_connector_that_knows_no_streams_is_found_out_before_anything_is_said(chat: Desk) -> None:
    chat.connector.naive = True
    for words in ((), ("You have",)):
        chat.connector.sent.clear()
        ticket = FreeTicket()
        reply = chat.worker(ticket)
        await reply.status("Searching …")
        await until(lambda: chat.connector.sent)
        for word in words:
            await reply.write(word)
            await until(lambda: chat.connector.texts)
        await reply.finish(ANSWER)
        one_whole_answer(chat)
        for message in chat.connector.messages:
            chat.connector.remove(message.id)
        assert not any(call.activity.get("type") == "message" and call.stream for call in sent(chat))


async def test_who_takes_over_where_no_streams_are_known_finds_that_out_too(chat: Desk) -> None:
    chat.connector.naive = True
    first = FreeTicket()
    await chat.worker(first).status("Searching …")
    await until(lambda: first.posted)
    second = FreeTicket(again=True, posted={0: "stream answer-1"})
    await chat.worker(second).finish(ANSWER)
    one_whole_answer(chat)
    assert not any(call.activity.get("type") == "message" and call.stream for call in sent(chat))


async def test_it_is_not_begun_twice_where_the_answer_to_the_first_call_is_lost(chat: Desk) -> None:
    chat.connector.lost = 1
    ticket = FreeTicket()
    reply = chat.worker(ticket)
    await reply.status("Searching …")
    await until(lambda: ticket.posted)
    await reply.finish(ANSWER)
    assert [call.stream.get("streamSequence") for call in sent(chat) if call.stream] == [1]
    assert len(chat.connector.answers) == 1


async def test_an_update_whose_answer_is_lost_is_followed_by_the_next(chat: Desk) -> None:
    reply = await begun(chat, FreeTicket())
    chat.connector.lost = 1
    await reply.write("You have")
    await until(lambda: not chat.connector.lost)
    await reply.write(" **25 days**")
    await until(lambda: chat.connector.texts == ["You have **25 days**"])
    await reply.finish(ANSWER)
    one_whole_answer(chat)
    assert len(chat.connector.messages) == 1


async def test_an_end_whose_answer_is_lost_is_not_said_twice(chat: Desk) -> None:
    reply = await begun(chat, FreeTicket(), "You have")
    chat.connector.lost = 1
    await reply.finish(ANSWER)
    one_whole_answer(chat)
    assert [call.stream.get("streamType") for call in sent(chat)].count("final") == 1


@pytest.mark.parametrize("status", [412, 429, 500, 502, 504, None])
async def test_an_end_that_teams_puts_off_comes_later(chat: Desk, status: int | None) -> None:
    reply = await begun(chat, FreeTicket(), "You have")
    for _ in range(3):
        chat.connector.refusals.append(refusal(status, Retry_After="0") if status else None)
    await reply.finish(ANSWER)
    one_whole_answer(chat)


@pytest.mark.parametrize("status", [400, 403, 404, 405])
async def test_an_end_that_teams_refuses_is_edited_in_or_posted_anew(chat: Desk, status: int) -> None:
    ticket = FreeTicket()
    reply = await begun(chat, ticket, "You have")
    chat.connector.refusals.append(refusal(status))
    await reply.finish(ANSWER)
    assert len(chat.connector.answers) == 1


async def test_before_its_time_is_over_it_is_ended_and_the_answer_goes_on_by_edits(
    chat: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teams_stream, "SECONDS", 0.4)
    ticket = FreeTicket()
    reply = chat.worker(ticket)
    reply._stream = teams_stream.TeamsStream(reply._thread, 0.4)
    await reply.write("You have")
    await until(lambda: chat.connector.texts == ["You have …"])
    assert ticket.posted == {0: "answer-1"}
    await reply.write(" **25 days** [1]")
    await until(lambda: chat.connector.texts == ["You have **25 days** …"])
    await reply.finish(ANSWER)
    one_whole_answer(chat)
    assert "PUT" in chat.connector.methods


async def test_an_answer_to_which_no_word_came_in_time_is_edited_in(chat: Desk) -> None:
    reply = chat.worker(FreeTicket())
    reply._stream = teams_stream.TeamsStream(reply._thread, 0.2)
    await reply.status("Searching …")
    await until(lambda: "PUT" in chat.connector.methods)
    assert [title for title, _ in chat.connector.messages[0].buttons] == ["Stop"]
    await reply.finish(ANSWER)
    one_whole_answer(chat)


async def test_a_stream_that_teams_ended_is_edited(chat: Desk) -> None:
    reply = await begun(chat, FreeTicket(), "You have")
    chat.connector.clock = lambda: float("inf")
    await reply.write(" **25 days**")
    await until(lambda: chat.connector.texts == ["You have **25 days** …"])
    await reply.finish(ANSWER)
    one_whole_answer(chat)


async def test_who_stops_the_stream_stops_the_answer(chat: Desk) -> None:
    reply = await begun(chat, FreeTicket(), "You have")
    stopped = asyncio.Event()

    async def stop() -> None:
        stopped.set()

    reply.stopped = stop
    chat.connector.streams.stop("answer-1")
    await reply.write(" **25 days**")
    await stopped.wait()
    await reply.write(" and")
    await reply.fail(Stopped("You stopped it."), "t")
    assert chat.connector.texts == ["You stopped it.\n\nIf you ask about it, quote `t`."]


async def test_a_failure_ends_the_stream_and_stands_in_its_place(chat: Desk) -> None:
    for words in ((), ("You have",)):
        reply = await begun(chat, FreeTicket(), *words)
        await reply.fail(ModelDown("No model."), "t")
        (told,) = chat.connector.messages
        assert told.buttons == [("Ask again", {"hausgeist": "again", "kept": "t"})]
        assert told.text.startswith("No model.")
        chat.connector.remove(told.id)


async def test_another_answer_than_was_begun_takes_its_place(chat: Desk) -> None:
    reply = await begun(chat, FreeTicket(), "Nobody knows")
    await reply.finish(ANSWER)
    one_whole_answer(chat)
    assert {message.id for message in chat.connector.answers} == {"answer-1"}


async def test_a_message_that_someone_deleted_is_posted_anew(chat: Desk) -> None:
    reply = await begun(chat, FreeTicket(), "You have")
    chat.connector.streams.known.clear()
    chat.connector.remove("answer-1")
    await reply.finish(ANSWER)
    one_whole_answer(chat)


async def test_who_takes_over_ends_the_stream_that_stands_there(chat: Desk) -> None:
    for words in ((), ("You have",)):
        first = FreeTicket()
        await begun(chat, first, *words)
        second = chat.worker(FreeTicket(again=True, posted=dict(first.posted)))
        await second.status("Searching …")
        await second.write("You")
        await second.finish(ANSWER)
        one_whole_answer(chat)
        assert len(chat.connector.messages) == 1
        chat.connector.remove(chat.connector.messages[0].id)


async def test_who_takes_over_with_other_words_leaves_one_answer(chat: Desk) -> None:
    first = FreeTicket()
    await begun(chat, first, "Nobody knows")
    await chat.worker(FreeTicket(again=True, posted=dict(first.posted))).finish(ANSWER)
    assert len(chat.connector.answers) == 1


async def test_who_takes_over_what_was_said_already_says_the_same_in_its_place(chat: Desk) -> None:
    first = FreeTicket()
    reply = await begun(chat, first, "You have")
    recorded = dict(first.posted)
    await reply.finish(ANSWER)
    await chat.worker(FreeTicket(again=True, posted=recorded)).finish(ANSWER)
    one_whole_answer(chat)
    assert {message.id for message in chat.connector.answers} == {"answer-1"}


async def test_who_was_superseded_in_the_midst_says_nothing_more(chat: Desk) -> None:
    first = FreeTicket()
    reply = await begun(chat, first, "You have")
    await chat.worker(FreeTicket(again=True, posted=dict(first.posted))).finish(ANSWER)
    first.valid_until = 0.0
    before = list(chat.connector.sent)
    with pytest.raises(Superseded):
        await reply.finish(replace(ANSWER, text="Another answer."))
    assert chat.connector.sent == before
    one_whole_answer(chat)


async def test_a_stream_that_could_not_be_recorded_is_taken_back(chat: Desk) -> None:
    reply = chat.worker(Unrecorded(StateDown("Redis does not answer.")))
    await reply.status("Searching …")
    await until(lambda: "DELETE" in chat.connector.methods)
    assert not chat.connector.messages
    await reply.finish(ANSWER)
    one_whole_answer(chat)


async def test_that_a_question_waits_can_be_stopped_so_it_is_a_card(chat: Desk) -> None:
    ticket = FreeTicket()
    reply = chat.worker(ticket)
    await reply.waiting("3 before you")
    assert [title for title, _ in chat.connector.messages[0].buttons] == ["Stop"]
    await chat.worker(ticket).finish(ANSWER)
    one_whole_answer(chat)
    assert not any(call.stream for call in sent(chat))


async def test_a_former_reply_is_let_end_before_the_next_speaks(chat: Desk) -> None:
    former = await begun(chat, FreeTicket())
    later = chat.worker(FreeTicket())
    later.former = former
    await later.finish(ANSWER)
    assert former._complete.is_set()


async def test_the_end_may_have_another_name(chat: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = FreeTicket()
    reply = await begun(chat, ticket, "You have")
    end = reply._thread.bot.end_stream

    async def renamed(*said: object) -> str:
        await end(*said)  # type: ignore[arg-type]  # as given
        return "final-1"

    monkeypatch.setattr(reply._thread.bot, "end_stream", renamed)
    assert (await reply.finish(ANSWER)).endswith(":final-1")
    assert ticket.posted == {0: "final-1"}
