"""Slack beyond messages: the Home tab, the assistant's pane, shortcuts and forms."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import orjson

from adapters.slack_blocks import note
from adapters.slack_calls import SlackCalls
from adapters.slack_commands import (
    ASK,
    FEEDBACK,
    MESSAGE_SHORTCUT,
    NONE,
    QUESTION_FORM,
    REASONS_FORM,
    SOURCE,
    channel_of,
    judged,
    pressed,
)
from adapters.slack_errands import SlackErrands
from adapters.slack_members import SlackMembers
from adapters.slack_mrkdwn import escaped
from adapters.slack_notes import SlackNotes
from adapters.slack_payload import (
    Payload,
    address,
    answer_id,
    conversation_id,
    inner,
    own_user,
    plain,
    string,
    workspace,
)
from adapters.slack_refusals import NotTaken
from adapters.slack_views import home, question_form, reasons_form, submitted_question, submitted_reasons
from bot.dispatch import Dispatcher
from bot.errors import StateDown
from bot.events import Feedback, Person, Receipt, Turn, Verdict
from bot.language import language_of
from bot.notices import EXAMPLES, NOT_REACHED

FORM_SECONDS: Final = 2.0  # for what must be done before Slack knows that we have a form: it waits for three
QUOTED: Final = 2_000  # characters of a message that a question is about
METADATA: Final = 2_900  # bytes that a form carries along


class SlackSurfaces:
    """Opens what people look at and fill in; what they send is taken before Slack is told so."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        calls: Callable[[str, str], SlackCalls],
        members: SlackMembers,
        notes: SlackNotes,
        errands: SlackErrands,
    ) -> None:
        self._dispatcher = dispatcher
        self._calls = calls
        self._members = members
        self._notes = notes
        self._errands = errands

    def look(self, payload: Payload, receipt: Receipt | None = None) -> None:
        """Opens what a payload asks for, in the background; `receipt` is what became of it."""
        event, action = inner(payload, "event"), string(pressed(payload), "action_id")
        match string(payload, "type"), string(event, "type") or action or string(payload, "callback_id"):
            case "event_callback", "app_home_opened":
                self._errands.run(self._home(payload, event), "home")
            case "event_callback", "assistant_thread_started":
                thread = inner(event, "assistant_thread")
                place = (string(thread, "channel_id"), string(thread, "thread_ts"), string(thread, "user_id"))
                self._errands.run(self._prompts(payload, *place), "prompts")
            case "block_actions", kind if kind == ASK:
                question = string(pressed(payload), "value").removeprefix(NONE)
                self._errands.run(self._question_form(payload, question, {}), "form")
            case "message_action", kind if kind == MESSAGE_SHORTCUT:
                self._errands.run(self._question_form(payload, "", _about(payload)), "form")
            case "block_actions", kind if kind == SOURCE:
                self._errands.run(self._reasons_form(payload, "wrong source"), "form")
            case "block_actions", kind if kind == FEEDBACK and receipt and receipt.case:
                if string(pressed(payload), "value").startswith(Verdict.DOWN):
                    self._errands.run(self._reasons_form(payload, "", receipt.case.sources), "form")

    async def submitted(self, payload: Payload) -> dict[str, Any]:
        """Takes a form; what to answer: nothing closes it, errors are shown in it."""
        view = inner(payload, "view")
        match string(view, "callback_id"):
            case kind if kind == QUESTION_FORM:
                return await self._asked(payload, view)
            case kind if kind == REASONS_FORM:
                return await self._judged(payload, view)
        return {}

    async def _home(self, payload: Payload, event: Payload) -> None:
        user = string(event, "user")
        if string(event, "tab") == "messages":
            await self._prompts(payload, string(event, "channel"), "", user)
            return
        member = await self._members.known(user, *workspace(payload))
        view = home(user, member.language, EXAMPLES[member.language], bot=own_user(payload))
        await self._calls(*workspace(payload)).call("views.publish", {"user_id": user, "view": view.to_dict()})

    async def _prompts(self, payload: Payload, channel: str, thread: str, user: str) -> None:
        """Questions to begin with; Slack's agent view knows no thread before the first, the older one has one."""
        language = (await self._members.known(user, *workspace(payload))).language
        prompts = [{"title": question, "message": question} for question in EXAMPLES[language]]
        where = {"channel_id": channel, "thread_ts": thread or None}
        call = self._calls(*workspace(payload)).call
        await call("assistant.threads.setSuggestedPrompts", {**where, "prompts": prompts})

    async def _question_form(self, payload: Payload, question: str, about: dict[str, str]) -> None:
        language = (await self._members.known(*_who(payload))).language
        view = question_form(language, question, about.get("quoted", ""), _metadata(about))
        await self._open(payload, view.to_dict())

    async def _reasons_form(self, payload: Payload, chosen: str, sources: tuple[str, ...] = ()) -> None:
        channel, shown = channel_of(payload), judged(payload)
        if not sources:
            case = await self._dispatcher.case(answer_id(channel, shown))
            sources = case.sources if case else ()
        language = (await self._members.known(*_who(payload))).language
        listed = [(doc_id, doc_id.rpartition("/")[2]) for doc_id in sources]
        about = _metadata({"channel": channel, "ts": shown})
        await self._open(payload, reasons_form(language, about, listed, chosen).to_dict())

    async def _open(self, payload: Payload, view: dict[str, Any]) -> None:
        opened = {"trigger_id": string(payload, "trigger_id"), "view": view}  # good for three seconds
        try:
            await self._calls(*workspace(payload)).call("views.open", opened, optional=True)
        except NotTaken:
            self._notes.tell(payload, note(NOT_REACHED["en"], "", "en"))
            raise

    async def _asked(self, payload: Payload, view: Payload) -> dict[str, Any]:
        """A question from a form, answered in the person's direct messages, under what they asked."""
        question, about = submitted_question(view), _read(view)
        quoted = about.get("quoted", "")
        calls, user = self._calls(*workspace(payload)), string(inner(payload, "user"), "id")
        said = "\n".join([*(f"> {line}" for line in quoted.splitlines()), question])
        try:
            root = await calls.call("chat.postMessage", {"channel": user, "text": escaped(said)}, _soon, optional=True)
        except NotTaken:
            return _error("question", NOT_REACHED[language_of(question)])
        channel, ts = string(root, "channel"), string(root, "ts")
        turn = _question(payload, view, channel, ts, question, quoted)
        bot = string(inner(root, "message"), "user")
        try:
            receipt = await self._dispatcher.accept(replace(turn, reply_to={**turn.reply_to, "bot": bot}))
        except StateDown as error:
            await self._take_back(calls, channel, ts)
            return _error("question", str(error))
        if receipt.note or not receipt.new:
            await self._take_back(calls, channel, ts)
        return _error("question", receipt.note) if receipt.note else {}

    async def _take_back(self, calls: SlackCalls, channel: str, ts: str) -> None:
        self._errands.run(calls.call("chat.delete", {"channel": channel, "ts": ts}), "take back")

    async def _judged(self, payload: Payload, view: Payload) -> dict[str, Any]:
        about = _read(view)
        reason, document, comment = submitted_reasons(view)
        user, team, _ = _who(payload)
        event, person = f"slack:view:{string(view, 'id')}", Person(f"slack:{team}:{user}")
        judged_id = answer_id(about.get("channel", ""), about.get("ts", ""))
        verdict = Feedback(event, judged_id, person, Verdict.DOWN, reason=reason, comment=comment, document=document)
        try:
            await self._dispatcher.accept(verdict)
        except StateDown as error:
            return _error("reason", str(error))
        return {}


