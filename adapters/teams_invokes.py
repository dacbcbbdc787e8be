"""What Teams is answered when somebody waits for it: presses of buttons, forms, searches. Each within five seconds."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from adapters.teams_activity import Activity, address_of, language_at, opened, person_of, text_at
from adapters.teams_commands import CARD_INVOKE, from_press, pressed, wrong_source
from adapters.teams_dialogs import (
    Json,
    dialog,
    hinted,
    line,
    question_form,
    reasons_form,
    replaced,
    said,
    source_form,
    told,
)
from adapters.teams_events import FEEDBACK_INVOKE, FORM_INVOKE, thumb
from adapters.teams_extension import TeamsExtension
from adapters.teams_helpdesk import TeamsHelpdesk
from bot import labels
from bot.dispatch import Dispatcher
from bot.errors import HausgeistError, StateDown
from bot.events import Again, AskPerson, Feedback, Receipt, Verdict
from bot.language import SEARCHING, Language
from bot.notices import ANSWER_GONE, HANDED_BEFORE, NOT_REACHED, THANKS

SECONDS: Final = 4.5  # Teams waits for five

_SEARCH: Final = "composeExtension/query"
_ASKED: Final = "composeExtension/submitAction"
_FORMS: Final = (FORM_INVOKE, "task/fetch", "task/submit", "composeExtension/fetchTask")

log = logging.getLogger(__name__)


class TeamsInvokes:
    """Answers each invoke with what its person then sees; one that is none of ours with nothing."""

    def __init__(self, dispatcher: Dispatcher, extension: TeamsExtension, helpdesk: TeamsHelpdesk) -> None:
        self._dispatcher = dispatcher
        self._extension = extension
        self._helpdesk = helpdesk

    async def answer(self, activity: Activity) -> Mapping[str, object]:
        """The body of the answer. Raises Malformed, and Unavailable where nobody looks at a line of ours."""
        try:
            async with asyncio.timeout(SECONDS):
                return await self._answer(activity)
        except (HausgeistError, TimeoutError) as error:
            shown = _apology(activity, str(error) or NOT_REACHED[language_at(activity)])
            if shown is None:
                raise StateDown("An invoke was not taken.") from error
            log.warning("an invoke was not taken", extra={"error": type(error).__name__})
            return shown

    async def _answer(self, activity: Activity) -> Mapping[str, object]:
        answers = {
            CARD_INVOKE: self._pressed,
            FORM_INVOKE: self._thumb,
            FEEDBACK_INVOKE: self._judged,
            _SEARCH: self._extension.look_up,
            "composeExtension/fetchTask": self._extension.form,
            _ASKED: self._extension.submitted,
            "task/fetch": self._fetched,
            "task/submit": self._wrong_source,
        }
        answer = answers.get(text_at(activity, "name"))
        return await answer(activity) if answer else {}

    async def _judged(self, activity: Activity) -> Json:
        if verdict := await self._verdict(activity):
            await self._dispatcher.accept(verdict)
        return {}

    async def _verdict(self, activity: Activity) -> Feedback | None:
        """What a thumb says; from a client that does not tell under which answer, of the last one in its own chat."""
        verdict, address = thumb(activity), address_of(activity)
        if verdict is None or verdict.message_id:
            return verdict
        latest = await self._dispatcher.latest(address.place) if address.personal else ""
        return replace(verdict, message_id=latest) if latest else None

    async def _pressed(self, activity: Activity) -> Json:
        """A button of ours; what it answers is for the eyes of who pressed it."""
        data, language = pressed(activity), language_at(activity)
        if text_at(data, "hausgeist") == "source":
            return await self._source_form(activity, data)
        event = from_press(activity, data)
        if event is None:
            return {}
        receipt = await self._dispatcher.accept(event)
        if isinstance(event, AskPerson):
            return told(await self._handed(activity, event, receipt))
        if isinstance(event, Feedback):
            return replaced(said(await self._noted(event, receipt, language)))
        searching = SEARCHING[language] if isinstance(event, Again) else THANKS[language]
        return told(receipt.note or searching)

    async def _handed(self, activity: Activity, event: AskPerson, receipt: Receipt) -> str:
        if receipt.case:
            return await self._helpdesk.hand(activity, receipt.case, event.message_id)
        return receipt.note or HANDED_BEFORE[language_at(activity)]

    async def _source_form(self, activity: Activity, data: Mapping[str, object]) -> Json:
        language, answer = language_at(activity), text_at(data, "answer")
        case = await self._dispatcher.case(address_of(activity).message(answer))
        if case is None:
            return told(ANSWER_GONE[language])
        return replaced(source_form(language, answer, case.sources))

    async def _thumb(self, activity: Activity) -> Json:
        """A thumb counts at once; a 👎 is asked why."""
        verdict, language = await self._verdict(activity), language_at(activity)
        if verdict is None:
            return {}
        receipt = await self._dispatcher.accept(verdict)
        case = receipt.case or await self._dispatcher.case(verdict.message_id)
        if case is None:
            return line(ANSWER_GONE[language])
        if verdict.verdict is Verdict.UP:
            return line(THANKS[language])
        return dialog(labels.NOT_HELPFUL[language], reasons_form(language, case.sources))

    async def _fetched(self, activity: Activity) -> Json:
        """The form for a wrong source, where a client opens it as a dialog."""
        data, language = opened(opened(activity.get("value")).get("data")), language_at(activity)
        if text_at(data, "hausgeist") != "source":
            return {}
        answer = text_at(data, "answer")
        case = await self._dispatcher.case(address_of(activity).message(answer))
        if case is None:
            return line(ANSWER_GONE[language])
        return dialog(labels.WRONG_SOURCE[language], source_form(language, answer, case.sources))

    async def _wrong_source(self, activity: Activity) -> Json:
        data, address = opened(opened(activity.get("value")).get("data")), address_of(activity)
        if text_at(data, "hausgeist") != "wrong":
            return {}
        verdict = wrong_source(address, person_of(activity), data, address.message(address.activity))
        if verdict is None:
            return {}
        receipt, language = await self._dispatcher.accept(verdict), language_at(activity)
        return line(await self._noted(verdict, receipt, language))

    async def _noted(self, verdict: Feedback, receipt: Receipt, language: Language) -> str:
        """What its person is told of a verdict: it counts for what is an answer of ours."""
        case = receipt.case or await self._dispatcher.case(verdict.message_id)
        return (THANKS if case else ANSWER_GONE)[language]


def _apology(activity: Activity, text: str) -> Json | None:
    """The line where the person looks for an answer; None where they look for none."""
    language: Language = language_at(activity)
    name = text_at(activity, "name")
    if name == _ASKED:
        data = opened(opened(activity.get("value")).get("data"))
        form = question_form(language, text_at(data, "quoted"), text_at(data, "question"), text)
        return dialog(labels.ASK[language], form)
    if name in _FORMS:
        return line(text)
    return told(text) if name == CARD_INVOKE else hinted(text) if name == _SEARCH else None
