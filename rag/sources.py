"""Where documents come from: lists what a path holds now, each document with a fingerprint and a way to load it."""

import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from rag.errors import SourceError, Unreadable
from rag.labels import LABELS, Labels
from rag.parsed import Parsed
from rag.parsing import TYPES, groups_from, parse, parse_markdown
from rag.passages import Document
from rag.words import printable


@dataclass(frozen=True, slots=True)
class Source:
    """A file or folder to index: `groups` may read what does not say otherwise, `prefix` begins every doc_id."""

    path: Path
    collection: str = "default"
    groups: frozenset[str] = frozenset()
    prefix: str = ""

    @property
    def root(self) -> Path:
        """The path made absolute; a link given on purpose stays a link, so that it can be pointed elsewhere."""
        return Path(os.path.abspath(self.path))  # noqa: PTH100  (Path.absolute keeps `..`)

    def entries(self) -> Iterator["Entry | Failure"]:
        """Yields every document here now; raises SourceError when what is here cannot be told for certain."""
        root = self.root
        if not root.exists():
            raise SourceError(f"{self.path}: no such file or folder")
        _refuse_labelled_above(root)
        if not root.is_dir():
            yield from self._entries(root, root.name, Labels())
            return
        labels = Labels.read(root)
        for file in _files(root):
            yield from self._entries(file, file.relative_to(root).as_posix(), labels)
        yield from (Failure(LABELS, reason) for reason in labels.unused())

    def _entries(self, file: Path, name: str, labels: Labels) -> Iterator["Entry | Failure"]:
        doc_id = name if file == self.root else self.prefix + name
        try:
            if reason := _refusal(file, self.root, name):
                yield Failure(printable(doc_id), reason)
            elif file.suffix.lower() == ".jsonl":
                yield from self._records(file, name, labels)
            else:
                yield self._entry(doc_id, name, _digest(file), partial(parse, file), file, labels)
        except OSError as error:
            if file.suffix.lower() == ".jsonl":
                raise SourceError(f"{file} cannot be read: {error.strerror}") from error
            yield Failure(printable(doc_id), f"cannot be read: {error.strerror}", keeps=doc_id)

    def _records(self, file: Path, shown: str, labels: Labels) -> Iterator["Entry | Failure"]:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    name, load = _record(line)
                except Unreadable as error:
                    yield Failure(f"{printable(shown)}:{number}", error.reason)
                    if number == 1:  # then it is no corpus, and each line would say so
                        return
                else:
                    yield self._entry(self.prefix + name, name, hashlib.sha256(line).hexdigest(), load, file, labels)

    def _entry(
        self, doc_id: str, name: str, digest: str, load: Callable[[], Parsed], file: Path, labels: Labels
    ) -> "Entry":
        blank = Document(doc_id, "", "", self.collection, self.groups, origin=str(file))
        blank = replace(blank, **labels.defaults)
        rules = labels.matching(name)
        described = [digest, blank.collection, blank.groups, blank.owner, blank.date, blank.title, rules]
        fingerprint = hashlib.sha256(json.dumps(described, default=sorted).encode()).hexdigest()
        return Entry(doc_id, fingerprint, lambda: replace(_filled(blank, load()), **rules))


@dataclass(frozen=True, slots=True)
class Entry:
    """A document as listed; its fingerprint changes with its content and with what is said about it."""

    doc_id: str
    fingerprint: str
    load: Callable[[], Document]


@dataclass(frozen=True, slots=True)
class Failure:
    """Something listed that is no document, and why; `keeps` names one whose older version still stands."""

    path: str
    reason: str
    keeps: str = ""


def from_paths(
    paths: Sequence[Path], collection: str = "default", groups: frozenset[str] = frozenset()
) -> list[Source]:
    """Returns a source for each path; given several, each doc_id starts with the path's own name."""
    sources = [Source(path, collection, groups) for path in paths]
    return [replace(source, prefix=f"{source.root.name}/") for source in sources] if len(sources) > 1 else sources


def _refuse_labelled_above(root: Path) -> None:
    """Raises SourceError where a folder above says who may read what is here: taken in alone, it would turn public."""
    for folder in (*root.parents, *Path(os.path.realpath(root)).parents):
        if os.path.lexists(folder / LABELS):
            raise SourceError(f"{root} is labelled by {folder / LABELS}: ingest {folder} instead")


def _files(root: Path) -> Iterator[Path]:
    own = os.path.lexists(root / LABELS)
    for folder, folders, files in os.walk(root, onerror=_unlistable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if LABELS in files and Path(folder) != root:
            remedy = f"move what it says into {root / LABELS}" if own else "ingest that folder by itself"
            raise SourceError(f"{folder} has its own {LABELS}: {remedy}")
        yield from (Path(folder, name) for name in sorted(files) if not name.startswith((".", "~$")) and name != LABELS)


def _unlistable(error: OSError) -> None:
    raise SourceError(f"{error.filename} cannot be listed: {error.strerror}") from error


def _refusal(file: Path, root: Path, name: str) -> str:
    """Says why this is nothing to open, or nothing."""
    if file != root and file.is_symlink() and not Path(os.path.realpath(file)).is_relative_to(os.path.realpath(root)):
        return "a link that leads out of the folder"
    if not stat.S_ISREG(file.stat().st_mode):
        return "not a regular file"
    if not _is_text(name):
        return "its name is not valid text"
    return "" if file.suffix.lower() in TYPES | {".jsonl"} else "unsupported type"


def _digest(file: Path) -> str:
    with file.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def _record(line: bytes) -> tuple[str, Callable[[], Parsed]]:
    """Reads one line of a corpus: the record's id, and how to load it."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Unreadable("not JSON") from error
    if not isinstance(record, dict) or not {"_id", "text"} <= record.keys():
        raise Unreadable("no document: a record needs _id and text")
    name, text = str(record["_id"]), record["text"]
    if not isinstance(text, str) or not name or not _is_text(name + text):
        raise Unreadable("_id and text must be text")
    return name, partial(_parse_record, name, record)


def _parse_record(name: str, record: dict[str, object]) -> Parsed:
    shown = printable(name)
    parsed = parse_markdown(str(record["text"]), shown)
    if not parsed.text.strip() and parsed.title == shown and not record.get("title"):
        raise Unreadable("no text found")
    said = {key: printable(str(record[key])) for key in ("title", "owner", "date") if record.get(key)}
    groups = parsed.groups if record.get("groups") is None else groups_from(record["groups"])
    title = said.get("title", parsed.title)
    return replace(
        parsed,
        title=title,
        text=parsed.text if parsed.text.strip() else title,
        owner=said.get("owner", parsed.owner),
        date=said.get("date", parsed.date),
        groups=groups,
    )


def _filled(blank: Document, parsed: Parsed) -> Document:
    """Joins what the folder says of every document with what this one says of itself, which counts more."""
    return replace(
        blank,
        title=parsed.title,
        text=parsed.text,
        owner=parsed.owner or blank.owner,
        date=parsed.date or blank.date,
        groups=blank.groups if parsed.groups is None else parsed.groups,
        remark=parsed.remark,
    )


def _is_text(text: str) -> bool:
    return text.encode("utf-8", "replace").decode() == text
