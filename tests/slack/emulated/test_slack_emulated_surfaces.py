"""Beside messages: the slash command, the shortcut, the Home tab, the pane in both generations, forms, buttons."""

import pytest

from adapters.slack_commands import AGAIN, ASK, FEEDBACK, MESSAGE_SHORTCUT, PERSON, SHARE, SOURCE
from tests.bot.knowing import HOTEL, LEAVE, SAID
from tests.slack.emulated.company import Company, until


async def test_a_slash_command_is_answered_for_one_person_and_shared_with_all(company: Company) -> None:
    anna = company.anna
    assert (await anna.commands(f"/hausgeist {HOTEL}")).taken
    await company.idle()
    answer = next(post for post in anna.whispers if SAID in post.read)
    general = company.slack.channels["general"]
    assert await company.slack.channel(general) == []
    assert company.beat.whispers == []
    await anna.presses(answer, SHARE)
    await company.idle()
    [shared] = await company.slack.channel(general)
    assert SAID in shared.read
    assert "shared by @" in shared.read
    assert company.slack.refusals == []


async def test_where_we_are_not_in_the_channel_nothing_is_shared_and_the_asker_is_told(company: Company) -> None:
    anna = company.anna
    await anna.commands(f"/hausgeist {HOTEL}", "random")
    await company.idle()
    await anna.presses(next(post for post in anna.whispers if SAID in post.read), SHARE)
    await company.idle()
    assert any("I am not in this channel" in post.read for post in anna.whispers)
    assert any(SAID in post.read for post in anna.whispers)


async def test_nothing_is_shared_where_another_company_reads_along(company: Company) -> None:
    anna = company.anna
    await anna.commands(f"/hausgeist {HOTEL}", "abroad")
    await company.idle()
    await anna.presses(next(post for post in anna.whispers if SAID in post.read), SHARE)
    await company.idle()
    assert await company.slack.channel(company.slack.channels["abroad"]) == []
    assert any("other companies read along" in post.read for post in anna.whispers)


async def test_between_the_two_of_us_there_is_nobody_to_share_with(company: Company) -> None:
    await company.anna.commands(f"/hausgeist {HOTEL}", company.anna.direct)
    await company.idle()
    assert SHARE not in next(post for post in company.anna.whispers if SAID in post.read).buttons


