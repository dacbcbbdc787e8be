"""Turns the model's draft into what the person may see: whole sentences, true citations, nothing smuggled out."""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.answers import Source
from bot.prompt import NO_ANSWER, Prompt
from guardrails.masking import PLACEHOLDER, Vault, restore
from guardrails.output import screen
from rag.passages import Passage

EXCERPT_CHARACTERS: Final = 300
LONGEST_LINK: Final = 500
LONGEST_DAYS: Final = 365_000  # a thousand years: nothing is stale
# A sentence moves to another passage only if that one holds clearly more of it: a number, or two words.
CLEARLY_MORE: Final = 2
# An answer that cites nothing is taken to rest on a passage that holds so much of it: a number and a word, or three.
CLEARLY_HOLDS: Final = 3

_SENTENCE_END: Final = re.compile(r"(?:[.!?…](?:\s*\[[\d,\s]+\])*\s+(?=[^\s\[])|\n+)")
_OPEN_LINK: Final = re.compile(r"\[[^\[\]]*$|\]\([^()]*$")
_CITATIONS: Final = re.compile(r"(?:\s*\[\d+(?:\s*,\s*\d+)*\])+")
_NUMBER: Final = re.compile(r"\d+(?:[.,'’ \u00a0\u202f]\d{3})*(?:[.,:]\d+)?")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_WORD: Final = re.compile(r"\d+(?:[.,:'’]\d+)*|\w{4,}")
_DECLINED: Final = re.compile(
    rf"\W*(?:{NO_ANSWER}|i (?:do not|don't) know|keine antwort|ich wei(?:ß|ss)|(?:pas de|aucune) réponse|je ne sais pas"
    r"|(?:the|die|in den|les) (?:given |provided )?passage[ns]? (?:do|does|don't|enth|ne)\b)",
    re.IGNORECASE,
)


class NoAnswer(Exception):
    """The model found no answer in the passages."""


class Screened:
    """The screened answer while it is made; `sources` grows as passages are cited, one number a document."""

    def __init__(self, prompt: Prompt, vault: Vault) -> None:
        self.masked_text = ""
        self._passages = prompt.passages
        told = (prompt.question, *(message.text for message in prompt.history))
        self._known_numbers = known_numbers(*told, *(passage.context for passage in prompt.passages))
        self._vault = vault
        self._sources: dict[str, Source] = {}

    @property
    def sources(self) -> tuple[Source, ...]:
        """The documents cited so far, in the order of their numbers."""
        return tuple(self._sources.values())

    async def sentences(self, draft: AsyncIterator[str]) -> AsyncIterator[str]:
        """The draft's sentences, fit to be shown; raises NoAnswer before the first one if there is no answer."""
        async for sentence in whole_sentences(draft):
            if _DECLINED.match(sentence):
                if not self.masked_text.strip():
                    raise NoAnswer
                continue
            if self._invents(sentence):
                continue
            yield self._keep(self._cite(sentence))
        if not self.masked_text.strip():
            raise NoAnswer
        if not self._sources and _support(self.masked_text, best := self._best(self.masked_text)) >= CLEARLY_HOLDS:
            yield self._keep(" " + self._number(best))

    def _invents(self, sentence: str) -> bool:
        """True for a sentence with personal data that nobody gave, or with a number that stands nowhere."""
        if any(self._vault.value(match[0]) is None for match in PLACEHOLDER.finditer(sentence)):
            return True
        bare = PLACEHOLDER.sub("", _CITATIONS.sub("", sentence))
        return any(stands_nowhere(number, self._known_numbers) for number in _NUMBER.findall(bare))

    def _keep(self, sentence: str) -> str:
        clean = screen(sentence, frozenset())
        self.masked_text += clean
        return restore(clean, self._vault)

    def _cite(self, sentence: str) -> str:
        """Renumbers the sentence's citations to documents, drops invented ones, mends those that point elsewhere."""
        bare = _CITATIONS.sub("", sentence)

        def renumber(match: re.Match[str]) -> str:
            cited = [self._passages[n - 1] for n in _numbers(match) if 0 < n <= len(self._passages)]
            return "".join(dict.fromkeys(" " + self._number(self._mended(bare, passage)) for passage in cited))

        return _CITATIONS.sub(renumber, sentence)

    def _mended(self, sentence: str, cited: Passage) -> Passage:
        best = self._best(sentence)
        return best if _support(sentence, best) >= _support(sentence, cited) + CLEARLY_MORE else cited

    def _best(self, text: str) -> Passage:
        return max(self._passages, key=lambda passage: _support(text, passage))

    def _number(self, passage: Passage) -> str:
        source = self._sources.get(passage.doc_id)
        if source is None:
            text = restore(passage.text, self._vault)
            source = self._sources[passage.doc_id] = source_of(len(self._sources) + 1, passage, text)
        return f"[{source.number}]"


def source_of(number: int, passage: Passage, text: str = "") -> Source:
    """A passage as a source, with the beginning of `text`, its own if none is given."""
    return Source(
        number=number,
        doc_id=passage.doc_id,
        title=passage.title,
        excerpt=(text or passage.text)[:EXCERPT_CHARACTERS],
        owner=passage.owner,
        date=passage.date,
    )


def dated(sources: Sequence[Source], stale_days: float) -> tuple[Source, ...]:
    """The sources, those marked stale whose date is further back than `stale_days`."""
    oldest = (datetime.now(UTC) - timedelta(days=min(stale_days, LONGEST_DAYS))).date().isoformat()
    return tuple(replace(one, stale=bool(_DATE.match(one.date)) and one.date[:10] < oldest) for one in sources)


async def whole_sentences(draft: AsyncIterator[str]) -> AsyncIterator[str]:
    """Joins pieces until a sentence with its citations, or a block of code, is complete; no text is lost."""
    waiting = ""
    async for piece in draft:
        waiting += piece
        while end := _end_of_sentence(waiting):
            yield waiting[:end]
            waiting = waiting[end:]
    if waiting:
        yield waiting


def _end_of_sentence(text: str) -> int:
    """Where the first sentence ends for certain; 0 while it may go on."""
    for end in _SENTENCE_END.finditer(text):
        if end.end() < len(text) and not _is_open(text[: end.end()]):
            return end.end()
    return 0


def _is_open(text: str) -> bool:
    """Whether a block of code or a link goes on behind the end of the text; a bracket without end is just a bracket."""
    if text.count("```") % 2:
        return True
    return _OPEN_LINK.search(text[-LONGEST_LINK:]) is not None


def known_numbers(*texts: str) -> frozenset[str]:
    """The numbers in texts, each whole and in its parts, so that 31.03.2026 and 31 March 2026 agree."""
    return frozenset(digits for text in texts for number in _NUMBER.findall(text) for digits in _forms(number))


def stands_nowhere(number: str, known: frozenset[str]) -> bool:
    """True if neither the number nor all its parts are known; single digits are not judged."""
    whole, *parts = _forms(number)
    return whole not in known and not all(part in known for part in parts if len(part) > 1)


def _forms(number: str) -> list[str]:
    parts = re.findall(r"\d+", number)
    return ["".join(parts), *(part.lstrip("0") for part in parts)]


def _numbers(match: re.Match[str]) -> list[int]:
    return [int(number) for number in re.findall(r"\d{1,4}", match[0])]


def _support(sentence: str, passage: Passage) -> int:
    """How much of a sentence a passage holds: two for each number in it, one for each longer word."""
    held = set(_WORD.findall(passage.context.lower()))
    return sum(2 if word[0].isdigit() else 1 for word in set(_WORD.findall(sentence.lower())) if word in held)
