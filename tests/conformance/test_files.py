"""Files that come with a question: read for it, or named with the reason why not."""

from bot.files import LARGEST
from tests.bot.knowing import HOTEL
from tests.conformance.surface import Surface


async def test_a_file_is_read_with_the_question(surface: Surface) -> None:
    surface.model.draft = "The trip to Oslo costs EUR 900. [1]"
    asked = await surface.anna.attaches("trip.txt", b"The trip to Oslo costs EUR 900.", "How much is the trip to Oslo?")
    answer = await surface.answer(asked)
    assert "EUR 900" in answer.text
    assert "trip.txt" in answer.text


async def test_a_file_that_cannot_be_read_is_named(surface: Surface) -> None:
    answer = await surface.answer(await surface.anna.attaches("photo.png", b"\x89PNG\r\n\x1a\n not one", HOTEL))
    assert "EUR 180" in answer.text
    assert "photo.png: I cannot look at pictures" in answer.text


async def test_a_file_that_is_too_large_is_named(surface: Surface) -> None:
    answer = await surface.answer(await surface.anna.attaches("long.txt", b"x" * (LARGEST + 1), HOTEL))
    assert "EUR 180" in answer.text
    assert "long.txt: not read, for it is larger than 5 MB" in answer.text
