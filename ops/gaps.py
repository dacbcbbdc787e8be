"""The report of gaps: what was asked and not answered well, by topic, and which documents are old, for their owners."""

import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from redis.asyncio import Redis

from bot.gaps import Gap, collect
from bot.keys import DAY
from rag.library import Library
from rag.shelfmarks import Shelfmark, shelfmarks
from rag.topics import topics

MOST_STALE: Final = 50
"""Old documents that a report lists."""


@dataclass(frozen=True, slots=True)
class Topic:
    """Gaps about the same; `name` is the question in their middle, `documents` are those that were read for them."""

    name: str
    gaps: tuple[Gap, ...]
    owner: str
    documents: tuple[str, ...]

    @property
    def unanswered(self) -> int:
        """How many of the questions were declined."""
        return sum(not gap.answered for gap in self.gaps)

    @property
    def disliked(self) -> int:
        """How many got an answer that somebody did not like."""
        return len(self.gaps) - self.unanswered

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why, the commonest first."""
        return tuple(reason for reason, _ in Counter(why for gap in self.gaps for why in gap.reasons).most_common())


@dataclass(frozen=True, slots=True)
class Report:
    """What is missing, the largest topic first; of `old` documents those that were read lately, then the oldest."""

    since: datetime
    until: datetime
    questions: int
    topics: tuple[Topic, ...]
    old: tuple[Shelfmark, ...] = ()

    @property
    def name(self) -> str:
        """The report's name, by the week in which it ends."""
        return f"gaps-{self.until:%G-W%V}"

    @property
    def gaps(self) -> int:
        """How many questions were not answered well."""
        return sum(len(topic.gaps) for topic in self.topics)

    @property
    def owners(self) -> tuple[str, ...]:
        """Whom it concerns; empty for what nobody is said to own."""
        return tuple(sorted({topic.owner for topic in self.topics} | {mark.owner for mark in self.old}))

    def of(self, owners: Collection[str]) -> "Report":
        """The part that concerns some owners; it names no document of others."""
        mine = tuple(topic for topic in self.topics if topic.owner in owners)
        return replace(self, topics=mine, old=tuple(mark for mark in self.old if mark.owner in owners))


def data(report: Report) -> dict[str, object]:
    """The report as plain values, for JSON."""
    return {**asdict(report), "topics": [_topic(topic) for topic in report.topics]}


async def make_report(redis: Redis, library: Library, days: float, stale_days: float) -> Report:
    """Looks back so many days. Raises StateDown, LibraryError."""
    import asyncio

    now = time.time()
    asked = await collect(redis, now - days * DAY, now)
    until = datetime.fromtimestamp(now, UTC)
    report = Report(until - timedelta(days=days), until, asked.questions, ())
    return await asyncio.to_thread(_filled, report, asked.gaps, library, until - timedelta(days=stale_days))


def _filled(report: Report, gaps: Sequence[Gap], library: Library, oldest: datetime) -> Report:
    marks = {mark.doc_id: mark for mark in shelfmarks(library)}
    groups = topics([gap.question for gap in gaps], library.embedder, library.background) if gaps else []
    found = [_of([gaps[place] for place in group], marks) for group in groups]
    read = Counter(document for gap in gaps for document in gap.documents)
    dates = oldest.date().isoformat()
    old = [mark for mark in marks.values() if mark.dated and mark.date[:10] < dates]
    old.sort(key=lambda mark: (-read[mark.doc_id], mark.date))
    return replace(
        report,
        topics=tuple(sorted(found, key=lambda topic: -len(topic.gaps))),
        old=tuple([*_expired(library, report.until), *old][:MOST_STALE]),
    )


def _expired(library: Library, at: datetime) -> Iterator[Shelfmark]:
    """The approved answers that are shown no more: their owners may approve them again."""
    for one in library.curated.all():
        if one.expired(at.date()):
            yield Shelfmark(one.doc_id, one.questions[0], one.owner, one.made)


def _of(gaps: Sequence[Gap], marks: Mapping[str, Shelfmark]) -> Topic:
    """A topic belongs to who owns most of what was read for it."""
    read = Counter(document for gap in gaps for document in gap.documents if document in marks)
    owners = Counter[str]()
    for document, count in read.items():
        owners[marks[document].owner] += count
    owner = next((name for name, _ in owners.most_common() if name), "")
    documents = tuple(name for name, _ in read.most_common() if marks[name].owner == owner)
    return Topic(gaps[0].question, tuple(gaps), owner, documents)


def _topic(topic: Topic) -> dict[str, object]:
    counts = {"unanswered": topic.unanswered, "disliked": topic.disliked, "reasons": topic.reasons}
    questions = list(_distinct(gap.question for gap in topic.gaps))
    return {"name": topic.name, "owner": topic.owner, **counts, "documents": topic.documents, "questions": questions}


def _distinct(texts: Iterable[str]) -> Iterator[str]:
    return iter(dict.fromkeys(texts))
