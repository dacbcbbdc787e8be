"""The life of a question: authorise, recall, guard, retrieve, generate, screen, reply, remember."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final, Protocol

from bot.admission import Admission
from bot.answers import Answer, Reply, Source
from bot.errors import Blocked, GuardDown, HausgeistError, IndexDown, ModelDown, NotAllowed
from bot.events import Message, Turn
from bot.language import (
    BLOCKED,
    BUSY,
    LOOKED_AT,
    MODEL_DOWN,
    READING,
    REFUSAL,
    SEARCHING,
    Language,
    language_of,
)
from bot.memory import Asked, Conversation, Memory, Record
from bot.model import ExtractiveModel, Model, ModelBusy
from bot.people import PUBLIC, Directory
from bot.prompt import Prompt, fits
from bot.screen import NoAnswer, Screened, dated, source_of
from bot.trace import Trace
from guardrails.masking import Vault
from guardrails.output import screen
from guardrails.pii import Guard, GuardFailed, Masked, VaultFull
from rag.errors import LibraryError
from rag.passages import Hit, Passage
from rag.retriever import RELEVANT

QUESTION_CHARACTERS: Final = 8000
# A follow-up this short ("And in Germany?") is searched together with the question before it.
FOLLOW_UP_WORDS: Final = 7
TITLE_CHARACTERS: Final = 60


class Knowledge(Protocol):
    """What the company knows."""

    async def search(
        self, query: str, groups: frozenset[str], *, k: int = 8, collections: Collection[str] = ()
    ) -> list[Hit]:
        """The passages that fit best among those the groups may read, best first; no `collections` are all."""

    async def readable(self, doc_ids: Collection[str], groups: frozenset[str]) -> frozenset[str]:
        """Which of the documents the groups may read."""


@dataclass(frozen=True, slots=True)
class Assistant:
    """Answers one question at a time; the parts it uses are given, it keeps no state of its own."""

    directory: Directory
    guard: Guard
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
        groups = self._authorise(turn)
        language = language_of(turn.text)
        with trace.step("recall"):
            talk = await self.memory.recall(turn.conversation)
            place = await self.directory.place_of(turn)
        if talk.answered(turn.message_id):
            trace.outcome = "answered before"
            return
        with trace.step("guard"):
            question = await self._mask(turn.text, talk.vault, language)
            history = await self._history(turn, talk)
        if not fits(question.text, self.window):  # placeholders may be longer than what they stand for
            raise self._too_long()
        await reply.status(SEARCHING[language])
        with trace.step("retrieve"):
            hits = await self._search(_query(turn, talk), groups, place.collections, self.passages)
        await reply.status(READING[language])
        passages = _masked_passages([*attached, *(hit.passage for hit in hits)], talk.vault)
        prompt = Prompt(question.text, passages, language, history, turn.person.id, place.persona)
        with trace.step("generate"):
            answer = await self._compose(prompt.fitting(self.window), turn.waited, talk.vault, reply, trace.id)
        read = tuple(dict.fromkeys(passage.doc_id for passage in prompt.passages))
        answer = replace(self._finished(answer, turn, talk, question), read=read)
        with trace.step("reply"):
            message_id = await reply.finish(answer)
        if turn.discreet and not message_id:
            trace.outcome = "kept silent"
            return
        trace.outcome = "refused" if answer.refused else "makeshift" if answer.makeshift else "answered"
        trace.counts |= {"passages": len(hits), "sources": len(answer.sources), "masked": len(question.spans)}
        with trace.step("remember"):
            trace.counts["forgotten"] = await self._remember(turn, talk, question, answer, message_id)

    async def masked(self, text: str, vault: Vault, language: Language) -> Masked:
        """The text with personal data hidden. Raises GuardDown, Blocked."""
        return await self._mask(text, vault, language)

    async def readable(self, doc_ids: Collection[str], groups: frozenset[str]) -> frozenset[str]:
        """Which of the documents the groups may read. Raises IndexDown."""
        with _searching():
            return await self.knowledge.readable(doc_ids, groups)

    async def look_up(self, text: str, most: int) -> list[Source]:
        """The documents that fit a text best among those that everybody may read. Raises IndexDown."""
        hits = await self._search(text[:QUESTION_CHARACTERS], PUBLIC, (), 2 * most)
        best: dict[str, Passage] = {}
        for hit in hits:
            best.setdefault(hit.passage.doc_id, hit.passage)
        found = [source_of(number, passage) for number, passage in enumerate(list(best.values())[:most], 1)]
        return list(dated(found, self.stale_days))

    def _finished(self, answer: Answer, turn: Turn, talk: Conversation, question: Masked) -> Answer:
        """The answer with what stands around it."""
        return replace(
            answer,
            masked=question.kinds,
            notices=turn.notices,
            sources=dated(answer.sources, self.stale_days),
            title="" if talk.exchanges else _title(turn.text),
        )

    def _authorise(self, turn: Turn) -> frozenset[str]:
        if not turn.text.strip():
            raise NotAllowed("Please write a question.")
        if len(turn.text) > QUESTION_CHARACTERS or not fits(turn.text, self.window):
            raise self._too_long()
        return self.directory.readable_by(turn)

    def _too_long(self) -> NotAllowed:
        most = min(QUESTION_CHARACTERS, self.window)
        return NotAllowed(f"That question is too long; please keep it under {most:,} characters.")

    async def _mask(self, text: str, vault: Vault, language: Language) -> Masked:
        with _guarding():
            masked = await self.guard.mask(text, vault, language)
        if masked.blocked:
            raise Blocked(BLOCKED[language])
        return masked

    async def _history(self, turn: Turn, talk: Conversation) -> tuple[Message, ...]:
        if turn.history is None:
            return talk.messages
        masked = [await self._mask(line.text, talk.vault, language_of(line.text)) for line in turn.history]
        return tuple(Message(line.role, mask.text) for line, mask in zip(turn.history, masked, strict=True))

    async def _search(self, query: str, groups: frozenset[str], collections: Collection[str], most: int) -> list[Hit]:
        with _searching():
            hits = await self.knowledge.search(query, groups, k=most, collections=collections)
        return [hit for hit in hits if hit.score >= RELEVANT]

    async def _compose(self, prompt: Prompt, waited: float, vault: Vault, reply: Reply, trace_id: str) -> Answer:
        """The model's answer; where it cannot give one, the best passages as they stand."""
        if not prompt.passages:
            return Answer(_refusal(prompt), trace_id, refused=True, language=prompt.language)
        screened = Screened(prompt, vault)
        try:
            if await self.admission.admits(waited):
                return await _write(self.model, prompt, screened, reply, trace_id)
            notice = BUSY
        except ModelDown as error:
            if screened.masked_text:  # what was shown is never taken back
                raise
            notice = BUSY if isinstance(error, ModelBusy) else MODEL_DOWN
        makeshift = await _write(ExtractiveModel(notice), prompt, Screened(prompt, vault), reply, trace_id)
        return replace(makeshift, makeshift=True)

    async def _remember(
        self, turn: Turn, talk: Conversation, question: Masked, answer: Answer, message_id: str
    ) -> bool:
        """Keeps the exchange, masked; True if that failed: the answer is shown already, so the turn goes on."""
        asked = Asked(turn.message_id, turn.messages, turn.person.id, turn.fence)
        sources = tuple(source.doc_id for source in answer.sources)
        try:
            kept = await self._mask(answer.text, talk.vault, language_of(answer.text))
            record = Record(answer.trace_id, question.text, kept.text, answer.refused, sources, self.model.name)
            return not await self.memory.remember(talk, asked, record, message_id)
        except HausgeistError:
            return True


