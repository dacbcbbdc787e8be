"""What people say of themselves and others: hidden from the model, told, and given back to those who said it."""

from tests.bot.knowing import HOTEL, SAID
from tests.conformance.surface import Surface


async def test_a_name_is_hidden_from_the_model_and_comes_back_in_the_answer(surface: Surface) -> None:
    surface.model.draft = f"PERSON_1 may ask for it. {SAID}"
    answer = await surface.answer(await surface.anna.writes(f"{HOTEL} It is for Anna Keller."))
    assert "Anna Keller may ask for it." in answer.text
    assert "Hidden from the model: name" in answer.text
    assert "Keller" not in surface.model.asked[0].question


async def test_a_password_is_refused_and_named(surface: Surface) -> None:
    asked = await surface.anna.writes(f"The password is Zx9!kkQ2vv81. {HOTEL}")
    told = await surface.until_read(surface.anna, asked, "password or key")
    assert "Zx9" not in told.text
    assert surface.model.asked == []


async def test_what_one_conversation_hid_does_not_come_back_in_another(surface: Surface) -> None:
    await surface.answer(await surface.anna.mentions(f"{HOTEL} Tell eva.muster@firm.example !"))
    surface.model.draft = f"Write to <EMAIL_ADDRESS_1>. {SAID}"
    other = await surface.answer(await surface.beat.mentions(HOTEL))
    assert "EUR 180" in other.text
    for words in ("eva.muster", "EMAIL_ADDRESS"):
        assert words not in other.text


async def test_the_name_of_a_file_is_hidden_from_the_model(surface: Surface) -> None:
    surface.model.draft = "The trip to Oslo costs EUR 900. [1]"
    name, said = "Trip of Anna Keller.txt", b"The trip to Oslo costs EUR 900."
    answer = await surface.answer(await surface.anna.attaches(name, said, "How much is the trip to Oslo?"))
    assert name in answer.text
    assert "Keller" not in surface.model.asked[0].passages[0].context
