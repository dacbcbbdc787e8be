"""What people think of an answer: kept once, alike on every platform."""

import json

from tests.bot.knowing import HOTEL
from tests.conformance.surface import PERSON, SOURCE, Surface


async def test_a_thumb_is_kept_changed_and_counted_once(surface: Surface) -> None:
    answer = await surface.answer(await surface.anna.mentions(HOTEL))
    for _ in range(2):
        await surface.beat.judges(answer, "up")
    await surface.anna.judges(answer, "up")
    assert await surface.verdicts() == {"anna": "up", "beat": "up"}
    await surface.anna.judges(answer, "down")
    assert await surface.verdicts() == {"anna": "down", "beat": "up"}


async def test_an_emoji_is_kept_changed_and_taken_back(surface: Surface) -> None:
    answer = await surface.answer(await surface.anna.mentions(HOTEL))
    await surface.anna.reacts(answer, "up")
    assert await surface.verdicts() == {"anna": "up"}
    await surface.anna.reacts(answer, "down")
    await surface.anna.unreacts(answer, "up")
    assert await surface.verdicts() == {"anna": "down"}
    await surface.anna.unreacts(answer, "down")
    assert await surface.verdicts() == {}


async def test_thumb_and_emoji_are_one_verdict(surface: Surface) -> None:
    answer = await surface.answer(await surface.anna.writes(HOTEL))
    await surface.anna.judges(answer, "up")
    await surface.anna.reacts(answer, "down")
    assert await surface.verdicts() == {"anna": "down"}


async def test_who_finds_an_answer_bad_is_asked_why_and_it_is_kept_masked(surface: Surface) -> None:
    answer = await surface.answer(await surface.anna.mentions(HOTEL))
    await surface.anna.judges(answer, "down")
    assert await surface.verdicts() == {"anna": "down"}
    await surface.anna.explains("outdated", "It is EUR 200 now, says ann.meier@firm.example.")
    kept = await surface.verdicts()
    why = json.loads(kept.pop("anna why"))
    assert kept == {"anna": "down"}
    assert (why["reason"], why["document"]) == ("outdated", "travel.md")  # the only source there is
    assert "EUR 200 now" in why["comment"]
    assert "ann.meier" not in why["comment"]


async def test_a_wrong_source_is_named(surface: Surface) -> None:
    answer = await surface.answer(await surface.anna.mentions(HOTEL))
    await surface.anna.presses(answer, SOURCE)
    await surface.anna.names("travel.md", "That is the old one.")
    kept = await surface.verdicts()
    why = {"reason": "wrong source", "comment": "That is the old one.", "document": "travel.md"}
    assert (kept["anna"], json.loads(kept["anna why"])) == ("down", why)


async def test_a_person_is_asked(surface: Surface) -> None:
    answer = await surface.answer(await surface.anna.mentions(HOTEL))
    await surface.anna.presses(answer, PERSON)
    await surface.until_told(surface.anna, "handed it to a person")
    [handed] = await surface.handed()
    for words in (HOTEL, "EUR 180", "travel.md"):
        assert words in handed


async def test_what_stands_under_a_persons_message_is_no_verdict(surface: Surface) -> None:
    asked = await surface.anna.mentions(HOTEL)
    await surface.answer(asked)
    await surface.beat.likes(asked)
    assert await surface.verdicts() == {}
