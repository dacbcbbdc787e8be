"""Hands a question to a person: where the operator said that people are, with a link to where it was asked."""

import logging
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Final
from urllib.parse import quote, urlencode

from adapters.teams_activity import PLATFORM, Activity, Address, address_of, kind_of, person_of
from adapters.teams_calls import NotTaken
from adapters.teams_markdown import fitted, line, plain
from adapters.teams_members import Admit
from adapters.teams_message import TEXT, Post
from adapters.teams_sdk import TeamsBot
from bot.errors import NotAllowed, Undelivered
from bot.events import Case, Person, Turn
from bot.language import language_of
from bot.notices import ASKED_PERSON, HANDED_BEFORE, HELPDESK, NO_PERSON, NOT_REACHED, WANTS_PERSON

LONGEST: Final = 2_500  # characters of question or answer that are shown
MOST: Final = 10_000  # answers of which we know that they were handed over

log = logging.getLogger(__name__)


class TeamsHelpdesk:
    """Posts to the conversation (`teams:19:…`), or person (`teams:29:…` or their directory id), that is first."""

    def __init__(self, bot: TeamsBot, admit: Admit, places: Sequence[str]) -> None:
        self._bot = bot
        self._admit = admit
        named = [place.removeprefix("teams:") for place in places if place.startswith("teams:")]
        self._desk = named[0] if named else ""
        self._handed: dict[tuple[str, str], None] = {}  # answers, and who wanted a person for them

    async def hand(self, activity: Activity, case: Case, answer: str) -> str:
        """Hands over the case of an answer under which a button was pressed, once; the line for who pressed it."""
        language, pressed = language_of(case.question), (answer, person_of(activity).id)
        if not self._desk:
            return NO_PERSON[language]
        if pressed in self._handed:
            return HANDED_BEFORE[language]
        if len(self._handed) >= MOST:
            del self._handed[next(iter(self._handed))]
        self._handed[pressed] = None
        done = False
        try:
            await self._post(address_of(activity), person_of(activity), case, answer)
            done = True
        except NotAllowed as error:
            return str(error)
        except (NotTaken, Undelivered, TimeoutError) as error:
            log.error("a question was not handed to a person", extra={"error": type(error).__name__})
            return NOT_REACHED[language]
        finally:
            if not done:
                self._handed.pop(pressed, None)
        return ASKED_PERSON[language].format(where=HELPDESK[language])

    async def _post(self, address: Address, person: Person, case: Case, answer: str) -> None:
        await self._admit(Turn("", "", PLATFORM, address.place, person, case.question, True, asdict(address)))
        desk = await self._there(address)
        who = f"**{line(person.name, 80) or person.id}**"
        wanted = WANTS_PERSON[language_of(case.question)].format(person=who, link=_link(address, answer))
        sources = [line(source, 300) for source in case.sources]
        said = "\n\n".join([wanted, _quoted(case.question), _quoted(case.answer), *sources])
        await self._bot.send(desk, Post(fitted(plain(said), TEXT)[0]))

    async def _there(self, address: Address) -> Address:
        if self._desk.startswith("19:"):
            return replace(address, conversation=self._desk, activity="", kind=kind_of(self._desk))
        someone = replace(address, user=self._desk)
        return replace(someone, conversation=await self._bot.open(someone), activity="", kind="personal")


def _link(address: Address, answer: str) -> str:
    """Where it was asked, if others can look there."""
    message = answer.rpartition(":")[2]
    if address.personal or not message:
        return ""
    conversation = quote(address.channel.removeprefix("teams:"), safe="")
    asked: dict[str, str] = {"tenantId": address.tenant}
    if address.kind == "channel":
        asked["parentMessageId"] = address.root or message
    else:
        asked["context"] = '{"contextType":"chat"}'
    return f" ([↗](https://teams.microsoft.com/l/message/{conversation}/{quote(message, safe='')}?{urlencode(asked)}))"


def _quoted(text: str) -> str:
    return "\n".join(f"> {row}" for row in text[:LONGEST].splitlines())
