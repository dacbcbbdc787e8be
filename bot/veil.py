"""What of a text may go where: to the index, to the model, into memory. Knows nothing of how values are found."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Final

from bot.errors import Blocked, GuardDown
from bot.events import Message
from bot.kinds import kinds
from bot.language import BLOCKED, Language
from guardrails.masking import PLACEHOLDER, Span, Vault, restore
from guardrails.pii import Guard, GuardFailed, Masked, VaultFull
from guardrails.policy import Stage
from rag.passages import OWN_FILE, Passage

REMEMBERED: Final = 8192  # texts of documents, by digest: what was found in each is not looked for again

Found = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where index and model stand, and the collections whose passages are masked for a model in the house too."""

    index: Stage = Stage.SEARCH
    model: Stage = Stage.MODEL
    masked_collections: frozenset[str] = frozenset()

    def of(self, passage: Passage) -> Stage:
        """The stage that a passage goes to; what came with a question is masked as the question is."""
        if self.model is not Stage.MODEL:
            return self.model
        closed = not passage.collection or passage.collection in self.masked_collections
        return Stage.MODEL if closed else Stage.DOCUMENTS


@dataclass(frozen=True, slots=True)
class Question:
    """A person's message as the model reads it and as it is kept, and all that was found in it."""

    masked: Masked
    kept: str
    found: Found


@dataclass(frozen=True, slots=True)
class Veil:
    """Hides what the policy hides, stage by stage. Every method raises GuardDown, and Blocked where a vault is full."""

    guard: Guard
    bounds: Bounds = field(default_factory=Bounds)
    _seen: OrderedDict[bytes, Found] = field(default_factory=OrderedDict)

    async def question(self, text: str, vault: Vault, language: Language) -> Question:
        """A person's message. Raises Blocked, with the kinds that must not be in it."""
        stages = (self.bounds.index, self.bounds.model, Stage.KEPT)
        with guarding():
            found = await self.guard.detect(text)
            if blocked := self.guard.policy.blocked(found, *stages):
                raise Blocked(BLOCKED[language].format(kinds=kinds(blocked, language)))
            kept = self.guard.judged(text, found, vault, Stage.KEPT)
            return Question(self.guard.judged(text, found, vault, self.bounds.model), kept.text, found)

    async def query(self, *texts: str, found: Found | None = None) -> str:
        """What is searched for: texts in clear, without what the index must not see; `found` is known of the last."""
        with guarding():
            spans = [await self.guard.detect(text) for text in (texts if found is None else texts[:-1])]
            every = zip(texts, [*spans, *([] if found is None else [found])], strict=True)
            masked = [self.guard.judged(text, known, Vault(), self.bounds.index).text for text, known in every]
        return " ".join(" ".join(PLACEHOLDER.sub(" ", text) for text in masked).split())

    async def thread(self, given: Sequence[Message], vault: Vault) -> tuple[Message, ...]:
        """Messages that a caller gave in clear, for the model; nobody is refused for what was said before."""
        with guarding():
            masked = [await self.guard.mask(line.text, vault, self.bounds.model) for line in given]
        return tuple(replace(line, text=mask.text) for line, mask in zip(given, masked, strict=True))

    async def remembered(self, lines: Sequence[Message], vault: Vault) -> tuple[Message, ...]:
        """Messages as we kept them, for the model."""
        if self.guard.policy.alike(Stage.KEPT, self.bounds.model):
            return tuple(lines)
        return await self.thread([replace(line, text=restore(line.text, vault)) for line in lines], vault)

    async def passages(self, passages: Sequence[Passage], vault: Vault) -> tuple[Passage, ...]:
        """What the model reads of documents and files: their names and headings are masked as their text is."""
        texts = [text for passage in passages for text in (passage.title, passage.heading, passage.text)]
        with guarding():
            found = await asyncio.gather(*map(self._found, texts))
            stages = [self.bounds.of(passage) for passage in passages for _ in range(3)]
            every = [
                self.guard.judged(text, spans, vault, stage).text
                for text, spans, stage in zip(texts, found, stages, strict=True)
            ]
        triples = zip(every[::3], every[1::3], every[2::3], strict=True)
        return tuple(
            replace(passage, title=title, heading=heading, text=text)
            for passage, (title, heading, text) in zip(passages, triples, strict=True)
        )

    async def kept(self, text: str, vault: Vault) -> str:
        """A text as it may stay."""
        with guarding():
            return (await self.guard.mask(text, vault, stage=Stage.KEPT)).text

    async def names(self, documents: Sequence[str], vault: Vault) -> tuple[str, ...]:
        """Documents' names as they may stay: those of files that came with a question are the person's own words."""
        return tuple([await self.kept(it, vault) if it.startswith(OWN_FILE) else it for it in documents])

    async def _found(self, text: str) -> Found:
        """What stands in a text of a document, looked for once."""
        if not text:
            return ()
        digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        found = self._seen.get(digest)
        if found is None:
            found = self._seen[digest] = await self.guard.detect(text)
        self._seen.move_to_end(digest)
        while len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return found


@contextmanager
def guarding() -> Iterator[None]:
    """Says in words for people what the guard could not do."""
    try:
        yield
    except VaultFull as error:
        raise Blocked("This conversation holds too much personal data. Please start a new one.") from error
    except GuardFailed as error:
        raise GuardDown("I cannot check texts for personal data at the moment, so I take none.") from error
