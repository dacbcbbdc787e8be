"""Documents that admins hand to us in private: kept and found from then on, replaced, or deleted for good."""

from tests.conformance.surface import Surface

OSLO = "How much is the trip to Oslo?"
TEXT = b"# Trips\nThe trip to Oslo costs EUR 900."


async def test_a_file_that_an_admin_sends_becomes_a_document(surface: Surface) -> None:
    sent = await surface.anna.attaches("trips.md", TEXT, "add-doc travel")
    told = await surface.until_read(surface.anna, sent, "taken in")
    assert "uploads/travel/trips.md" in told.text
    assert "everybody" in told.text
    assert surface.model.asked == []
    surface.model.draft = "The trip to Oslo costs EUR 900. [1]"
    answer = await surface.answer(await surface.beat.mentions(OSLO))
    assert "EUR 900" in answer.text


async def test_a_file_of_the_same_name_takes_its_place_also_for_whom(surface: Surface) -> None:
    first = await surface.anna.attaches("trips.md", TEXT, "add-doc")
    await surface.until_read(surface.anna, first, "taken in")
    second = await surface.anna.attaches("trips.md", TEXT, "add-doc default for board")
    told = await surface.until_read(surface.anna, second, "place of the one before")
    assert "board" in told.text
    surface.model.draft = "The trip to Oslo costs EUR 900. [1]"
    answer = await surface.answer(await surface.beat.mentions(OSLO))
    assert "EUR 900" not in answer.text


async def test_a_file_that_cannot_be_a_document_is_said_to_be_none(surface: Surface) -> None:
    sent = await surface.anna.attaches("locked.docx", b"PK\x03\x04 no zip", "add-doc")
    told = await surface.until_read(surface.anna, sent, "locked.docx: ")
    assert "taken in" not in told.text


async def test_only_admins_add_documents(surface: Surface) -> None:
    await surface.beat.attaches("trips.md", TEXT, "add-doc")
    await surface.until_told(surface.beat, "Only admins")
    assert surface.model.asked == []


async def test_a_document_that_was_sent_is_deleted_for_good(surface: Surface) -> None:
    sent = await surface.anna.attaches("trips.md", TEXT, "add-doc")
    await surface.until_read(surface.anna, sent, "taken in")
    await surface.anna.commands("delete-doc uploads/default/trips.md", sent)
    await surface.idle()
    surface.model.draft = "The trip to Oslo costs EUR 900. [1]"
    answer = await surface.answer(await surface.beat.mentions(OSLO))
    assert "EUR 900" not in answer.text
