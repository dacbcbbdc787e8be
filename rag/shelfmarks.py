"""What is known of every document beside its text: whose it is and how old. For reports, whoever may read it."""

import re
from dataclasses import dataclass

from rag.library import Library

_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class Shelfmark:
    """A document's id, title, owner and date; the last two may be empty."""

    doc_id: str
    title: str
    owner: str
    date: str

    @property
    def dated(self) -> bool:
        """Whether its date is one that can be compared."""
        return bool(_DATE.match(self.date))


def shelfmarks(library: Library) -> list[Shelfmark]:
    """Returns one of every document. Raises LibraryError."""
    with library.store.reading() as db:
        rows = db.execute("SELECT doc_id, title, owner, date FROM documents ORDER BY id").fetchall()
    return [Shelfmark(*row) for row in rows]
