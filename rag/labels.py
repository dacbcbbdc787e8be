"""What a folder's `_documents.toml` says about its documents: who may read them, whose they are, how old."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from unicodedata import normalize

from rag.errors import SourceError

LABELS = "_documents.toml"
_TEXTS = ("title", "owner", "date")


@dataclass(frozen=True, slots=True)
class Labels:
    """Fields for every document, and for those whose name matches a glob; later matches override earlier ones."""

    defaults: dict[str, Any] = field(default_factory=dict)
    rules: tuple[tuple[str, dict[str, Any]], ...] = ()
    _used: set[str] = field(default_factory=set)

    @classmethod
    def read(cls, folder: Path) -> "Labels":
        """Reads the folder's labels, if any; raises SourceError at anything unclear, so that nothing turns public."""
        file = folder / LABELS
        try:
            data = tomllib.loads(file.read_text("utf-8"))
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError) as error:
            raise SourceError(f"{file}: {error}; nothing of this folder was changed") from error
        return _labels(file, data)

    def matching(self, name: str) -> dict[str, Any]:
        """Returns the fields that the matching rules set for the document called `name` in the folder.

        A letter with its accent beside it, as macOS writes names, is the letter with its accent.
        """
        fields: dict[str, Any] = {}
        composed = normalize("NFC", name)
        for pattern, rule in self.rules:
            if fnmatchcase(composed, normalize("NFC", pattern)) or fnmatchcase(name, pattern):
                self._used.add(pattern)
                fields |= rule
        return fields

    def unused(self) -> Iterator[str]:
        """Yields a remark for each pattern that fitted no document so far: perhaps a slip that leaves one open."""
        yield from (f"match {pattern!r} fits no document" for pattern, _ in self.rules if pattern not in self._used)


def _labels(file: Path, data: dict[str, Any]) -> Labels:
    unknown = data.keys() - {"defaults", "documents"}
    documents = data.get("documents", [])
    if unknown:
        raise _malformed(file, f"unknown field {min(unknown)!r}; known: [defaults], [[documents]]")
    if not isinstance(documents, list):
        raise _malformed(file, "documents must be written [[documents]]")
    rules = []
    for rule in documents:
        if not isinstance(rule, dict) or not isinstance(rule.get("match"), str):
            raise _malformed(file, 'each [[documents]] needs match = "a glob"')
        rules.append((rule["match"], _fields(file, rule, (*_TEXTS, "groups", "match"))))
    return Labels(_fields(file, data.get("defaults", {}), (*_TEXTS, "groups")), tuple(rules))


def _fields(file: Path, fields: object, known: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(fields, dict):
        raise _malformed(file, "defaults must be written [defaults]")
    if unknown := fields.keys() - set(known):
        raise _malformed(file, f"unknown field {min(unknown)!r}; known: {', '.join(known)}")
    checked: dict[str, Any] = {key: str(fields[key]) for key in _TEXTS if key in fields}
    if "groups" in fields:
        groups = fields["groups"]
        if not isinstance(groups, list) or not all(isinstance(group, str) and group for group in groups):
            raise _malformed(file, 'groups must be a list of names, as in groups = ["hr"]')
        checked["groups"] = frozenset(groups)
    return checked


def _malformed(file: Path, what: str) -> SourceError:
    return SourceError(f"{file}: {what}; nothing of this folder was changed")