async def _write(model: Model, prompt: Prompt, screened: Screened, reply: Reply, trace_id: str) -> Answer:
    """Streams the screened draft to the person, or declines."""
    text = ""
    try:
        async for sentence in screened.sentences(model.stream(prompt)):
            text += sentence
            await reply.write(sentence)
    except NoAnswer:
        return Answer(_refusal(prompt), trace_id, refused=True, language=prompt.language)
    return Answer(text.strip(), trace_id, screened.sources, language=prompt.language)


@contextmanager
def _guarding() -> Iterator[None]:
    try:
        yield
    except VaultFull as error:
        raise Blocked("This conversation holds too much personal data. Please start a new one.") from error
    except GuardFailed as error:
        raise GuardDown("I cannot check texts for personal data at the moment, so I take none.") from error


@contextmanager
def _searching() -> Iterator[None]:
    try:
        yield
    except LibraryError as error:
        raise IndexDown("I cannot search the documents at the moment. Please ask again in a minute.") from error


def _title(question: str) -> str:
    """The beginning of the first question, as the name of its conversation."""
    line = " ".join(question.split())
    return line if len(line) <= TITLE_CHARACTERS else line[: TITLE_CHARACTERS - 1].rsplit(" ", 1)[0] + "…"


def _query(turn: Turn, talk: Conversation) -> str:
    """What is searched for, in clear and in memory only: the question, a short one with the question before it."""
    if len(turn.text.split()) > FOLLOW_UP_WORDS:
        return turn.text
    earlier = turn.history if turn.history is not None else talk.messages
    questions = [line.text for line in earlier if line.role == "user"]
    return f"{questions[-1]} {turn.text}" if questions else turn.text


def _masked_passages(passages: Sequence[Passage], vault: Vault) -> tuple[Passage, ...]:
    """The passages with what the vault knows hidden, so that they speak of the same placeholders as the question."""
    with _guarding():
        return tuple(replace(passage, text=vault.hide_known(passage.text)) for passage in passages)


def _refusal(prompt: Prompt) -> str:
    titles = ", ".join(dict.fromkeys(screen(" ".join(passage.title.split())) for passage in prompt.passages))
    looked = " " + LOOKED_AT[prompt.language].format(titles=titles) if titles else ""
    return REFUSAL[prompt.language] + looked
