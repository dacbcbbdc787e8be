"""An export as a zip: the files in it, from Confluence, SharePoint, Google Drive or any other tool."""

import json
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from rag.errors import SourceError, Unreadable
from rag.labels import LABELS, Labels
from rag.parsing.parse import LARGEST, TYPES
from rag.parsing.parsed import Parsed
from rag.sources.confluence import ENTITIES, Space
from rag.sources.listing import Failure, Item, Place, Said
from rag.sources.spool import spooled

MOST = 1_000_000  # files in an archive
UNPACKED = 64 * 2**30  # bytes of all of them; no more is read of any than it declares
INFO = "-info.json"  # ends the name of what Google Takeout says about a file
INFO_LARGEST = 2**20
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, OSError, ValueError)


@contextmanager
def opened_archive(path: Path) -> Iterator[Place]:
    """Opens an export; raises SourceError where it is not there, or is no zip."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = {it.filename: it for it in archive.infolist()}
            if len(members) > MOST:
                raise SourceError(f"{path} holds more than {MOST} files")
            if sum(member.file_size for member in members.values()) > UNPACKED:
                raise SourceError(f"{path} would be larger than {UNPACKED >> 30} GB, unpacked")
            entities = next((name for name in members if PurePosixPath(name).name == ENTITIES), None)
            pages = Archive(path, archive, members)
            yield Space(path, partial(pages.opened, entities)) if entities else pages
    except (zipfile.BadZipFile, OSError) as error:
        raise SourceError(f"{path}: no readable zip: {getattr(error, 'strerror', None) or error}") from error


@dataclass(frozen=True, slots=True)
class Archive:
    """The files of a zip."""

    path: Path
    archive: zipfile.ZipFile
    members: dict[str, zipfile.ZipInfo]

    def labels(self) -> Labels:
        """What `_documents.toml` at the archive's top says."""
        if inside := [name for name in self.members if PurePosixPath(name).name == LABELS and name != LABELS]:
            raise SourceError(f"{self.path}: {inside[0]} is not at its top: move what it says there")
        if LABELS not in self.members:
            return Labels()
        with TemporaryDirectory(prefix="hg") as folder:
            (Path(folder) / LABELS).write_bytes(self._short(LABELS))
            return Labels.read(Path(folder))

    def items(self) -> Iterator[Item | Failure]:
        """Yields every file, in the order of names."""
        for name in sorted(self.members):
            member, path = self.members[name], PurePosixPath(name)
            hidden = any(part.startswith((".", "~$", "__MACOSX")) for part in path.parts if part != "..")
            if member.is_dir() or hidden or name == LABELS or self._describes(name) or _is_contents(path, self.members):
                continue
            if reason := _refusal(member, path):
                yield Failure(name, reason)
            else:
                yield from self._item(name, member)

    def _item(self, name: str, member: zipfile.ZipInfo) -> Iterator[Item | Failure]:
        try:
            said = self._said(name)
        except Unreadable as error:
            yield Failure(name, error.reason)
            return
        version = f"{member.CRC:08x}:{member.file_size}"
        yield Item(name, version, partial(self._load, name), f"{self.path}/{name}", said)

    def opened(self, name: str) -> Iterator[bytes]:
        """A file's bytes, in pieces, as many as there are whatever the archive declares. Raises Unreadable."""
        try:
            with self.archive.open(self.members[name]) as file:
                while piece := file.read(2**16):
                    yield piece
        except _BROKEN as error:
            reason = "encrypted" if "encrypted" in str(error) or "password" in str(error) else "broken in the archive"
            raise Unreadable(reason) from error

    def _load(self, name: str) -> Parsed:
        return spooled(name, self.opened(name))

    def _describes(self, name: str) -> bool:
        """Whether a file only says something about another one."""
        return name.endswith(INFO) and name.removesuffix(INFO) in self.members

    def _said(self, name: str) -> Said:
        """What the export says of a file: who may read it, when it was changed. Raises Unreadable."""
        year, month, day = self.members[name].date_time[:3]
        date = f"{year:04}-{month:02}-{day:02}" if (year, month, day) != (1980, 1, 1) else ""
        if name + INFO not in self.members:
            return Said(date=date)
        try:
            info = json.loads(self._short(name + INFO))
            return Said(title=str(info.get("title") or ""), date=date, groups=_readers(info["permissions"]))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise Unreadable("the export does not say clearly who may read it") from error

    def _short(self, name: str) -> bytes:
        data = bytearray()
        for piece in self.opened(name):
            data += piece
            if len(data) > INFO_LARGEST:
                raise SourceError(f"{self.path}: {name} is too large")
        return bytes(data)


def _refusal(member: zipfile.ZipInfo, path: PurePosixPath) -> str:
    """Says why this is nothing to open, or nothing."""
    if path.is_absolute() or ".." in path.parts or "\\" in member.filename:
        return "its name leads out of the archive"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "a link"
    if member.flag_bits & 1:
        return "encrypted"
    if path.suffix.lower() not in TYPES:
        return "unsupported type"
    return f"larger than {LARGEST // 2**20} MB" if member.file_size > LARGEST else ""


def _is_contents(path: PurePosixPath, members: dict[str, zipfile.ZipInfo]) -> bool:
    """Whether it is the table of contents of Confluence's HTML export, which only repeats titles."""
    return path.name == "index.html" and str(path.with_name("styles") / "site.css") in members


def _readers(permissions: list[dict[str, Any]]) -> frozenset[str] | None:
    """The groups that Drive gives a file to; None: to the whole company. Raises Unreadable where to persons only."""
    kinds = [str(it.get("type", "")).lower() for it in permissions]
    if "anyone" in kinds or "domain" in kinds:
        return None
    groups = (it.get("email_address") or it.get("emailAddress") or it.get("name") for it in permissions)
    named = frozenset(str(name) for name, kind in zip(groups, kinds, strict=True) if kind == "group" and name)
    if not named:
        raise Unreadable("shared with single persons only: nobody would find it here")
    return named
