"""Files that people hand to us: each is kept in a folder of ours, which is a source like any other."""

import asyncio
import os
import re
import shutil
import time
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from rag.errors import LibraryError, Unreadable
from rag.library import Library
from rag.locks import alone
from rag.parsing.parse import parse
from rag.sources import Source
from rag.sources.spool import file_name
from rag.words import printable

FOLDER = "uploads"
LONGEST = 200  # bytes of a folder's name
PATIENCE_S = 30.0
ABANDONED_S = 3600.0
_COLLECTION = re.compile(r"\w[\w.-]{0,63}")


@dataclass(frozen=True, slots=True)
class Taken:
    """A file as it was taken in: its document, who may read that (empty: everybody), what of it could not be read."""

    doc_id: str
    title: str
    readers: frozenset[str]
    characters: int
    remark: str = ""
    replaced: bool = False


class Uploads:
    """The folder `uploads` beside a library's index, and in it one for each collection and its readers."""

    def __init__(self, library: Library) -> None:
        self._library, self._folder = library, library.folder / FOLDER

    async def add(self, name: str, data: bytes, collection: str, groups: frozenset[str]) -> Taken:
        """Keeps a file and takes it in, in place of the one of that name in that collection; safe to call twice.

        Raises Unreadable where it gives no text, before anything has changed, and LibraryError.
        """
        return await asyncio.to_thread(self._add, name, data, collection, groups)

    def discard(self, doc_id: str) -> int:
        """Deletes the file that a document was made from, if it is one of ours; how many there were."""
        found = [file for source in self._sources() if (file := _file_of(source, doc_id)) and file.is_file()]
        for file in found:
            file.unlink(missing_ok=True)
        return len(found)

    def _add(self, name: str, data: bytes, collection: str, groups: frozenset[str]) -> Taken:
        source = self._source(collection, groups)
        file = Path(source.root) / _plain(name)
        doc_id = f"{source.prefix}{file.name}"
        try:
            replaced = self._put(data, source, file, doc_id)
        except OSError as error:
            raise LibraryError(f"{file} cannot be written: {error.strerror}") from error
        self._library.restore(doc_id)  # whoever may delete a document wants it back
        failed = dict(self._library.sync(source).failed)
        number = self._library.catalog.source(source.root, collection, groups, source.prefix)
        for found, _ in self._library.current().documents(number, [doc_id]):
            remark = failed.get(printable(doc_id), "")
            return Taken(doc_id, found.title, found.groups, len(found.text), remark, replaced)
        raise Unreadable(failed.get(printable(doc_id), "it was deleted meanwhile"))

    def _put(self, data: bytes, source: Source, file: Path, doc_id: str) -> bool:
        """Puts a file that can be read where it belongs; returns whether another one had its name.

        One that other people could read goes first, so that what is new is never found beside it.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._tidy()
        with TemporaryDirectory(dir=self._folder, prefix=".") as spool:
            copy = Path(spool) / file.name
            copy.touch(mode=0o600)
            copy.write_bytes(data)
            parse(copy)
            with alone(self._folder, PATIENCE_S):
                replaced = file.exists()
                for other in self._sources():
                    old = _file_of(other, doc_id)
                    if other.root != source.root and old and old.is_file():
                        old.unlink()
                        self._library.sync(other)
                        replaced = True
                file.parent.mkdir(mode=0o700, exist_ok=True)
                self._library.catalog.source(source.root, source.collection, source.groups, source.prefix)
                os.replace(copy, file)  # noqa: PTH105
        return replaced

    def _tidy(self) -> None:
        """Deletes what uploads left that a crash broke off."""
        for left in self._folder.glob(".*"):
            with suppress(FileNotFoundError):
                if time.time() - left.stat().st_mtime > ABANDONED_S:
                    shutil.rmtree(left, ignore_errors=True)

    def _source(self, collection: str, groups: frozenset[str]) -> Source:
        readers = f" for {','.join(sorted(groups))}" if groups else ""
        place = quote(f"{collection}{readers}", safe=" ,:@")
        if not _COLLECTION.fullmatch(collection) or len(place) > LONGEST:
            raise Unreadable("the name of a collection is letters, figures, `-`, `_` and `.`, and not too long")
        return Source(self._folder / place, collection, groups, f"{FOLDER}/{collection}/")

    def _sources(self) -> list[Source]:
        """Every source that files were put into."""
        top = self._folder.absolute()
        return [it.source for it in self._library.sources() if Path(it.source.root).parent == top]


def _plain(name: str) -> str:
    """A name that is the same however it was typed, and that no lister of folders leaves out."""
    return file_name(unicodedata.normalize("NFC", name)).lstrip(".~$") or "document"


def _file_of(source: Source, doc_id: str) -> Path | None:
    """Where a source keeps the file of a document; None for what is none of its."""
    name = doc_id.removeprefix(source.prefix)
    return Path(source.root) / name if doc_id.startswith(source.prefix) and _plain(name) == name else None
