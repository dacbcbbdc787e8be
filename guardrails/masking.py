"""Hides values behind placeholders and brings them back; knows nothing of how values are found."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby

PLACEHOLDER = re.compile(r"<([A-Z][A-Z0-9_]{0,39})_([1-9][0-9]{0,6})>")
LITERAL = "TEXT"
"""The type under which text that only looks like a placeholder is hidden, so that it comes back as it was."""

_CHUNK = re.compile(r"\w+|[^\w\s]")
_SHORTEST_KNOWN = 3
_PARTS = re.compile(r"<([A-Z][A-Z0-9]*(?:_[A-Z][A-Z0-9]*)*)_([1-9][0-9]{0,6})(?:_([1-9][0-9]{0,6}))?>")
# A placeholder as models write it again: escaped, as entities, in small letters, without its brackets.
_BODY = r"[A-Za-z][A-Za-z0-9]*(?:\\?_[A-Za-z0-9]+)+"
_ALTERED = re.compile(rf"(?:&lt;|\\?<) ?({_BODY}) ?(?:&gt;|\\?>)|(?<![\w\\<])({_BODY})(?![\w\\>])")
_MARKUP = re.compile(r"[\\`*~\[\]<>|]|(?<![^\W_])_|_(?![^\W_])|^[#+-]")
_SURNAME = re.compile(r"(?<=[^\W\d_] )[^\W\d_]{4,}$")


class GuardFailed(Exception):
    """The guard could not do its work: the text must go nowhere. The message never quotes the text."""


class VaultFull(GuardFailed):
    """One conversation holds more personal values than we keep."""


@dataclass(frozen=True, slots=True)
class Span:
    """A value in a text, from `start` up to `end` in code points; `type` as Presidio names it, `score` 0 to 1."""

    start: int
    end: int
    type: str
    score: float = 1.0


class Vault:
    """The values hidden in one conversation: the same value always has the same placeholder, `<EMAIL_ADDRESS_1>`.

    What means the same in other words, such as a part of a name, is of one family: `<PERSON_1>`, `<PERSON_1_2>`.
    """

    def __init__(self, limit: int = 1000) -> None:
        self._limit = limit
        self._values: dict[str, str] = {}
        self._placeholders: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._families: dict[str, frozenset[str]] = {}
        self._by_first_chunk: dict[str, list[tuple[str, str]]] = {}

    def __len__(self) -> int:
        return len(self._values)

    def placeholder(self, kind: str, value: str) -> str:
        """The placeholder of `value`, made on first sight."""
        if value not in self._placeholders:
            family = self._family(kind, value) or kind
            self._add(f"<{family}_{self._counts.get(family, 0) + 1}>", value)
        return self._placeholders[value]

    def value(self, placeholder: str) -> str | None:
        """The value behind a placeholder, or None where we never gave that one out."""
        return self._values.get(placeholder)

    def known(self, text: str) -> list[Span]:
        """Where `text` repeats hidden values as whole words; the longest first where several begin together."""
        return [
            Span(chunk.start(), chunk.start() + len(form), kind)
            for chunk in _CHUNK.finditer(text)
            for form, kind in self._by_first_chunk.get(chunk[0].casefold(), ())
            if _same(form, text[chunk.start() : chunk.start() + len(form)])
            and _ends_word(text, chunk.start() + len(form))
        ]

    def hide_known(self, text: str) -> str:
        """`text` with the values of this conversation hidden, so that question and passages speak of the same thing."""
        return hide(text, self.known(text), self)

    def only(self, placeholders: Iterable[str]) -> "Vault":
        """A vault with these placeholders' values alone."""
        kept = Vault(self._limit)
        for placeholder in placeholders:
            if placeholder in self._values:
                kept._add(placeholder, self._values[placeholder])
        return kept

    def may_continue(self, tail: str) -> bool:
        """Whether `tail` could be the beginning of one of our placeholders."""
        return any(placeholder.startswith(tail) for placeholder in self._values)

    def to_json(self) -> str:
        """Everything, in clear: only for encrypted storage."""
        return json.dumps({"limit": self._limit, "values": self._values})

    @classmethod
    def from_json(cls, stored: str) -> "Vault":
        """The vault that `to_json` wrote; raises ValueError for anything else."""
        match json.loads(stored):
            case {"limit": int(limit), "values": dict(values)}:
                vault = cls(limit)
                for placeholder, value in values.items():
                    if not isinstance(value, str):
                        raise ValueError("a vault holds strings")
                    vault._add(placeholder, value)
                return vault
        raise ValueError("not a stored vault")

    def _add(self, placeholder: str, value: str) -> None:
        match = _PARTS.fullmatch(placeholder)
        if match is None:
            raise ValueError("not a placeholder")
        if len(self._values) >= self._limit:
            raise VaultFull("too much personal data in one conversation; start a new one")
        kind, number, variant = match.groups()
        family = f"{kind}_{number}"
        self._values[placeholder] = value
        self._placeholders[value] = placeholder
        self._counts[kind] = max(self._counts.get(kind, 0), int(number))
        self._counts[family] = max(self._counts.get(family, 0), int(variant or 1))
        if kind != LITERAL:
            self._families[family] = self._families.get(family, frozenset()) | _essence(kind, value)
            self._remember(kind, value)

    def _family(self, kind: str, value: str) -> str:
        """The one family that `value` belongs to; empty if there is none, or more than one."""
        own = _essence(kind, value)
        if kind == LITERAL or not own:
            return ""
        of_kind = [name for name in self._families if name.rpartition("_")[0] == kind]
        kin = [name for name in of_kind if (known := self._families[name]) and (own <= known or own >= known)]
        return kin[0] if len(kin) == 1 else ""

    def _remember(self, kind: str, value: str) -> None:
        """Has `known` find the value, also with its markup escaped, and a person's last name alone."""
        surname = _SURNAME.search(value) if kind == "PERSON" else None
        for form in {value, plainly(value), surname[0] if surname else value}:
            if len(form) >= _SHORTEST_KNOWN and (chunk := _CHUNK.match(form)):
                same = self._by_first_chunk.setdefault(chunk[0].casefold(), [])
                same.append((form, kind))
                same.sort(key=lambda known: len(known[0]), reverse=True)


