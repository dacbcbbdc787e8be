"""Hands a question to a person: where the operator said that people are, with a link to where it was asked."""

from collections.abc import Callable, Sequence
from typing import Final

from adapters.slack_blocks import note
from adapters.slack_calls import SlackCalls
from adapters.slack_commands import channel_of, judged
from adapters.slack_errands import SlackErrands
from adapters.slack_members import SlackMembers
from adapters.slack_mrkdwn import escaped
from adapters.slack_notes import SlackNotes
from adapters.slack_payload import Payload, inner, string, workspace
from adapters.slack_refusals import NotTaken
from bot.events import Case
from bot.language import language_of
from bot.notices import ASKED_PERSON, GUEST, NO_PERSON, NOT_REACHED, WANTS_PERSON

LONGEST: Final = 2_500  # characters of question or answer that are shown


class SlackHelpdesk:
    """Posts to the channel, or person, of `places` (`slack:C0HELP`) that is first."""

    def __init__(
        self,
        calls: Callable[[str, str], SlackCalls],
        members: SlackMembers,
        notes: SlackNotes,
        errands: SlackErrands,
        places: Sequence[str],
    ) -> None:
        self._calls = calls
        self._members = members
        self._notes = notes
        self._errands = errands
        named = [place.removeprefix("slack:") for place in places if place.startswith("slack:")]
        self._desk = named[0] if named else ""

    def hand(self, payload: Payload, case: Case) -> None:
        """Hands over the case of an answer under which a button was pressed, and tells who pressed it."""
        language = language_of(case.question)
        if self._desk:
            self._errands.run(self._post(payload, case), "helpdesk")
        else:
            self._notes.tell(payload, note(NO_PERSON[language], "", language))

    async def _post(self, payload: Payload, case: Case) -> None:
        language = language_of(case.question)
        calls, user = self._calls(*workspace(payload)), string(inner(payload, "user"), "id")
        if not self._members.lets_in(await self._members.known(user, *workspace(payload))):
            self._notes.tell(payload, note(GUEST[language], "", language))
            return
        link = await self._link(calls, payload)
        told = WANTS_PERSON[language].format(person=f"<@{user}>", link=f" (<{link}|↗>)" if link else "")
        said = [told, *(_quoted(text) for text in (case.question, case.answer)), *map(escaped, case.sources)]
        try:
            text = "\n\n".join(said)
            await calls.call("chat.postMessage", {"channel": self._desk, "text": text, "unfurl_links": False})
        except NotTaken:
            self._notes.tell(payload, note(NOT_REACHED[language], "", language))
            return
        where = f"<#{self._desk}>" if self._desk.startswith(("C", "G")) else f"<@{self._desk}>"
        self._notes.tell(payload, note(ASKED_PERSON[language].format(where=where), "", language))

    async def _link(self, calls: SlackCalls, payload: Payload) -> str:
        """Where it was asked, if others can look there."""
        channel = channel_of(payload)
        if channel.startswith("D"):
            return ""
        try:
            said = await calls.call("chat.getPermalink", {"channel": channel, "message_ts": judged(payload)})
        except NotTaken:
            return ""
        return string(said, "permalink")


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in escaped(text[:LONGEST]).splitlines())
