"""Answers that somebody approved, each for the questions written down with it; shown only where no word differs.

Near in meaning is not enough: "annual leave" lies as near to "sick leave" as to "holidays". So a question must lie near
one of those written down, and say the same things, in whatever order and form; other wordings are written down beside.
"""

import json
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from rag.catalog import Catalog
from rag.embedder import Embedder, Vectors
from rag.passages import Document, Passage
from rag.words import query_stems, words

COLLECTION = "curated"
PREFIX = "curated/"
NEAR = 0.9  # cosine of two questions from which they may be the same (docs/decisions/0010)
_SAYS_LITTLE = frozenset(
    """
    a about am an and any are at be by can could do does for from get give has have how i if in is it its may me must
    my of on one or our please shall should tell that the their them there they this to us want we what when
    where which who whom why will with would you your aber als am an auch auf aus bei bekomme bin bitte da darf
    das dem den der des die dürfen ein eine einem einen einer es für gibt hat haben habe ich im in ist kann
    können man mein meine meinen mich mir mit muss müssen oder sein sich sie sind so soll stehen und uns unser
    unsere von wann warum was welche welchem welchen welcher welches wem wen wer werden wie wir wird wo zu zum
    zur à ai au aux avec avoir avons ce ces cet cette combien comment d dans de des doit dois droit du elle en
    est et faire faut il ils j je l la le les leur ma me mes moi mon n ne nos notre nous on ou où par peut peux
    pour pourquoi puis qu quand que quel quelle quelles quels qui quoi s sa se ses si son sont sur t ta te un
    une vos votre vous y
    """.split()
)


@dataclass(frozen=True, slots=True)
class Approved:
    """An approved answer: whose it is, who may read it, since when (ISO) and until when (ISO) it is shown."""

    id: int
    questions: tuple[str, ...]
    text: str
    owner: str
    groups: frozenset[str]
    made: str
    until: str

    def expired(self, today: date) -> bool:
        """Whether it is shown no more."""
        return self.until < today.isoformat()

    @property
    def doc_id(self) -> str:
        """What it is called where documents are."""
        return f"{PREFIX}{self.id}"

    @property
    def passage(self) -> Passage:
        """The answer as search finds it."""
        named = (f"{self.doc_id}#0", self.doc_id, self.questions[0], "", self.text)
        return Passage(*named, owner=self.owner, date=self.made, collection=COLLECTION)

    @property
    def document(self) -> Document:
        """The answer as it is opened."""
        return Document(self.doc_id, self.questions[0], self.text, COLLECTION, self.groups, self.owner, self.made)


class Curated:
    """All approved answers; what is added or removed holds from the next question on, in every process."""

    def __init__(self, catalog: Catalog, embedder: Embedder) -> None:
        self._store, self._embedder = catalog.store, embedder
        self._vectors: dict[str, Vectors] = {}

    def add(self, questions: Sequence[str], text: str, owner: str, groups: Collection[str], until: str) -> int:
        """Writes an answer down, approved today; returns its id."""
        fields = (json.dumps(list(questions)), text, owner, json.dumps(sorted(groups)), _today(), until)
        with self._store.writing() as db:
            return int(db.execute("INSERT INTO curated VALUES (NULL, ?, ?, ?, ?, ?, ?)", fields).lastrowid or 0)

    def remove(self, number: int) -> bool:
        """Drops an answer; False if there is none."""
        with self._store.writing() as db:
            return db.execute("DELETE FROM curated WHERE id = ?", (number,)).rowcount > 0

    def all(self) -> list[Approved]:
        """Returns every answer, also those that have expired, the oldest first."""
        with self._store.reading() as db:
            return [_approved(row) for row in db.execute("SELECT * FROM curated ORDER BY id")]

    def document(self, doc_id: str, groups: frozenset[str], today: date) -> Document | None:
        """Returns an answer that is shown today if one of the groups may read it."""
        return next((one.document for one in self._shown(groups, today) if one.doc_id == doc_id), None)

    def matching(self, question: str, vector: Vectors, groups: frozenset[str], today: date) -> Passage | None:
        """Returns the answer approved for this very question, whatever its form; `vector` is the question's."""
        asked = _said(question)
        alike = [
            (float(vector @ self._vector(text)), one)
            for one in self._shown(groups, today)
            for text in one.questions
            if _same(asked, _said(text))
        ]
        nearness, best = max(alike, key=lambda pair: pair[0], default=(0.0, None))
        return best.passage if best and nearness >= NEAR else None

    def _shown(self, groups: frozenset[str], today: date) -> list[Approved]:
        return [one for one in self.all() if not one.expired(today) and (not one.groups or one.groups & groups)]

    def _vector(self, text: str) -> Vectors:
        if text not in self._vectors:
            self._vectors[text] = self._embedder.queries([text])[0]
        return self._vectors[text]


def is_distinct(question: str) -> bool:
    """Whether a question holds a word by which it can be told from others; an answer for another is never shown."""
    return bool(_said(question))


@lru_cache(4096)
def _said(question: str) -> list[frozenset[str]]:
    """What a question says: each word's stems, without the words that say little."""
    return query_stems(" ".join(word for word in words(question) if word not in _SAYS_LITTLE))


def _same(asked: list[frozenset[str]], known: list[frozenset[str]]) -> bool:
    """Whether each word of either is in the other."""
    every = [(asked, frozenset().union(*known)), (known, frozenset().union(*asked))]
    return bool(asked) and all(not one.isdisjoint(other) for said, other in every for one in said)


def is_approved(passage: Passage) -> bool:
    """Whether a passage is an answer that somebody approved; a file in a folder of that name is none."""
    return passage.collection == COLLECTION and passage.doc_id.startswith(PREFIX)


def _today() -> str:
    return date.today().isoformat()


def _approved(row: sqlite3.Row) -> Approved:
    named = (tuple(json.loads(row["questions"])), row["text"], row["owner"], frozenset(json.loads(row["groups"])))
    return Approved(row["id"], *named, row["made"], row["until"])