async def test_a_form_is_not_closed_over_a_question_that_nobody_takes(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.inbox.PER_PERSON", 0)
    anna = company.anna
    await anna.opens("home")
    await until(lambda: anna.home)
    await anna.presses_in(anna.home, ASK)
    await until(lambda: anna.forms)
    heard = await anna.submits({"question": HOTEL})
    assert "Too many questions are waiting" in str(heard.body)
    await company.slack.until_called("chat.delete")
    assert await company.slack.channel(anna.direct) == []


async def test_what_is_asked_again_is_no_part_of_what_waits(company: Company) -> None:
    asked = await company.anna.mentions(HOTEL)
    answer = await company.answer(asked)
    company.model.patience.clear()
    await company.anna.says(LEAVE, thread=asked)
    await company.anna.presses(answer, AGAIN)
    company.model.patience.set()
    await company.idle()
    first, second = [post for post in await company.answers(asked) if post.user == company.slack.bot]
    assert ("EUR 180" in first.read, "25 days" in second.read) == (True, True)
    assert "25 days" not in first.read


async def test_a_shortcut_asks_about_a_message(company: Company) -> None:
    anna = company.anna
    said = await company.beat.says("I am off to Paris, the hotel costs EUR 170.")
    await anna.shortcut("general", said, MESSAGE_SHORTCUT)
    await until(lambda: anna.forms)
    assert "off to Paris" in str(anna.form)
    await anna.submits({"question": HOTEL})
    assert anna.forms == []
    await company.idle()
    [root] = await company.slack.channel(anna.direct)
    assert SAID in (await company.answer(root.ts, anna.direct)).read


async def test_an_expired_trigger_opens_nothing_and_breaks_nothing(company: Company) -> None:
    company.slack.trigger_seconds = -1
    said = await company.beat.says("Hello.")
    assert (await company.anna.shortcut("general", said, MESSAGE_SHORTCUT)).taken
    await until(lambda: company.anna.whispers)
    assert company.anna.forms == []
    assert "Please try again" in company.anna.whispers[0].read
    assert SAID in (await company.answer(await company.anna.mentions(HOTEL))).read


async def test_the_home_tab_shows_how_to_ask(company: Company) -> None:
    await company.anna.opens("home")
    await until(lambda: company.anna.home)
    assert await company.anna.presses_in(company.anna.home, ASK)
    await until(lambda: company.anna.forms)
    await company.anna.submits({"question": HOTEL})
    await company.idle()
    [root] = await company.slack.channel(company.anna.direct)
    assert SAID in (await company.answer(root.ts, company.anna.direct)).read
    assert company.slack.refusals == []


async def test_an_agents_messages_begin_with_suggestions(company: Company) -> None:
    anna = company.anna
    await anna.opens("messages")
    await until(lambda: company.slack.surfaces.prompts)
    [(place, prompts)] = company.slack.surfaces.prompts.items()
    assert place == (anna.direct, "")
    asked = await anna.writes(prompts[0]["message"])
    assert "25 days" in (await company.answer(asked, anna.direct)).read


async def test_the_older_pane_has_suggestions_and_a_title(company: Company) -> None:
    company.slack.generation, anna = "assistant_view", company.anna
    thread = await anna.opens_pane()
    await until(lambda: company.slack.surfaces.prompts)
    assert list(company.slack.surfaces.prompts) == [(anna.direct, thread)]
    await anna.turns_to("random", thread)
    await anna.writes(HOTEL, thread=thread)
    assert SAID in (await company.answers(thread, anna.direct))[-1].read
    await until(lambda: company.slack.surfaces.titles)
    assert company.slack.surfaces.titles == {(anna.direct, thread): HOTEL}
    assert (company.slack.deliveries.untaken, company.slack.refusals) == ([], [])


async def test_who_finds_an_answer_bad_is_asked_why(company: Company) -> None:
    answer, anna = await company.answer(await company.anna.mentions(HOTEL)), company.anna
    await anna.presses(answer, FEEDBACK, positive=False)
    await until(lambda: anna.forms)
    assert await company.verdicts() == {anna.id: "down"}
    await anna.submits({"reason": "outdated", "comment": "It is EUR 200 now, says ann.meier@firm.example."})
    assert anna.forms == []
    kept = await company.verdicts()
    assert '"reason":"outdated"' in kept[f"{anna.id} why"]
    assert "ann.meier" not in kept[f"{anna.id} why"]


async def test_a_wrong_source_is_named(company: Company) -> None:
    answer, anna = await company.answer(await company.anna.mentions(HOTEL)), company.anna
    await anna.presses(answer, SOURCE)
    await until(lambda: anna.forms)
    await anna.submits({"document": "travel.md"})
    kept = await company.verdicts()
    assert '"document":"travel.md"' in kept[f"{anna.id} why"]


async def test_a_person_is_asked(company: Company) -> None:
    answer = await company.answer(await company.anna.mentions(HOTEL))
    await company.anna.presses(answer, PERSON)
    await until(lambda: company.anna.whispers)
    [handed] = await company.slack.channel(company.beat.direct)
    assert HOTEL in handed.read
    assert f"<@{company.anna.id}>" in handed.read


async def test_a_new_answer_takes_the_place_of_the_old_one(company: Company) -> None:
    asked = await company.anna.mentions(HOTEL)
    answer = await company.answer(asked)
    company.model.draft = "A hotel in Paris may cost EUR 180 a night, no more. [1]"
    await company.anna.presses(answer, AGAIN)
    again = await company.answer(asked)
    assert "no more" in again.read
    assert len(company.model.asked) == 2


async def test_an_answer_is_asked_again_by_its_person_alone(company: Company) -> None:
    asked = await company.anna.mentions(HOTEL)
    await company.beat.presses(await company.answer(asked), AGAIN)
    await until(lambda: company.beat.whispers)
    assert "Only the person who asked" in company.beat.whispers[0].read
    await company.answer(asked)


async def test_a_file_is_read_with_the_question(company: Company) -> None:
    anna = company.anna
    company.model.draft = "The trip to Oslo costs EUR 900. [1]"
    await anna.uploads("trip.txt", b"The trip to Oslo costs EUR 900.", "How much is the trip to Oslo?")
    await company.idle()
    [root] = await company.slack.channel(anna.direct)
    answer = await company.answer(root.ts, anna.direct)
    assert "EUR 900" in answer.read
    assert "trip.txt" in answer.read


async def test_a_file_that_cannot_be_read_is_said_to_be_so(company: Company) -> None:
    anna = company.anna
    await anna.uploads("photo.png", b"\x89PNG\r\n\x1a\n not one", HOTEL)
    await company.idle()
    [root] = await company.slack.channel(anna.direct)
    answer = await company.answer(root.ts, anna.direct)
    assert SAID in answer.read
    assert "photo.png" in answer.read


async def test_what_is_not_ours_is_acknowledged(company: Company) -> None:
    said = await company.beat.says("Hello.")
    assert (await company.anna.shortcut("general", said, "somebody_elses")).taken
    assert (await company.anna.commands("/lunch today")).taken
    await company.slack.relay.tell({"type": "link_shared", "user": company.anna.id, "links": []})
    assert company.slack.deliveries.untaken == []
    assert "25 days" in (await company.answer(await company.anna.mentions(LEAVE))).read