def hide(text: str, spans: Iterable[Span], vault: Vault) -> str:
    """`text` with every span replaced by its placeholder; give it raw text only, never what was hidden before."""
    pieces: list[str] = []
    done = 0
    for span in without_overlaps(text, spans):
        pieces.append(_hide_lookalikes(text[done : span.start], vault))
        pieces.append(vault.placeholder(span.type, text[span.start : span.end]))
        done = span.end
    pieces.append(_hide_lookalikes(text[done:], vault))
    return "".join(pieces)


def restore(text: str, vault: Vault, show: Callable[[str], str] = str) -> str:
    """`text` with our placeholders replaced by their values, as `show` writes them; other placeholders stay.

    Values are not looked into again.
    """
    return PLACEHOLDER.sub(lambda match: _value_or_same(match[0], vault, show), text)


def plainly(value: str) -> str:
    """A value as Markdown that shows it and nothing else, whatever stands in it."""
    return _MARKUP.sub(lambda match: f"\\{match[0]}", value)


def mended(text: str, vault: Vault) -> str:
    """What a model wrote, with our placeholders as we gave them out where it altered them; nothing else changes."""
    return _ALTERED.sub(lambda match: _unaltered(match, vault), text)


def kinds_in(text: str) -> frozenset[str]:
    """The kinds of values that were hidden in a text."""
    return frozenset(match[1] for match in _PARTS.finditer(text)) - {LITERAL}


class Restorer:
    """Restores a text that comes in pieces: holds back only what could still become one of our placeholders."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._held = ""

    def feed(self, piece: str) -> str:
        """Takes the next piece and gives what can be shown now."""
        text = self._held + piece
        tail = text.rfind("<")
        cut = tail if tail >= 0 and self._is_open(text[tail:]) else len(text)
        self._held = text[cut:]
        return restore(text[:cut], self._vault)

    def end(self) -> str:
        """Gives what was held back."""
        held, self._held = self._held, ""
        return held

    def _is_open(self, tail: str) -> bool:
        return not tail.endswith(">") and self._vault.may_continue(tail)


def without_overlaps(text: str, spans: Iterable[Span]) -> list[Span]:
    """Every character in one span at most: the best score wins, then the longest; what sticks out of a loser remains.

    No character that any span covers is left uncovered. Raises ValueError for spans outside the text.
    """
    owners: list[Span | None] = [None] * len(text)
    for span in sorted(spans, key=lambda span: (span.score, span.end - span.start)):
        if not 0 <= span.start <= span.end <= len(text):
            raise ValueError("span outside the text")
        owners[span.start : span.end] = [span] * (span.end - span.start)
    return list(_runs(owners))


def _runs(owners: list[Span | None]) -> Iterator[Span]:
    at = 0
    for _, run in groupby(owners, key=id):
        cells = list(run)
        if owner := cells[0]:
            yield replace(owner, start=at, end=at + len(cells))
        at += len(cells)


def _hide_lookalikes(text: str, vault: Vault) -> str:
    return PLACEHOLDER.sub(lambda match: vault.placeholder(LITERAL, match[0]), text)


def _value_or_same(placeholder: str, vault: Vault, show: Callable[[str], str]) -> str:
    value = vault.value(placeholder)
    return placeholder if value is None else show(value)


def _unaltered(match: re.Match[str], vault: Vault) -> str:
    body = (match[1] or match[2]).replace("\\", "")
    placeholder = f"<{body.upper()}>"
    meant = match[1] or body == body.upper()
    return placeholder if meant and vault.value(placeholder) is not None else match[0]


def _essence(kind: str, value: str) -> frozenset[str]:
    """What makes values mean the same: the words of a name; of anything else its letters and digits, as one."""
    words = re.findall(r"[^\W_]+", value.casefold())
    return frozenset(words if kind == "PERSON" else ["".join(words)] if words else ())


def _same(form: str, found: str) -> bool:
    """Whether a value was found again, in capitals or not; but a single word not in small letters, as `will` is."""
    return found == form or (found.casefold() == form.casefold() and not (form.isalpha() and found.islower()))


def _ends_word(text: str, end: int) -> bool:
    return not (text[end - 1].isalnum() and text[end : end + 1].isalnum())
