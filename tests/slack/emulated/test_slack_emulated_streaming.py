"""Answers that grow natively, and what becomes of them on every refusal: one whole answer, never two."""

import pytest

from tests.bot.knowing import HOTEL, LEAVE, LONG, MORE, SAID, WORDS
from tests.slack.emulated.company import Company, until
from tests.slack.standin import Trouble


@pytest.mark.parametrize("private", [False, True])
async def test_an_answer_is_streamed(company: Company, private: bool) -> None:
    anna = company.anna
    asked = await (anna.writes(HOTEL) if private else anna.mentions(HOTEL))
    answer = await company.answer(asked, anna.direct if private else "general")
    assert answer.read.count(SAID) == 1
    assert "Travel" in answer.read
    assert "hausgeist_feedback" in answer.buttons
    [start] = company.slack.called("chat.startStream")
    assert (start["thread_ts"], start.get("recipient_user_id")) == (asked, anna.id)
    assert len(company.slack.called("chat.stopStream")) == 1
    assert (company.slack.called("chat.postMessage"), company.slack.refusals) == ([], [])


@pytest.mark.parametrize(
    "refusal",
    [
        Trouble(429, "ratelimited", retry_after=30),
        Trouble(error="missing_recipient_team_id"),
        Trouble(error="missing_recipient_user_id"),
        Trouble(error="team_not_found"),
        Trouble(error="channel_type_not_supported"),
        Trouble(error="unknown_method"),
        Trouble(error="missing_scope"),
        Trouble(503),
    ],
    ids=lambda trouble: trouble.error if trouble.status == 200 else str(trouble.status),
)
async def test_where_slack_does_not_stream_the_answer_is_posted(company: Company, refusal: Trouble) -> None:
    company.slack.err("chat.startStream", *[refusal] * 9)
    answer = await company.answer(await company.anna.mentions(HOTEL))
    assert answer.read.count(SAID) == 1
    assert "hausgeist_feedback" in answer.buttons


@pytest.mark.parametrize("error", ["message_not_in_streaming_state", "streaming_mode_mismatch", "msg_too_long"])
async def test_a_stream_that_ends_midway_is_finished_by_an_edit(company: Company, error: str) -> None:
    company.model.draft, company.model.pause = MORE, 14
    company.model.patience.clear()
    asked = await company.anna.mentions(HOTEL)
    await company.slack.until_called("chat.startStream")
    company.slack.err("chat.appendStream", *[Trouble(error=error)] * 9)
    company.slack.err("chat.stopStream", *[Trouble(error=error)] * 9)
    company.slack.streams.end()
    company.model.patience.set()
    answer = await company.answer(asked)
    assert answer.read.count("EUR 180") == 1
    assert "travel desk" in answer.read
    assert "hausgeist_feedback" in answer.buttons


async def test_a_stream_whose_end_slack_refuses_is_finished_by_an_edit(company: Company) -> None:
    company.slack.err("chat.stopStream", Trouble(error="message_not_in_streaming_state"))
    company.model.pause = 99
    asked = await company.anna.mentions(HOTEL)
    await company.slack.until_called("chat.stopStream")
    company.slack.streams.end()
    answer = await company.answer(asked)
    assert answer.read.count(SAID) == 1


async def test_whoever_stops_the_stream_stops_the_answer(company: Company) -> None:
    company.model.draft, company.model.pause = f"{MORE} {MORE}", 14
    company.model.patience.clear()
    asked = await company.anna.mentions(HOTEL)
    await company.slack.until_called("chat.startStream")
    await until(lambda: any("hotel" in stream.text for stream in company.slack.streams.all))
    company.slack.streams.end("stopped_by_user")
    company.model.pause = 28
    company.model.patience.set()
    answers = await company.answers(asked)
    assert len(answers) == 1
    assert company.slack.refusals == []


async def test_an_answer_beyond_the_limits_goes_on_in_the_same_thread(company: Company) -> None:
    company.model.draft = LONG
    answers = await company.answers(await company.anna.mentions(HOTEL))
    read = "\n".join(post.read for post in answers)
    assert len(answers) > 1
    assert [word for word in WORDS if read.count(f"says {word}.") != 1] == []
    assert [index for index, post in enumerate(answers) if "hausgeist_feedback" in post.buttons] == [len(answers) - 1]
    assert company.slack.refusals == []


async def test_a_response_that_is_lost_does_not_make_two_answers(company: Company) -> None:
    for method in ("chat.startStream", "chat.appendStream", "chat.stopStream"):
        company.slack.err(method, Trouble(lost=True))
    answer = await company.answer(await company.anna.mentions(HOTEL))
    assert answer.read.count(SAID) == 1


@pytest.mark.timeout(30)
async def test_slacks_pace_is_kept(company: Company) -> None:
    company.slack.limits.strict = True
    asked = [await someone.mentions(text) for someone in (company.anna, company.beat) for text in (HOTEL, LEAVE)]
    for root in asked:
        assert "[1]" in (await company.answer(root)).read
    assert company.slack.limits.refused == {}


async def test_what_we_do_meanwhile_is_told(company: Company) -> None:
    company.model.pause = 0
    company.model.patience.clear()
    asked = await company.anna.mentions(HOTEL)
    await until(lambda: company.model.asked)
    await until(lambda: company.slack.surfaces.statuses or company.slack.streams.all)
    company.model.patience.set()
    await company.answer(asked)
    assert company.slack.surfaces.status(company.slack.channels["general"], asked) == ""
