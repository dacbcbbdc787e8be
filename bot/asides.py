"""Everything people tell us other than by asking: verdicts, commands, wishes about an answer that stands."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.answers import Answer, Reply
from bot.assistant import Assistant
from bot.errors import HausgeistError, IndexDown, NotAllowed
from bot.events import Again, AskPerson, Case, Command, Feedback, Receipt, Share, Turn
from bot.inbox import Inbox
from bot.language import Language, language_of
from bot.memory import Memory
from bot.notices import (
    ADMINS_ONLY,
    FORGOTTEN,
    GONE,
    NOT_FOR_ALL,
    NOT_YOURS,
    NOTHING_REMEMBERED,
    NOTHING_RUNS,
    PLACE,
    PLACE_ONLY,
    PLACE_USAGE,
    SHARED,
    STOPPING,
)
from bot.notices_rights import CLOSED
from bot.people import PUBLIC
from bot.places import Place
from rag.passages import OWN_FILE


@dataclass(frozen=True, slots=True)
class Asides:
    """Follows what people say beside their questions; every method raises StateDown."""

    assistant: Assistant
    memory: Memory
    inbox: Inbox

    async def follow(self, event: AskPerson | Command | Feedback) -> Receipt:
        """Does what was said; what it comes to."""
        match event:
            case Command():
                return await self._obey(replace(event, text=sound(event.text)))
            case Feedback():
                return await self._judge(event)
            case AskPerson():
                case = await self.memory.case(event.message_id)
                return Receipt(case=await self._for_all(case)) if case else Receipt(note=GONE["en"])

    async def _obey(self, command: Command) -> Receipt:
        """Does what a command says."""
        match command.verb:
            case "stop":
                stopped = await self.inbox.stop(command.person.id, command.place)
                return Receipt(note=(STOPPING if stopped else NOTHING_RUNS)[command.language])
            case "reset":
                forgotten = await self.memory.reset(command.place, await self.inbox.running(command.place))
                return Receipt(note=(FORGOTTEN if forgotten else NOTHING_REMEMBERED)[command.language])
        return Receipt(note=await self._settle_place(command))

    async def _judge(self, feedback: Feedback) -> Receipt:
        """Stores a verdict; what was written about it is masked first, or left out."""
        comment = feedback.comment and await self._kept(sound(feedback.comment))
        document = await self._kept(feedback.document) if feedback.document.startswith(OWN_FILE) else feedback.document
        case = await self.memory.judge(replace(feedback, comment=comment, document=document))
        return Receipt(new=case is not None, case=case)

    async def ask_again(self, event: Again) -> Turn | Receipt:
        """The kept question, to be asked once more, or why not."""
        turn = await self.inbox.kept(event.kept)
        if turn is None:
            return Receipt(note=GONE["en"])
        if turn.person.id != event.person.id:
            return Receipt(note=NOT_YOURS[language_of(turn.text)])
        key = f"again:{event.kept}"  # one press and another of the same button are one message
        once = replace(turn, event_id=event.event_id, message_id=key, sent_at=time.time())
        where = {**turn.reply_to, **event.reply_to}
        return replace(once, merged=(key, *turn.messages), reply_to=where, call="addressed", discreet=False)

    async def share(self, event: Share) -> Turn | Receipt:
        """The turn that shows an answer to all in a place, or why it must not."""
        kept = await self.inbox.kept_answer(event.kept)
        language = kept[1].language if kept else "en"
        if kept is None:
            return Receipt(note=GONE["en"])
        asked = await self.inbox.kept(event.kept)
        elsewhere = asked is not None and asked.place not in ("", event.turn.place)
        if kept[0] != event.turn.person.id or elsewhere:
            return Receipt(note=NOT_YOURS[language])
        if hidden := await self.not_for_all(kept[1], event.turn):
            return Receipt(note=NOT_FOR_ALL[language].format(titles=", ".join(hidden)))
        name = f"{event.turn.place}:share:{event.kept}"  # twice pressed it is one message
        return replace(event.turn, event_id=event.event_id, message_id=name, conversation=name, shares=event.kept)

    async def show_shared(self, turn: Turn, reply: Reply) -> str:
        """Shows all what one person was told, if all may still read what it rests on; what came of it.

        Raises NotAllowed, and what `reply` raises.
        """
        kept = await self.inbox.kept_answer(turn.shares)
        if kept is None:
            raise NotAllowed(GONE["en"])
        if hidden := await self.not_for_all(kept[1], turn):
            raise NotAllowed(NOT_FOR_ALL[kept[1].language].format(titles=", ".join(hidden)))
        shown = await reply.finish(self.shared(kept[1], turn))
        if not shown:
            return "not shared"
        if question := await self.inbox.kept(turn.shares):
            await self.memory.shown_too(question.conversation, question.message_id, shown)
        return "shared"

    async def not_for_all(self, answer: Answer, there: Turn) -> Sequence[str]:
        """The titles of the documents behind an answer that not everybody may read who reads along `there`.

        Of what whoever shares it may not read either, no name: "…". Raises IndexDown, StateDown.
        """
        titles = {doc_id: doc_id for doc_id in answer.read} | {one.doc_id: one.title for one in answer.sources}
        rights = await self.assistant.directory.rights(there)
        readable = await self.assistant.readable(list(titles), rights.groups)
        hidden = [doc_id for doc_id in titles if doc_id not in readable]
        own = await self.assistant.readable(hidden, rights.own) if hidden else PUBLIC
        named = (titles[doc_id] if doc_id in own or doc_id.startswith(OWN_FILE) else "…" for doc_id in hidden)
        return list(dict.fromkeys(named))

    async def _for_all(self, case: Case) -> Case:
        """The case as anybody may be told it: of documents that are not open to all, nothing but that there are."""
        try:
            readable = await self.assistant.readable(case.read, PUBLIC)
        except IndexDown:
            readable = PUBLIC
        if readable.issuperset(case.read):
            return case
        sources = tuple(name for name in case.sources if name in readable)
        return Case(case.question, CLOSED[language_of(case.question)], sources)

    def shared(self, answer: Answer, turn: Turn) -> Answer:
        """The answer as all see it: with who wished so; it is nobody's to ask again."""
        by = turn.reply_to.get("by", "")
        notice = (SHARED[answer.language].format(person=by),) if by else ()
        return replace(answer, trace_id="", masked=(), notices=(*notice, *answer.notices), title="")

    async def _kept(self, text: str) -> str:
        try:
            return await self.assistant.kept(text)
        except HausgeistError:
            return ""

    async def _settle_place(self, command: Command) -> str:
        language, places = command.language, self.assistant.directory.places
        if places is None or not command.place:
            return PLACE_ONLY[language]
        if not self.assistant.directory.administers(command.person):
            return ADMINS_ONLY[language].format(person=command.person.id)
        if command.verb == "disable":
            await places.clear(command.place)
            return described(Place(), language)
        now = await places.of(command.place)
        wanted = now.changed(command.text) if command.text else now
        if wanted is None:
            return PLACE_USAGE[language]
        if wanted != now:
            await places.put(command.place, wanted)
        usage = "" if command.text else f"\n{PLACE_USAGE[language]}"
        return described(wanted, language) + usage


def sound(text: str) -> str:
    """The text without lone surrogates, which JSON may carry and nothing can store."""
    return text.encode("utf-8", "replace").decode()


def described(place: Place, language: Language) -> str:
    """What holds in a channel, in words."""
    words = PLACE[language]
    lines = [words[place.mode]]
    if place.collections:
        lines.append(words["scope"].format(collections=", ".join(place.collections)))
    if place.persona:
        lines.append(words["persona"].format(persona=place.persona))
    return "\n".join(lines)
