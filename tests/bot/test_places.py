"""What admins enable in a channel: the words for it, who may say them, and what is said back."""

import pytest
from redis.asyncio import Redis

from bot.errors import StateDown
from bot.events import Command, Person, Verb
from bot.model import ScriptedModel
from bot.notices import PLACE, PLACE_USAGE
from bot.people import Directory
from bot.places import PERSONA, Place, Places
from guardrails.pii import Guard
from rag.library import Library
from tests.bot.house import House, turn
from tests.bot.test_assistant import lose

ANN, MARA = Person("test:ann"), Person("test:mara")
HERE = "test:C1"


@pytest.fixture
def places(redis: Redis) -> Places:
    return Places(redis)


@pytest.fixture
def house(redis: Redis, guard: Guard, library: Library, places: Places) -> House:
    return House(redis, guard, library, ScriptedModel(), Directory({}, places, {ANN.id}))


@pytest.mark.parametrize(
    ("words", "settings"),
    [
        ("questions", Place("questions", ("hr",), "Be brief.")),
        ("  SURE ", Place("sure", ("hr",), "Be brief.")),
        ("mentions", Place("mentions", ("hr",), "Be brief.")),
        ("scope travel, leave", Place("mentions", ("travel", "leave"), "Be brief.")),
        ("scope travel leave", Place("mentions", ("travel", "leave"), "Be brief.")),
        ("Scope  ALL", Place("mentions", (), "Be brief.")),
        ("persona Speak  like\na pirate.", Place("mentions", ("hr",), "Speak like a pirate.")),
        ("persona None", Place("mentions", ("hr",), "")),
        (f"persona {'x' * PERSONA}", Place("mentions", ("hr",), "x" * PERSONA)),
    ],
)
def test_words_change_one_setting_and_leave_the_others(words: str, settings: Place) -> None:
    assert Place("mentions", ("hr",), "Be brief.").changed(words) == settings


@pytest.mark.parametrize(
    "words",
    [
        "",
        " ",
        "scope",
        "scope ",
        "scope ,",
        "persona",
        f"persona {'x' * (PERSONA + 1)}",
        "sure please",
        "loud",
        "sure?",
    ],
)
def test_words_that_are_not_clear_change_nothing(words: str) -> None:
    assert Place().changed(words) is None


async def test_settings_stay_until_they_are_cleared_each_in_its_place(places: Places, redis: Redis) -> None:
    assert await places.of(HERE) == Place()
    wanted = Place("sure", ("travel", "hr"), "Répondez brièvement, s'il vous plaît.")
    await places.put(HERE, wanted)
    assert await places.of(HERE) == wanted
    assert await places.of("test:C2") == Place()
    assert await redis.ttl("hg:place:test:C1") == -1
    await places.put(HERE, Place("questions"))
    assert await places.of(HERE) == Place("questions")
    await places.clear(HERE)
    assert not await redis.exists("hg:place:test:C1")


async def test_a_mode_of_another_release_is_the_default(places: Places, redis: Redis) -> None:
    await redis.hset("hg:place:test:C1", mapping={"mode": "shouting", "persona": "Be brief.", "mood": "curious"})
    assert await places.of(HERE) == Place(persona="Be brief.")


async def test_settings_apply_where_they_were_made_and_nowhere_else(places: Places) -> None:
    await places.put(HERE, Place("sure"))
    directory = Directory({}, places, {ANN.id})
    assert await directory.place_of(turn("Hotels?", place=HERE)) == Place("sure")
    assert await directory.place_of(turn("Hotels?")) == Place()
    assert await Directory().place_of(turn("Hotels?", place=HERE)) == Place()
    assert (directory.administers(ANN), directory.administers(MARA), Directory().administers(ANN)) == (
        True, False, False
    )  # fmt: skip


async def told(house: House, verb: Verb, text: str = "", person: Person = ANN, place: str = HERE) -> str:
    told.number += 1  # type: ignore[attr-defined]  # every command is an event of its own
    event = f"command-{told.number}"  # type: ignore[attr-defined]
    return (await house.dispatcher.accept(Command(event, verb, person, place, text=text))).note


told.number = 0  # type: ignore[attr-defined]


async def test_an_admin_enables_and_is_told_what_holds_now(house: House, places: Places) -> None:
    assert await told(house, "enable", "questions") == PLACE["en"]["questions"]
    assert await told(house, "enable", "scope travel, hr") == f"{PLACE['en']['questions']}\nI look in: travel, hr."
    said = await told(house, "enable", "persona Be brief.")
    assert said.splitlines()[1:] == ["I look in: travel, hr.", "I speak like this: Be brief."]
    assert await places.of(HERE) == Place("questions", ("travel", "hr"), "Be brief.")
    assert await told(house, "disable") == PLACE["en"]["mentions"]
    assert await places.of(HERE) == Place()


async def test_enable_alone_says_what_holds_and_how_to_change_it(house: House, places: Places) -> None:
    await places.put(HERE, Place("sure"))
    assert await told(house, "enable") == f"{PLACE['en']['sure']}\n{PLACE_USAGE['en']}"
    assert await told(house, "enable", "loudly") == PLACE_USAGE["en"]
    assert await places.of(HERE) == Place("sure")


async def test_who_is_no_admin_changes_nothing_and_learns_how_to_become_one(house: House, places: Places) -> None:
    await places.put(HERE, Place("sure"))
    for verb in ("enable", "disable"):
        said = await told(house, verb, "questions", person=MARA)
        assert "`test:mara` to HAUSGEIST_ADMINS" in said
    assert await places.of(HERE) == Place("sure")


async def test_direct_messages_have_no_settings(house: House, redis: Redis) -> None:
    assert "in the channel" in await told(house, "enable", "questions", place="")
    house.directory = Directory({}, None, {ANN.id})
    house.__post_init__()
    assert "in the channel" in await told(house, "enable", "questions")
    assert not await redis.keys("hg:place:*")


async def test_a_command_delivered_twice_is_followed_once(house: House, places: Places) -> None:
    command = Command("c-1", "enable", ANN, HERE, "de", "questions")
    assert (await house.dispatcher.accept(command)).note == PLACE["de"]["questions"]
    await places.put(HERE, Place("sure"))
    assert not (await house.dispatcher.accept(command)).new
    assert await places.of(HERE) == Place("sure")


async def test_a_text_that_nothing_can_store_is_stored_without_that(house: House, places: Places) -> None:
    await told(house, "enable", "persona Half \ud83d a smile.")
    assert (await places.of(HERE)).persona == "Half ? a smile."


async def test_without_redis_a_command_is_not_taken_and_can_come_again(house: House) -> None:
    await lose(house.redis)
    with pytest.raises(StateDown):
        await told(house, "enable", "questions")