def _who(payload: Payload) -> tuple[str, str, str]:
    team, enterprise = workspace(payload)
    return string(inner(payload, "user"), "id"), team, enterprise


def _soon() -> asyncio.Timeout:
    return asyncio.timeout(FORM_SECONDS)


def _error(block: str, text: str) -> dict[str, Any]:
    """An answer that Slack shows under a field of the form."""
    return {"response_action": "errors", "errors": {block: text or NOT_REACHED["en"]}}


def _about(payload: Payload) -> dict[str, str]:
    """The message that a shortcut was used on."""
    message = inner(payload, "message")
    return {"quoted": plain(string(message, "text"))[:QUOTED]}


def _metadata(about: dict[str, str]) -> str:
    """What a form carries along, within what Slack lets it."""
    while len(text := orjson.dumps(about)) > METADATA:
        about = about | {"quoted": about["quoted"][: len(about["quoted"]) * 3 // 4]}
    return text.decode()


def _read(view: Payload) -> dict[str, str]:
    try:
        about = orjson.loads(string(view, "private_metadata") or "{}")
    except orjson.JSONDecodeError:
        return {}
    return {key: value for key, value in about.items() if isinstance(value, str)} if isinstance(about, dict) else {}


def _question(payload: Payload, view: Payload, channel: str, ts: str, question: str, quoted: str) -> Turn:
    user, team, enterprise = _who(payload)
    return Turn(
        event_id=f"slack:view:{string(view, 'id')}",
        message_id=conversation_id(team, channel, ts),
        platform="slack",
        conversation=conversation_id(team, channel, ts),
        person=Person(f"slack:{team}:{user}"),
        text=f"{question}\n\n> {quoted}" if quoted else question,
        private=True,
        reply_to=address(channel, ts, team, enterprise, user),
        sent_at=time.time(),
    )
