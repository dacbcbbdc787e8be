"""The life of a question: authorise, recall, guard, retrieve, generate, screen, reply, remember."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from bot.admission import Admission
from bot.answers import Answer, Reply, Source
from bot.approved import ApprovedModel, approval
from bot.cautions import cautions
from bot.errors import HausgeistError, ModelDown, NotAllowed, searching
from bot.events import Message, Turn
from bot.followups import REACH, Sought, joined, leaning, topic
from bot.language import (
    BUSY,
    MODEL_DOWN,
    READING,
    SEARCHING,
    language_of,
)
from bot.memory import Asked, Conversation, Memory, Record
from bot.model import ExtractiveModel, Model, ModelBusy
from bot.notices_rights import MORE_IN_PRIVATE, UNSURE
from bot.people import PUBLIC, Directory
from bot.places import Place
from bot.prompt import Prompt, fits, room
from bot.refusal import refusal
from bot.screen import NoAnswer, Screened, dated, source_of
from bot.trace import Trace
from bot.veil import Question, Veil
from guardrails.injection import is_suspicious
from guardrails.masking import PLACEHOLDER, Vault, kinds_in, restore
from rag.curated import is_approved
from rag.passages import OWN_FILE, Hit, Passage
from rag.retriever import RELEVANT

QUESTION_CHARACTERS: Final = 8000
TITLE_CHARACTERS: Final = 60
LETTERS: Final = 2  # of a token at least, in the languages we speak

Composed = tuple[Answer, str]
"""An answer, and its text with values as they were given, which markup in them may have altered for the eye."""


class Knowledge(Protocol):
    """What the company knows."""

    async def search(
        self, query: str, groups: frozenset[str], *, k: int = 8, collections: Collection[str] = ()
    ) -> list[Hit]:
        """The passages that fit best among those the groups may read, best first; no `collections` are all."""

    async def readable(self, doc_ids: Collection[str], groups: frozenset[str]) -> frozenset[str]:
        """Which of the documents the groups may read."""

    async def holds_more(self, groups: frozenset[str], than: frozenset[str], collections: Collection[str]) -> bool:
        """Whether some groups may read any document that others may not."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What an answer may use: documents of `groups`, and what was `told` before without what is closed by now.

    `begins` where nothing was told before, `unsure` where somebody did not say who is in which group, `more` where
    there is more for its asker in private.
    """

    groups: frozenset[str]
    told: Conversation
    begins: bool = True
    unsure: bool = False
    more: bool = False

    def notices(self, answer: Answer) -> tuple[str, ...]:
        """Where the answer ends: said whatever was asked, so that others who read along learn of no document by it."""
        unsure = (UNSURE[answer.language],) if self.unsure else ()
        more = (MORE_IN_PRIVATE[answer.language],) if self.more and (self.begins or answer.refused) else ()
        return *unsure, *more


@dataclass(frozen=True, slots=True)
class Assistant:
    """Answers one question at a time; the parts it uses are given, it keeps no state of its own."""

    directory: Directory
    veil: Veil
    memory: Memory
    knowledge: Knowledge
    model: Model
    admission: Admission
    passages: int = 3
    window: int = 4096
    stale_days: float = 365

    async def answer(self, turn: Turn, reply: Reply, trace: Trace, attached: Sequence[Passage] = ()) -> None:
        """Answers through `reply`, from documents the person may read, or declines. Raises HausgeistError, Superseded.

        `attached` are passages of the files that came with the question; they go before what is found.

        A turn that was answered and remembered already, by a worker that is gone, is left as it is.
        """
        self._authorise(turn)
        language = language_of(turn.text)
        with trace.step("recall"):
            talk = await self.memory.recall(turn.conversation)
            place = await self.directory.place_of(turn)
            reach = await self._reach(turn, talk, place)
        if talk.answered(turn.message_id):
            trace.outcome = "answered before"
            return
        with trace.step("guard"):
            question = await self.veil.question(turn.text, talk.vault, language)
            history = await self._history(turn, reach.told)
            query = await self._query(turn, reach.told, question)
        if not fits(question.masked.text, self.window):  # placeholders may be longer than what they stand for
            raise self._too_long()
        await reply.status(SEARCHING[language])
        with trace.step("retrieve"):
            hits = await self._search(query, reach.groups, place.collections, self.passages)
        await reply.status(READING[language])
        with trace.step("guard"):
            passages = await self.veil.passages([*attached, *(hit.passage for hit in hits)], talk.vault)
        passages, doubtful = _demoted(passages)
        prompt = Prompt(question.masked.text, passages, language, history, turn.person.id, place.persona)
        with trace.step("generate"):
            answer, plain = await self._compose(prompt.fitting(self.window), turn.waited, talk.vault, reply, trace)
        masked = _kinds(question, [passage for passage in passages if not passage.collection])
        answer = replace(self._finished(answer, turn, reach, doubtful, prompt), masked=masked)
        with trace.step("reply"):
            message_id = await reply.finish(answer)
        if turn.discreet and not message_id:
            trace.outcome = "kept silent"
            return
        trace.outcome = "refused" if answer.refused else "makeshift" if answer.makeshift else "answered"
        trace.counts |= {"passages": len(hits), "sources": len(answer.sources), "doubtful": len(doubtful)}
        trace.counts["masked"] = len(question.masked.spans)
        with trace.step("remember"):
            trace.counts["forgotten"] = await self._remember(
                turn, talk, question, replace(answer, text=plain), message_id
            )

    async def kept(self, text: str) -> str:
        """A text that belongs to no conversation, as it may stay. Raises GuardDown, Blocked."""
        return await self.veil.kept(text, Vault())

    async def readable(self, doc_ids: Collection[str], groups: frozenset[str]) -> frozenset[str]:
        """Which of the documents the groups may read. Raises IndexDown."""
        with searching():
            return await self.knowledge.readable(doc_ids, groups)

    async def look_up(self, text: str, most: int) -> list[Source]:
        """The documents that fit a text best among those that everybody may read. Raises IndexDown, GuardDown."""
        query = await self.veil.query(text[:QUESTION_CHARACTERS])
        hits = await self._search(Sought(query), PUBLIC, (), 2 * most)
        best: dict[str, Passage] = {}
        for hit in hits:
            best.setdefault(hit.passage.doc_id, hit.passage)
        found = [source_of(number, passage) for number, passage in enumerate(list(best.values())[:most], 1)]
        return list(dated(found, self.stale_days))

    def _finished(self, answer: Answer, turn: Turn, reach: Reach, doubtful: frozenset[str], prompt: Prompt) -> Answer:
        """The answer with what stands around it, and what it was made from: what was told before, too."""
        answer = replace(answer, sources=dated(answer.sources, self.stale_days))
        warned = cautions(answer, prompt, reach.told.vault, doubtful)
        read = [*(passage.doc_id for passage in prompt.passages), *reach.told.read]
        return replace(
            answer,
            notices=(*turn.notices, *warned, *approval(prompt.passages, answer.language), *reach.notices(answer)),
            title=_title(turn.text) if reach.begins else "",
            read=tuple(dict.fromkeys(read)),
        )

    async def _reach(self, turn: Turn, talk: Conversation, place: Place) -> Reach:
        """What the answer may use, of documents and of the conversation. Raises StateDown, IndexDown."""
        rights = await self.directory.rights(turn)
        named = {name for name in talk.read if not name.startswith(OWN_FILE)}
        closed = named - await self.readable(named, rights.groups) if named else PUBLIC
        kept = [one for one in talk.exchanges if one.read is not None and closed.isdisjoint(one.read)]
        with searching():
            more = rights.more_in_private and await self.knowledge.holds_more(
                rights.own, rights.groups, place.collections
            )
        return Reach(rights.groups, replace(talk, exchanges=tuple(kept)), not talk.exchanges, rights.unsure, more)

    def _authorise(self, turn: Turn) -> None:
        if not turn.text.strip():
            raise NotAllowed("Please write a question.")
        if len(turn.text) > QUESTION_CHARACTERS or not fits(turn.text, self.window):
            raise self._too_long()

    def _too_long(self) -> NotAllowed:
        most = min(QUESTION_CHARACTERS, LETTERS * room(self.window))
        return NotAllowed(f"That question is too long; please keep it under {most:,} characters.")

    async def _history(self, turn: Turn, talk: Conversation) -> tuple[Message, ...]:
        if turn.history is None:
            return await self.veil.remembered(talk.messages, talk.vault)
        return await self.veil.thread(turn.history, talk.vault)

    async def _query(self, turn: Turn, talk: Conversation, question: Question) -> Sought:
        """What is searched for, in memory only: the question, and what it leans on of those before it."""
        own = await self.veil.query(turn.text, found=question.found)
        if not (weight := leaning(turn.text)):
            return Sought(own)
        before = [await self.veil.query(text) for text in _questions(turn, talk)[-REACH:]]
        carried = topic(before, own)
        return Sought(own, f"{carried} {own}", weight) if carried else Sought(own)

    async def _search(
        self, sought: Sought, groups: frozenset[str], collections: Collection[str], most: int
    ) -> list[Hit]:
        async def found(query: str) -> list[Hit]:
            return await self.knowledge.search(query, groups, k=most, collections=collections) if query else []

        with searching():
            own, carried = await asyncio.gather(found(sought.question), found(sought.leaning))
        hits = [hit for hit in joined(own, carried, sought.weight, most) if hit.score >= RELEVANT]
        return hits[:1] if hits and is_approved(hits[0].passage) else hits

    async def _compose(self, prompt: Prompt, waited: float, vault: Vault, reply: Reply, trace: Trace) -> Composed:
        """The model's answer; where it cannot give one, the best passages as they stand."""
        if not prompt.passages:
            return _refused(prompt, vault, trace.id)
        vault = _given(prompt, vault)
        screened = Screened(prompt, vault, trusted=isinstance(self.model, ExtractiveModel))
        if is_approved(prompt.passages[0]):
            return await _write(ApprovedModel(), prompt, screened, reply, trace)
        try:
            if await self.admission.admits(waited):
                return await _write(self.model, prompt, screened, reply, trace)
            notice = BUSY
        except ModelDown as error:
            if screened.masked_text:  # what was shown is never taken back
                raise
            notice = BUSY if isinstance(error, ModelBusy) else MODEL_DOWN
        quoted = Screened(prompt, vault, trusted=True)
        makeshift, plain = await _write(ExtractiveModel(notice), prompt, quoted, reply, trace)
        return replace(makeshift, makeshift=True), plain

    async def _remember(
        self, turn: Turn, talk: Conversation, question: Question, answer: Answer, message_id: str
    ) -> bool:
        """Keeps the exchange, masked; True if that failed: the answer is shown already, so the turn goes on."""
        asked = Asked(turn.message_id, turn.messages, turn.person.id, turn.fence)
        try:
            kept = await self.veil.kept(answer.text, talk.vault)
            sources = await self.veil.names([source.doc_id for source in answer.sources], talk.vault)
            read = await self.veil.names(answer.read, talk.vault)
            record = Record(answer.trace_id, question.kept, kept, answer.refused, sources, self.model.name, read)
            return not await self.memory.remember(talk, asked, record, message_id)
        except HausgeistError:
            return True


