"""The real app in Microsoft's Agents Playground, seen in a real Chromium.

What the Playground cannot do, so that others test it: it throttles nothing, signs nothing, delivers nothing again,
reads no manifest and has no reactions to click. It takes ten citations at most, and finds them in paragraphs only. It
shows a form of its own for a thumb and does not say under which answer; an answer that is edited loses its thumbs. The
card at the end of a stream it shows as a message of its own.
"""

from pathlib import Path

import pytest
from redis.asyncio import Redis

from guardrails.pii import Guard
from tests.bot.knowing import HOTEL, LEAVE, MORE
from tests.teams.pictures import DOCS, library, photographed
from tests.teams.playground.client import Client
from tests.teams.playground.company import Company, Door, company_of
from tests.teams.playground.process import Playground

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60), pytest.mark.asyncio(loop_scope="module")]

TRAINS = "Trains are booked in second class at the travel desk."
HOTELS = "A hotel in Paris may cost EUR 180 a night."
LEFT = "Everybody has 25 days of holiday a year."


async def test_an_answer_streams_into_the_personal_chat(company: Company, client: Client) -> None:
    company.model.draft, company.model.pause = MORE, 14
    company.model.patience.clear()
    await client.say(HOTEL)
    await client.shows(HOTELS)
    await client.counts(client.button("AI generated"), 0)
    await client.counts(client.answer(TRAINS), 0)
    company.model.patience.set()
    await client.shows(TRAINS)
    await client.button("AI generated").first.wait_for()
    await client.answer("Sources").wait_for()
    await client.button("Regenerate").wait_for()
    await client.counts(client.said, 2)


async def test_a_citation_shows_what_it_rests_on(client: Client) -> None:
    await client.say(HOTEL)
    await client.button("AI generated").first.wait_for()
    await client.button("1").hover()
    preview = client.page.locator(".fai-PreviewContent", has_text="Travel")
    await preview.get_by_text(HOTELS).wait_for()


async def test_a_button_puts_another_answer_into_the_same_message(company: Company, client: Client) -> None:
    await client.say(HOTEL)
    await client.shows(HOTELS)
    first = await client.named(HOTELS)
    company.model.draft = f"{TRAINS} [1]"
    await client.button("Regenerate").click()
    await client.shows(TRAINS)
    await client.shows(HOTELS, times=0)
    assert await client.named(TRAINS) == first


async def test_what_an_old_client_sends_of_a_button_does_the_same(company: Company, client: Client) -> None:
    """The Playground knows `Action.Execute`, so the fallback is sent through the door that its page uses for others."""
    await client.say(HOTEL)
    await client.button("Regenerate").wait_for()
    company.model.draft = f"{TRAINS} [1]"
    await company.playground.submit(client.data("Regenerate"), await client.named(HOTELS))
    await client.shows(TRAINS)
    await client.shows(HOTELS, times=0)


async def test_a_form_tells_which_source_is_wrong(company: Company, client: Client) -> None:
    await client.say(HOTEL)
    await client.button("Wrong source").click()
    await client.page.get_by_text("Which source is it about?").wait_for()
    await client.page.get_by_role("textbox", name="What would have been right?").fill("The list of 2027")
    await client.button("Send").click()
    await client.page.get_by_text("Thank you").first.wait_for()
    await company.until_judged([("down", "wrong source", "The list of 2027", "travel.md")])


async def test_thumbs_and_what_is_said_with_them_are_kept(company: Company, client: Client) -> None:
    await client.say(HOTEL)
    await client.button("Dislike").first.wait_for()
    await company.idle()
    await client.button("Dislike").first.click()
    await client.page.get_by_label("What went wrong?").fill("The price is of 2024")
    await client.button("Submit").click()
    await client.page.get_by_text("Thank you!").wait_for()
    await company.until_judged([("down", "", "The price is of 2024", "")])


async def test_reactions_count_until_they_are_taken_back(company: Company, client: Client) -> None:
    """Its page has nothing to react with, but sends what one writes by hand."""
    await client.say(HOTEL)
    await client.shows("Sources")
    answer = await client.named("Sources")
    await company.idle()
    await company.playground.react(answer, added="like")
    await company.until_judged([("up", "", "", "")])
    await company.playground.react(answer, removed="like")
    await company.until_judged([])


