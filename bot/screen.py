"""Turns the model's draft into what the person may see: whole sentences, true citations, nothing smuggled out."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Final

from bot.answers import Source
from bot.language import Language, language_of
from bot.prompt import BEGINNING, NO_ANSWER, Prompt
from bot.support import best_support, share, stems, support
from guardrails.addresses import addresses
from guardrails.injection import is_suspicious
from guardrails.masking import PLACEHOLDER, Vault, mended, plainly, restore
from guardrails.output import RECITED, letters, links_in, recites, runs_of, screen
from rag.passages import Passage

EXCERPT_CHARACTERS: Final = 300
LONGEST_LINK: Final = 500
HEARD: Final = 160  # signs before a sentence that are looked at with it: what is encoded comes in lines
LONGEST_DAYS: Final = 365_000  # a thousand years: nothing is stale
# A sentence moves to another passage only if that one holds clearly more of it: a number, or two words.
CLEARLY_MORE: Final = 2
# An answer that cites nothing is taken to rest on a passage that holds so much of it: a number and a word, or three.
CLEARLY_HOLDS: Final = 3
# How many of a sentence's longer words must stand in the passages (decision 0010 says where it comes from).
HELD: Final = 0.5

# Where a sentence ends is seen only with what follows, so that it is the same however the draft comes in pieces.
_SENTENCE_END: Final = re.compile(
    r"(?:[.!?…](?>(?:\s*\[[\d,\s]+\])*)\s++|\n++(?>(?:\[[\d,\s]+\]\s*+)*))(?=[^\s\[]|[^\S\n]|\[[\d,\s]*+[^\d,\s\]])"
)
_OPEN_LINK: Final = re.compile(r"\[[^\[\]]*$|\]\([^()]*$")
_CITATIONS: Final = re.compile(r"(?:\s*\[\d+(?:\s*,\s*\d+)*\])+")
_NUMBER: Final = re.compile(r"\d+(?:[.,'’ \u00a0\u202f]\d{3})*(?:[.,:]\d+)?")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_DECLINED: Final = re.compile(
    rf"\W*(?:{NO_ANSWER}|i (?:do not|don't) know|keine antwort|ich wei(?:ß|ss)|(?:pas de|aucune) réponse|je ne sais pas"
    r"|(?:the|die|in den|les) (?:given |provided )?passage[ns]? (?:do|does|don't|enth|ne)\b)",
    re.IGNORECASE,
)
_SECRET: Final = runs_of(message["content"] for message in BEGINNING)
"""Runs of letters of what we tell the model: its own canary, since an answer has no reason to hold one."""


class NoAnswer(Exception):
    """The model found no answer in the passages."""


class Screened:
    """The screened answer while it is made; `sources` grows as passages are cited, one number a document.

    `trusted` where the draft is passages as they stand, with words of ours around them: no model has put it into words.
    """

    def __init__(self, prompt: Prompt, vault: Vault, *, trusted: bool = False) -> None:
        self.masked_text = ""
        self._passages, self._trusted = prompt.passages, trusted
        told = (prompt.question, *(message.text for message in prompt.history))
        self._known_numbers = known_numbers(*told, *(passage.context for passage in prompt.passages))
        self.vault = vault
        self._spelt = self._heard = self._uncited = ""
        self._sources: dict[str, Source] = {}
        self._links: frozenset[str] = frozenset()
        self._secret = _SECRET | runs_of([prompt.persona])
        self.dropped: Counter[str] = Counter()

    @property
    def interventions(self) -> int:
        """How many sentences were changed or left out."""
        return self.dropped.total()

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
            told = mended(sentence, self.vault)
            if kind := self._unfit(told):
                self.dropped[kind] += 1
                continue
            yield self._keep(self._credit(self._cite(told)))
        if not self.masked_text.strip():
            raise NoAnswer
        best = best_support(self.masked_text, self._passages)
        if not self._sources and support(self.masked_text, best) >= CLEARLY_HOLDS:
            yield self._keep(" " + self._number(best))

    def _unfit(self, sentence: str) -> str:
        """Why nobody may see a sentence; empty where they may."""
        if self._invents(sentence):
            return "dropped_invented"
        if not self._trusted and not self._held(sentence):
            return "dropped_unheld"
        seen = screen(sentence)  # what is taken out of it may have stood between the letters
        spelt, heard = self._spelt + letters(seen), self._heard + seen
        recited = any(recites(said, self._secret) for said in (seen, spelt, heard))
        self._spelt, self._heard = self._rest(spelt[-RECITED:]), self._rest(heard[-HEARD:])
        return "dropped_recited" if recited else ""

    def _rest(self, tail: str) -> str:
        """As much of what was said as recites nothing by itself: what follows is judged by what it adds."""
        while recites(tail, self._secret):
            tail = tail[len(tail) // 4 + 1 :]
        return tail

    def _invents(self, sentence: str) -> bool:
        """True for a sentence with personal data that nobody gave, or with a number that stands nowhere."""
        if any(self.vault.value(match[0]) is None for match in PLACEHOLDER.finditer(sentence)):
            return True
        bare = PLACEHOLDER.sub("", _CITATIONS.sub("", sentence))
        return any(stands_nowhere(number, self._known_numbers) for number in _NUMBER.findall(bare))

    def _held(self, sentence: str) -> bool:
        """Whether the passages hold a sentence by its words; of one from another language these cannot tell."""
        cited = [one for match in _CITATIONS.finditer(sentence) for one in self._cited(match)]
        bare = _CITATIONS.sub("", sentence)
        language = language_of(bare)
        if any(self._languages[passage] != language for passage in cited or self._passages):
            return True
        return share(bare, self._stems) >= HELD

    @cached_property
    def _languages(self) -> dict[Passage, Language]:
        return {passage: language_of(passage.context) for passage in self._passages}

    @cached_property
    def _stems(self) -> frozenset[str]:
        return frozenset[str]().union(*(stems(passage.context) for passage in self._passages))

    def _cited(self, match: re.Match[str]) -> list[Passage]:
        return [self._passages[n - 1] for n in _numbers(match) if 0 < n <= len(self._passages)]

    def _keep(self, sentence: str) -> str:
        clean = screen(sentence, self._links)
        if clean != sentence:
            self.dropped["dropped_links" if addresses(sentence) - self._links else "dropped_markup"] += 1
        self.masked_text += clean
        shown = restore(clean, self.vault, plainly)
        return clean if shown == clean else screen(shown, self._links | self._given(clean))

    def _given(self, sentence: str) -> frozenset[str]:
        """The addresses of mail among the values that come back; they may hold what no answer may, and nothing else."""
        values = (self.vault.value(match[0]) or "" for match in PLACEHOLDER.finditer(sentence))
        return frozenset(link for value in values for link in addresses(value) if "@" in link and ":" not in link)

    def _credit(self, sentence: str) -> str:
        """The sentence, citing the documents that the addresses in it stand in."""
        new = addresses(sentence) - self._links
        lenders = [passage for passage in self._passages if new & self._lent(passage)] if new else []
        cited = "".join(dict.fromkeys(" " + self._number(passage) for passage in lenders))
        if not cited or cited in sentence:
            return sentence
        end = sentence.rstrip()
        return f"{end}{chr(10) if end.endswith('```') else ''}{cited}{sentence[len(end) :]}"

    def _lent(self, passage: Passage) -> frozenset[str]:
        """The addresses that an answer may take from a passage; none where it speaks to the model."""
        return addresses_of(passage) | addresses_of(replace(passage, text=restore(passage.text, self.vault)))

    def _cite(self, sentence: str) -> str:
        """Renumbers the sentence's citations to documents, drops invented ones, mends those that point elsewhere.

        A citation speaks for the sentences without one before it, too.
        """
        claimed = self._uncited + _CITATIONS.sub("", sentence)
        self._uncited = "" if _CITATIONS.search(sentence) else claimed

        def renumber(match: re.Match[str]) -> str:
            cited = (self._mended(claimed, passage) for passage in self._cited(match))
            return "".join(dict.fromkeys(" " + self._number(passage) for passage in cited))

        return _CITATIONS.sub(renumber, sentence)

    def _mended(self, sentence: str, cited: Passage) -> Passage:
        best = best_support(sentence, self._passages)
        return best if support(sentence, best) >= support(sentence, cited) + CLEARLY_MORE else cited

    def _number(self, passage: Passage) -> str:
        source = self._sources.get(passage.doc_id)
        if source is None:
            title, text = (restore(masked, self.vault) for masked in (passage.title, passage.text))
            shown = replace(passage, title=title, text=text)
            source = self._sources[passage.doc_id] = source_of(len(self._sources) + 1, shown)
        self._links |= self._lent(passage)
        return f"[{source.number}]"


def source_of(number: int, passage: Passage) -> Source:
    """A passage as a source, with the beginning of its text; neither holds what no answer may."""
    return Source(
        number=number,
        doc_id=passage.doc_id,
        title=titled(passage),
        excerpt=screen(passage.text[:EXCERPT_CHARACTERS], addresses_of(passage)),
        owner=passage.owner,
        date=passage.date,
        page=passage.page,
    )


def titled(passage: Passage) -> str:
    """The title of a passage on one line, with nothing in it that no answer may hold."""
    return screen(" ".join(passage.title.split()), addresses_of(passage))


def addresses_of(passage: Passage) -> frozenset[str]:
    """The addresses in a passage, and its file's name, which looks like one; where it gives orders, the name alone."""
    name = links_in(passage.doc_id.rpartition("/")[2])
    return name if is_suspicious(passage.context) else name | links_in(passage.context)


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
