"""Asking from where people write in Teams: about a message of others, or for documents to put into one's own."""

import logging
import time
from dataclasses import asdict, dataclass, replace
from typing import Final

from adapters import teams_markdown as markdown
from adapters.teams_activity import (
    PLATFORM,
    Activity,
    Address,
    address_of,
    language_at,
    objects,
    opened,
    person_of,
    text_at,
)
from adapters.teams_attachments import QUOTED, plain
from adapters.teams_calls import Fate, NotTaken
from adapters.teams_dialogs import QUESTION, Json, dialog, found, hinted, line, question_form, result
from adapters.teams_members import Admit
from adapters.teams_message import TEXT, Post
from adapters.teams_sdk import TeamsBot
from bot import labels
from bot.dispatch import Dispatcher
from bot.errors import HausgeistError, NotAllowed
from bot.events import Turn
from bot.language import Language
from bot.notices import ANSWER_IN_CHAT, CHAT_FIRST, NOT_REACHED, NOTHING_FOUND, SEARCH_HINT

MOST: Final = 10  # documents that a search lists
SEARCHED: Final = 300  # characters

log = logging.getLogger(__name__)


class TeamsExtension:
    """Answers a question in the person's chat with us, as only they may see it, and lists documents at once."""

    def __init__(self, dispatcher: Dispatcher, bot: TeamsBot, admit: Admit) -> None:
        self._dispatcher = dispatcher
        self._bot = bot
        self._admit = admit

    async def look_up(self, activity: Activity) -> Json:
        """The documents that fit what someone types, among those that everybody may read. Raises HausgeistError."""
        address, language = address_of(activity), language_at(activity)
        value = opened(activity.get("value"))
        words = _words(value)
        if not words:
            return hinted(SEARCH_HINT[language])
        if _skips(value):  # all there is was listed
            return found([])
        try:
            await self._admit(_turn(activity, address, words))
        except NotAllowed as error:
            return hinted(str(error))
        sources = await self._dispatcher.look_up(words, MOST)
        return found([result(source) for source in sources]) if sources else hinted(NOTHING_FOUND[language])

    async def form(self, activity: Activity) -> Json:
        """The form for a question, about the message whose menu was used."""
        language, value = language_at(activity), opened(activity.get("value"))
        return dialog(labels.ASK[language], question_form(language, _about(value)))

    async def submitted(self, activity: Activity) -> Json:
        """Takes the question, and says where the answer comes, or why there will be none."""
        value, language = opened(activity.get("value")), language_at(activity)
        data = opened(value.get("data"))
        asked = _Asked(
            text_at(data, "question").strip()[:QUESTION], (text_at(data, "quoted") or _about(value))[:QUOTED]
        )
        if text_at(value, "botMessagePreviewAction"):
            return {}
        if not asked.question:
            return _again(asked, language)
        try:
            chat = await self._chat(address_of(activity))
            shown = await self._bot.send(chat, Post(markdown.fitted(markdown.plain(asked.shown), TEXT)[0]))
        except NotTaken as refusal:
            log.info("a question cannot be answered in the chat: %s", refusal)
            later = refusal.fate is Fate.LATER
            return _again(asked, language, NOT_REACHED[language]) if later else line(CHAT_FIRST[language])
        note = await self._taken(_question(activity, replace(chat, activity=shown), asked.text), language)
        return _again(asked, language, note) if note else line(ANSWER_IN_CHAT[language])

    async def _taken(self, turn: Turn, language: Language) -> str:
        """Hands the question on; why it was not taken, if so, and then it does not stand in the chat any more."""
        try:
            receipt = await self._dispatcher.accept(turn)
            if receipt.new and not receipt.note:
                return ""
            note = receipt.note
        except HausgeistError as error:
            note = str(error) or NOT_REACHED[language]
        chat = Address.of(turn.reply_to)
        try:
            await self._bot.delete(chat, chat.activity)
        except NotTaken as refusal:
            log.info("a question that nobody answers still stands in the chat: %s", refusal)
        return note

    async def _chat(self, address: Address) -> Address:
        """The conversation that the person has with us alone."""
        ours = address.personal and not address.conversation.startswith("19:")  # as chats with colleagues are called
        conversation = address.conversation if ours else await self._bot.open(address)
        return replace(address, conversation=conversation, activity="", kind="personal")


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was put into the form."""

    question: str
    quoted: str

    @property
    def quote(self) -> str:
        return "\n".join(f"> {row}" for row in self.quoted.splitlines())

    @property
    def shown(self) -> str:
        """As it stands in the chat, above its answer."""
        return "\n\n".join(filter(None, [self.quote, self.question]))

    @property
    def text(self) -> str:
        return "\n\n".join(filter(None, [self.question, self.quote]))


def _again(asked: _Asked, language: Language, note: str = "") -> Json:
    return dialog(labels.ASK[language], question_form(language, asked.quoted, asked.question, note))


def _words(value: Activity) -> str:
    """What was typed into the search; nothing when it has just been opened."""
    typed = (text_at(one, "value") for one in objects(value, "parameters") if text_at(one, "name") != "initialRun")
    return next((words.strip() for words in typed if words.strip()), "")[:SEARCHED]


def _skips(value: Activity) -> bool:
    options = value.get("queryOptions")
    skip = options.get("skip") if isinstance(options, dict) else 0
    return isinstance(skip, int) and skip > 0


def _about(value: Activity) -> str:
    """The message whose menu was used, as plain text."""
    body = opened(opened(value.get("messagePayload")).get("body"))
    content = text_at(body, "content")
    return (content if text_at(body, "contentType") == "text" else plain(content))[:QUOTED]


def _question(activity: Activity, chat: Address, text: str) -> Turn:
    """The question as one of the chat with us, from where its answer may be shared with the channel it came from."""
    turn, asked_in = _turn(activity, chat, text), address_of(activity)
    if asked_in.kind == "personal":
        return turn
    return replace(turn, place=asked_in.channel, reply_to={**turn.reply_to, "from": asked_in.conversation})


def _turn(activity: Activity, address: Address, text: str) -> Turn:
    asked = address_of(activity)
    return Turn(
        event_id=asked.message(asked.activity),
        message_id=address.message(address.activity),
        platform=PLATFORM,
        conversation=address.place,
        person=person_of(activity),
        text=text,
        private=True,
        reply_to=asdict(address),
        sent_at=time.time(),
    )