async def test_a_mention_is_answered_in_its_thread(client: Client) -> None:
    """Of what does not mention us in a channel the Playground tells nothing, as Teams without the owner's consent."""
    await client.open("General")
    await client.post(HOTEL)
    thread = client.thread(HOTEL)
    await thread.get_by_text("AI generated").wait_for()
    await thread.get_by_text(HOTELS).wait_for()
    await client.reply(thread, LEAVE, mention=True)
    await thread.get_by_text(LEFT).wait_for()
    await client.shows(HOTELS)
    await client.counts(client.page.locator(".fui-Card", has_text="Anna Keller"), 2)


async def test_a_person_is_asked_in_the_channel_of_the_helpdesk(client: Client) -> None:
    await client.open("General")
    await client.post(HOTEL)
    await client.button("Ask a person").click()
    await client.page.get_by_text("I have handed it to a person: the helpdesk.").wait_for()
    await client.open("Helpdesk")
    case = client.thread("Anna Keller would like a person to look at this")
    await case.get_by_text(HOTEL).wait_for()
    await case.get_by_text(HOTELS).wait_for()


async def test_a_button_stops_the_answer(company: Company, client: Client) -> None:
    company.model.patience.clear()
    await client.open("General")
    await client.post(HOTEL)
    await client.button("Stop").click()
    await client.thread(HOTEL).get_by_text("Stopped.").wait_for()
    await client.counts(client.button("Stop"), 0)


async def test_typed_words_are_commands(company: Company, client: Client) -> None:
    company.model.patience.clear()
    await client.say(HOTEL)
    await client.shows("Searching the documents")
    await client.say("stop")
    await client.shows("Stopped.")
    await client.say("/help")
    await client.shows("Write me your question here in our chat")


async def test_a_question_about_a_message_is_answered_in_private(client: Client) -> None:
    await client.open("General")
    await client.post("Look at this, all of you.", mention=False)
    await client.page.get_by_role("button", name="Trigger Message Extension App").first.click()
    await client.page.get_by_role("menuitem", name="Action Command").click()
    await client.page.get_by_placeholder("Input command id").fill("ask")
    await client.button("Create").click()
    form = client.page.get_by_role("dialog")
    await form.get_by_role("textbox", name="Question").fill(HOTEL)
    await form.get_by_role("button", name="Send").click()
    await form.get_by_text("The answer comes in our chat, where only you see it.").wait_for()
    await form.get_by_role("button").first.click()
    await client.open("Personal Chat")
    await client.shows(HOTELS)


async def test_a_search_finds_documents(client: Client) -> None:
    await client.page.get_by_role("button", name="Trigger Message Extension App").click()
    await client.page.get_by_role("menuitem", name="Search Command").click()
    await client.page.get_by_placeholder("Enter a search term").fill("hotel in Paris")
    await client.page.keyboard.press("Enter")
    await client.page.get_by_text("Travel", exact=True).click()
    await client.page.get_by_text(HOTELS).first.wait_for()


async def test_a_group_chat_is_answered_where_we_are_mentioned(client: Client) -> None:
    await client.open("Travellers")
    await client.say(HOTEL, mention=True)
    await client.shows(HOTELS)
    await client.button("Regenerate").wait_for()


async def test_who_asks_while_we_are_away_is_answered_when_we_are_back(company: Company, client: Client) -> None:
    """The Playground delivers nothing again, as Teams does, so the person asks again."""
    await company.door.shut()
    await client.page.get_by_title("Toggle Log Panel").click()
    await client.say(HOTEL)
    await client.page.get_by_text("Cannot connect to your app").wait_for()
    await company.door.open()
    await client.say(LEAVE)
    await client.shows(LEFT)
    await client.shows(HOTELS, times=0)


async def test_the_pictures_in_the_docs_can_be_made(
    redis: Redis, guard: Guard, played: Playground, door: Door, opened: Client, tmp_path: Path
) -> None:
    with library() as papers:
        async with company_of(redis, (guard, papers), played, door) as company:
            await opened.begin(played.url)
            await photographed(company, opened, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in DOCS.glob("teams-*.png")}
