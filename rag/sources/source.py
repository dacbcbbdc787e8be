"""One source: its address, and every document that is there now, with what is said about each."""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from rag.errors import SourceError
from rag.labels import LABELS, Labels
from rag.parsing.parsed import Parsed
from rag.passages import OWN_FILE, Document
from rag.sources.folder import opened_folder
from rag.sources.listing import Entry, Failure, Item, Place, Reach, Said
from rag.words import printable

ELSEWHERE = ("git+", "http://", "https://", "s3://")


@dataclass(frozen=True, slots=True)
class Source:
    """Something to index: `groups` may read what does not say otherwise, `prefix` begins every doc_id.

    Its address is a file or folder, `git+URL[#branch[:folder]]`, `https://site/`, `s3://bucket/prefix`, or an export
    as a zip. `minutes`: how often it is read again, if not as often as others.
    """

    address: Path | str
    collection: str = "default"
    groups: frozenset[str] = frozenset()
    prefix: str = ""
    minutes: float | None = None

    @property
    def remote(self) -> bool:
        """Whether it lies elsewhere than in a file or folder."""
        return str(self.address).startswith(ELSEWHERE)

    @property
    def root(self) -> str:
        """The address as it is known; a link given on purpose stays a link, so that it can be pointed elsewhere."""
        return str(self.address) if self.remote else os.path.abspath(self.address)  # noqa: PTH100  (Path keeps `..`)

    @property
    def name(self) -> str:
        """A short name for people, and the beginning of doc_ids where there are several sources."""
        if not self.remote:
            return Path(self.root).name
        where = urlsplit(self.root.removeprefix("git+"))
        last = where.path.rstrip("/").rpartition("/")[2].removesuffix(".git")
        return (last if self.root.startswith("git+") else "") or where.hostname or where.netloc or self.root

    def entries(self, reach: Reach | None = None) -> Iterator[Entry | Failure]:
        """Yields every document here now; raises SourceError when what is here cannot be told for certain."""
        with _opened(self, reach or Reach()) as place:
            labels = place.labels()
            for item in place.items():
                if isinstance(item, Failure):
                    keeps = self.prefix + item.keeps if item.keeps else ""
                    yield replace(item, path=printable(self.prefix + item.path), keeps=keeps)
                elif (self.prefix + item.name).startswith(OWN_FILE):
                    yield Failure(printable(item.name), f"a document's name cannot begin with {OWN_FILE}")
                else:
                    yield self._entry(item, labels)
            yield from (Failure(LABELS, reason) for reason in labels.unused())

    def _entry(self, item: Item, labels: Labels) -> Entry:
        doc_id = self.prefix + item.name
        blank = Document(doc_id, "", "", self.collection, self.groups, origin=item.origin)
        blank = replace(blank, **labels.defaults)
        rules = labels.matching(item.name)
        described: list[object] = [
            item.version,
            blank.collection,
            blank.groups,
            blank.owner,
            blank.date,
            blank.title,
            rules,
        ]
        if item.said != Said():
            said = item.said
            described.append([said.title, said.owner, said.date, None if said.groups is None else sorted(said.groups)])
        fingerprint = hashlib.sha256(json.dumps(described, default=sorted).encode()).hexdigest()
        return Entry(doc_id, fingerprint, lambda: replace(_filled(blank, item.said, item.load()), **rules))


def located(address: str) -> Path | str:
    """Returns an address as it was given: the path of what lies here, or a text."""
    return address if address.startswith(ELSEWHERE) else Path(address)


def why_not(address: str) -> str:
    """Says why nothing can be read at an address of this form, or nothing; what it says repeats no password."""
    if not address.strip():
        return "an address is empty"
    if address.startswith(ELSEWHERE):
        if secret := urlsplit(address.removeprefix("git+")).password:
            named = address.replace(f":{secret}@", "@", 1)
            return f"{named}: take the password out of the address and put it into HAUSGEIST_SOURCE_KEYS"
        return ""
    scheme, found, _ = address.partition("://")
    known = "git+URL, https://site/ or s3://bucket/prefix"
    return f"{scheme}:// is no kind of address that can be read: give {known}, or a file or folder" if found else ""


def from_addresses(
    addresses: Sequence[Path | str],
    collection: str = "default",
    groups: frozenset[str] = frozenset(),
    minutes: float | None = None,
) -> list[Source]:
    """Returns a source for each address; given several, or one elsewhere, each doc_id starts with the source's name."""
    sources = [Source(address, collection, groups, minutes=minutes) for address in addresses]
    several = len(sources) > 1
    prefixed = [(several or source.remote) and _holds(source) for source in sources]
    named = zip(sources, prefixed, strict=True)
    return [replace(source, prefix=f"{source.name}/") if begun else source for source, begun in named]


def _holds(source: Source) -> bool:
    """Whether a source holds documents, rather than being one, which goes by its own name."""
    return source.remote or source.root.endswith((".jsonl", ".zip")) or not Path(source.root).is_file()


def _opened(source: Source, reach: Reach) -> AbstractContextManager[Place]:
    """Opens what lies at an address; what a kind needs is imported where it is used."""
    address = source.root
    if source.remote and (wrong := why_not(address)):
        raise SourceError(wrong)
    if address.startswith("git+"):
        from rag.sources.git import opened_git

        return opened_git(address, reach)
    if address.startswith("s3://"):
        from rag.sources.bucket import opened_bucket

        return opened_bucket(address, reach)
    if source.remote:
        from rag.sources.web import opened_site

        return opened_site(address, reach)
    if address.lower().endswith(".zip"):
        from rag.sources.archive import opened_archive

        return opened_archive(Path(address))
    return opened_folder(Path(address), str(source.address))


def _filled(blank: Document, said: Said, parsed: Parsed) -> Document:
    """Joins what is said of every document with what its place and the document itself say, which count more.

    Of who may read it, the place's word counts more than the document's own.
    """
    groups = parsed.groups if said.groups is None else said.groups
    return replace(
        blank,
        title=said.title or parsed.title,
        text=parsed.text,
        owner=parsed.owner or said.owner or blank.owner,
        date=parsed.date or said.date or blank.date,
        groups=blank.groups if groups is None else groups,
        remark=parsed.remark,
    )
