"""The nouns of knowledge: documents, the passages cut from them, and hits."""

from dataclasses import dataclass
from typing import Final

OWN_FILE: Final = "file:"
"""Begins the name of a file that came with a question; no document of a source may be called so."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document as parsed. `groups` empty: everybody may read it; otherwise members of any of the groups.

    A form feed in `text` begins a new page; `remark` says what of it could not be read.
    """

    doc_id: str
    title: str
    text: str
    collection: str = "default"
    groups: frozenset[str] = frozenset()
    owner: str = ""
    date: str = ""
    origin: str = ""
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document that stands alone; `chunk_id` is `doc_id#n`, `heading` the path of headings above it.

    `collection` is known of what was found, and of nothing else; `page` counts from 1, 0 where there are no pages.
    """

    chunk_id: str
    doc_id: str
    title: str
    heading: str
    text: str
    owner: str = ""
    date: str = ""
    collection: str = ""
    page: int = 0

    @property
    def context(self) -> str:
        """The passage with its title, date and headings, as it is embedded and shown to the model."""
        return self.above + self.text

    @property
    def above(self) -> str:
        """Its title, date and headings, each on a line of its own."""
        title = f"{self.title} ({self.date})" if self.date else self.title
        return "".join([f"{part}\n" for part in (title, self.heading) if part])


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage and how well it fits, between 0 and 1; scores of different queries compare only roughly."""

    passage: Passage
    score: float
