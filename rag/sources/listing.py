"""The nouns of sources, and the port that every kind of source stands behind."""

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from rag.errors import SourceError
from rag.labels import Labels
from rag.parsing.parsed import Parsed
from rag.passages import Document

ADDRESS_KEPT = 60  # characters of an address in the name of what is kept of it


@dataclass(frozen=True, slots=True)
class Said:
    """What a place says about one document; `groups` None: it does not say who may read it."""

    title: str = ""
    owner: str = ""
    date: str = ""
    groups: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """A document where it lies: `version` changes with its content, `load` fetches and parses it.

    `load` is called before the place is closed, or never; it raises Unreadable.
    """

    name: str
    version: str
    load: Callable[[], Parsed]
    origin: str
    said: Said = Said()


@dataclass(frozen=True, slots=True)
class Entry:
    """A document as listed; its fingerprint changes with its content and with what is said about it."""

    doc_id: str
    fingerprint: str
    load: Callable[[], Document]


@dataclass(frozen=True, slots=True)
class Failure:
    """Something listed that is no document, and why; `keeps` names one whose older version still stands.

    `partial`: what comes after it was not listed, so nothing that is missing counts as gone.
    """

    path: str
    reason: str
    keeps: str = ""
    partial: bool = False


class Place(Protocol):
    """Something that holds documents, opened for one sync. Every method may raise SourceError."""

    def labels(self) -> Labels:
        """What `_documents.toml` at its top says about who may read what; asked first."""
        ...

    def items(self) -> Iterator[Item | Failure]:
        """Every document that is here now, one after the other; what it learned makes the next time cheaper."""
        ...


@dataclass(frozen=True, slots=True)
class Reach:
    """How far we reach for sources: a `folder` to keep copies in, keys by the beginning of an address, S3's server.

    `environment` is what the git command may see of ours; `pause` are the seconds between two requests to a web site.
    """

    folder: Path = field(default_factory=lambda: Path(tempfile.gettempdir()) / "hausgeist-sources")
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    s3_url: str = "https://s3.amazonaws.com"
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    pause: float = 0.2

    def key(self, address: str) -> str:
        """The key for an address, under its longest beginning that has one; empty where there is none."""
        return self.keys[max(fitting, key=len)] if (fitting := [it for it in self.keys if _begins(address, it)]) else ""

    def room(self, address: str) -> Path:
        """The folder where things of this address are kept between syncs, which only we may read."""
        plain = "".join(letter if letter.isalnum() else "-" for letter in address)[:ADDRESS_KEPT]
        room = self.folder / f"{plain}-{hashlib.sha256(address.encode()).hexdigest()[:12]}"
        try:
            room.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise SourceError(f"{room} cannot be made: {error.strerror}") from error
        return room


def _begins(address: str, with_: str) -> bool:
    """Whether an address lies at or below another; `https://firm.example` is not above `https://firm.example.org`."""
    return address == with_ or address.startswith(with_ if with_.endswith("/") else f"{with_}/")