async def _write(model: Model, prompt: Prompt, screened: Screened, reply: Reply, trace: Trace) -> Composed:
    """Streams the screened draft to the person, or declines."""
    text = ""
    try:
        async for sentence in screened.sentences(model.stream(prompt)):
            text += sentence
            await reply.write(sentence)
    except NoAnswer:
        return _refused(prompt, screened.vault, trace.id)
    finally:
        trace.counts |= {"screened": screened.interventions, **screened.dropped}
    answer = Answer(text.strip(), trace.id, screened.sources, language=prompt.language)
    return answer, restore(screened.masked_text, screened.vault).strip()


def _given(prompt: Prompt, vault: Vault) -> Vault:
    """Of a conversation's values those that the model is given: what is closed by now is not asked back by its name."""
    passages = (text for passage in prompt.passages for text in (passage.context, passage.owner))
    told = (prompt.question, *(line.text for line in prompt.history), *passages)
    return vault.only(match[0] for text in told for match in PLACEHOLDER.finditer(text))


def _refused(prompt: Prompt, vault: Vault, trace_id: str) -> Composed:
    text = refusal(prompt, vault)
    return Answer(text, trace_id, refused=True, language=prompt.language), text


def _title(question: str) -> str:
    """The beginning of the first question, as the name of its conversation."""
    line = " ".join(question.split())
    return line if len(line) <= TITLE_CHARACTERS else line[: TITLE_CHARACTERS - 1].rsplit(" ", 1)[0] + "…"


def _questions(turn: Turn, talk: Conversation) -> list[str]:
    """What was asked before, in clear."""
    earlier = turn.history if turn.history is not None else talk.messages
    return [restore(line.text, talk.vault) for line in earlier if line.role == "user"]


def _demoted(passages: Sequence[Passage]) -> tuple[tuple[Passage, ...], frozenset[str]]:
    """The passages, behind the others those that speak to the model; and the documents of these."""
    doubted = {passage.chunk_id for passage in passages if is_suspicious(passage.context)}
    ranked = tuple(sorted(passages, key=lambda passage: passage.chunk_id in doubted))
    return ranked, frozenset(passage.doc_id for passage in passages if passage.chunk_id in doubted)


def _kinds(question: Question, attached: Sequence[Passage]) -> tuple[str, ...]:
    """What was hidden of the question and of the files that came with it."""
    kinds = set(question.masked.kinds).union(*(kinds_in(passage.context) for passage in attached))
    return tuple(sorted(kinds))
