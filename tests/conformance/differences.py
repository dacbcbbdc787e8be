"""What a platform cannot do, and what happens there instead: the one table, from which docs/parity.md is made too."""

import functools
from dataclasses import dataclass
from typing import Final

from tests.bot.house import until
from tests.bot.knowing import HOTEL, LEAVE, MORE
from tests.conformance.surface import ANEW, SHARE, Platform, Story, Surface

NAMES: Final[dict[Platform, str]] = {"slack": "Slack", "teams": "Teams"}


@dataclass(frozen=True, slots=True)
class Difference:
    """On `platform` the story `story` cannot be told, `because`; `told` is told there in its place.

    `what` is the thing in a few words, `instead` what happens.
    """

    story: str
    platform: Platform
    what: str
    instead: str
    because: str
    told: Story


def differs(story: Story) -> Story:
    """Marks a story that is in the table: where the platform cannot, it is told what happens instead."""

    @functools.wraps(story)
    async def told(surface: Surface) -> None:
        found = [one for one in DIFFERENCES if (one.story, one.platform) == (story.__name__, surface.platform)]
        await (found[0].told if found else story)(surface)

    told.__dict__["differs"] = True
    return told


async def everybody_reads_it_but_it_works_for_one(surface: Surface) -> None:
    asked = await surface.anna.mentions(HOTEL)
    await surface.answer(asked)
    await surface.anna.edits(asked, LEAVE)
    offer = await surface.until_read(surface.beat, asked, ANEW)
    await surface.beat.presses(offer, ANEW)
    await surface.until_told(surface.beat, "Only the person who asked")
    assert len(surface.model.asked) == 1


async def it_says_what_it_does_until_the_answer_is_whole(surface: Surface) -> None:
    surface.model.draft, surface.model.pause = MORE, 14
    surface.model.patience.clear()
    asked = await surface.anna.mentions(HOTEL)
    await until(lambda: surface.model.asked)
    growing = await surface.until_read(surface.beat, asked, "documents …")
    assert "EUR 180" not in growing.text
    surface.model.patience.set()
    answer = await surface.answer(asked)
    assert "travel desk" in answer.text
    assert answer.ids[0] == growing.ids[0]


async def it_stands_in_the_chat_with_us(surface: Surface) -> None:
    await surface.anna.asks_apart(HOTEL)
    [answer] = await surface.anna.apart()
    private = await surface.answer(await surface.anna.writes(LEAVE))
    assert answer.place == private.place


async def it_is_judged_once_it_is_shared(surface: Surface) -> None:
    await surface.anna.asks_apart(HOTEL)
    answer = next(shown for shown in await surface.anna.apart() if "EUR 180" in shown.text)
    assert not answer.thumbs
    await surface.anna.presses(answer, SHARE)
    await surface.idle()
    [shared] = await surface.all_said()
    await surface.anna.judges(shared, "up")
    assert await surface.verdicts() == {"anna": "up"}


async def its_author_is_an_app_and_its_sources_are_named(surface: Surface) -> None:
    answer = await surface.answer(await surface.anna.writes(HOTEL))
    assert not answer.labelled
    assert "Travel" in answer.text


async def the_file_is_named_as_unread(surface: Surface) -> None:
    asked = await surface.anna.attaches("trip.txt", b"The trip to Oslo costs EUR 900.", HOTEL, openly=True)
    answer = await surface.answer(asked)
    assert "EUR 180" in answer.text
    assert "trip.txt: not read, for it is stored elsewhere" in answer.text


async def they_ask_for_themselves_and_share(surface: Surface) -> None:
    await surface.anna.asks_apart(HOTEL)
    [answer] = [shown for shown in await surface.anna.apart() if "Travel" in shown.text]
    assert SHARE in answer.buttons


async def help_says_how_to_begin(surface: Surface) -> None:
    said = await surface.anna.writes("help")
    shown = await surface.until_read(surface.anna, said, "stop")
    assert not shown.thumbs


DIFFERENCES: Final = (
    Difference(
        "test_what_one_person_is_told_others_do_not_read",
        "teams",
        "a line in a channel for one person alone",
        "everybody in the thread reads commands, and what we say about them; a button works for whom it is meant, and "
        "what it answers they alone read",
        "Teams shows apps' messages to everybody; only the answer to a press is private",
        everybody_reads_it_but_it_works_for_one,
    ),
    Difference(
        "test_an_answer_in_a_channel_can_be_read_while_it_is_written",
        "teams",
        "an answer that grows in a channel",
        "a line says what is being done, and becomes the whole answer; in the personal chat it grows",
        "Teams streams in personal chats alone, and an edit shows with a delay",
        it_says_what_it_does_until_the_answer_is_whole,
    ),
    Difference(
        "test_an_answer_for_one_person_stands_where_it_was_asked",
        "teams",
        "an answer for one person in the channel itself",
        "it comes in the personal chat, and from there may be shared with the channel that it was asked in",
        "whatever an app writes in a channel, everybody there sees",
        it_stands_in_the_chat_with_us,
    ),
    Difference(
        "test_an_answer_for_one_person_can_be_judged",
        "slack",
        "thumbs under an answer that one person alone sees in a channel",
        "it can be judged once it is shared; direct messages have thumbs",
        "Slack does not keep such messages, so nobody could look at what was judged",
        it_is_judged_once_it_is_shared,
    ),
    Difference(
        "test_an_answer_is_labelled_as_made_by_a_machine",
        "slack",
        "a label “AI-generated” of the platform's own",
        "the author is marked as an app, and every answer names its sources",
        "Slack has no such label",
        its_author_is_an_app_and_its_sources_are_named,
    ),
    Difference(
        "test_a_file_in_a_channel_is_read",
        "teams",
        "files that come with a question in a channel",
        "they are named as not read; in the personal chat they are read",
        "they lie in the team's SharePoint, and we ask for no access to that",
        the_file_is_named_as_unread,
    ),
    Difference(
        "test_documents_are_found_for_a_message_of_ones_own",
        "slack",
        "looking for documents while one writes a message",
        "the slash command answers for oneself, and the answer may be shared",
        "Slack lets no app add to a message that is being written",
        they_ask_for_themselves_and_share,
    ),
    Difference(
        "test_who_opens_us_finds_questions_to_begin_with",
        "teams",
        "suggested questions, and a Home tab",
        "Teams lists the commands of the manifest, and `help` says how to ask",
        "a Home tab in Teams is a website of its own, which we do not serve",
        help_says_how_to_begin,
    ),
)
