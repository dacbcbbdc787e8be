"""Search by words: BM25 over stems, as a share of the most that this question could score in any passage."""

import math
from collections.abc import Sequence
from sqlite3 import Connection

from rag.store import Store
from rag.words import query_stems

RANK = "bm25(0.0, 8.0, 2.0, 1.0)"  # what the columns audience, title, heading and body weigh
MOST_WORDS = 48
_SATURATED = 2.2  # what FTS5's BM25 multiplies a word's idf by, at the most


def search(store: Store, question: str, audiences: Sequence[int], k: int) -> dict[int, float]:
    """Returns the ids of the k best passages for these audiences, each with its share between 0 and 1.

    A word that no passage holds counts among what could have been scored: a question in a language the documents are
    not in gets a small share everywhere, an exact name nearly a whole one.
    """
    if not audiences:
        return {}
    with store.reading() as db:
        weights = _weights(db, query_stems(question))
        best = sum(weights.values()) * _SATURATED
        wanted = sorted((stems for stems in weights if weights[stems]), key=lambda stems: -weights[stems])[:MOST_WORDS]
        if not wanted:
            return {}
        rows = db.execute(
            "SELECT rowid, rank FROM words WHERE words MATCH ? AND rank MATCH ? ORDER BY rank LIMIT ?",
            (_expression(wanted, audiences), RANK, k),
        ).fetchall()
    return {row["rowid"]: min(-row["rank"] / best, 1.0) for row in rows}


def _weights(db: Connection, words: list[frozenset[str]]) -> dict[frozenset[str], float]:
    """Returns each word's inverse document frequency as FTS5 reckons it; 0 for words in half of all passages."""
    total = db.execute("SELECT count(*) FROM passages").fetchone()[0]
    weights = {}
    for stems in words:
        marks = ", ".join("?" * len(stems))
        query = f"SELECT max(doc) FROM vocabulary WHERE term IN ({marks})"  # noqa: S608  (marks are ours)
        holding = db.execute(query, tuple(stems)).fetchone()[0] or 0
        weights[stems] = max(math.log((total - holding + 0.5) / (holding + 0.5)), 0.0)
    return weights


def _expression(words: list[frozenset[str]], audiences: Sequence[int]) -> str:
    """Writes the FTS5 query; stems hold letters, digits and `_` only, so nothing of the question is syntax."""
    allowed = " OR ".join(f'"a{audience}"' for audience in audiences)
    sought = " OR ".join(f'"{stem}"' for stems in words for stem in sorted(stems))
    return f"audience : ({allowed}) AND {{title heading body}} : ({sought})"
