"""Reads a text as a person sees it: look-alikes, hidden characters and escapes folded, with the way back to the text.

Knows nothing of what is looked for.
"""

import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_HIDDEN: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff"
    "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
)
"""What is not seen, or only as a mark on the character before."""
_HIDES: Final = re.compile(f"[{_HIDDEN}]")
_LATIN: Final = re.compile("[\x00-\x7f\u00a1-\u00ac\u00ae-\u02af\u1e00-\u1eff\u2018-\u2022\u2026\u20ac]*")
"""Latin letters and typographic quotes, as people write them here: nothing to fold but escapes."""
_EDITED: Final = re.compile(
    rf"[{_HIDDEN}]+|\r(?=\n)|&(?:#[0-9]{{1,7}}|#[xX][0-9a-fA-F]{{1,6}}|[A-Za-z]{{2,24}});|%[2-7][0-9a-fA-F]"
)
_SAME: Final = {"\u2028": "\n", "\u2029": "\n", "\u0085": "\n"} | dict(
    zip(
        "\u2043\u2212\u02d7\u2796\u2044\u2215\u2236\ua789\u3002\uff61\u2219"
        "аеорсухіјѕһԁԛԝАВЕКМНОРСТУХІЈЅԌԚԜҮαορνικυΑΒΕΖΗΙΚΜΝΟΡΤΥΧϲϳ",
        "----//::...aeopcyxijshdqwABEKMHOPCTYXIJSGQWYaopvikuABEZHIKMNOPTYXcj",
        strict=True,
    )
)
"""Characters that look like others, beyond what Unicode itself says to be the same."""


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text in parts: `starts` here, and `begins` and `ends` of the same parts in the original."""

    text: str
    starts: tuple[int, ...] = ()
    begins: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where in the original stands what stands from `start` up to `end`, which is not empty."""
        if not self.starts:
            return start, end
        first = bisect_right(self.starts, start) - 1
        last = bisect_right(self.starts, end - 1) - 1
        is_last = end == (self.starts[last + 1] if last + 1 < len(self.starts) else len(self.text))
        within = self.begins[last] + end - self.starts[last]
        return self.begins[first] + start - self.starts[first], self.ends[last] if is_last else within


class _Table(dict[int, str]):
    """What each character folds to, looked up once; a character that is hidden stays, since it needs an edit."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _folded(chr(code))
        return folded


_TABLE: Final = _Table()


def fold(text: str) -> Folded:
    """`text` with ASCII digits, letters, blanks, dashes for what looks like them, and without what is not seen."""
    if not _LATIN.fullmatch(text):
        text = text.translate(_TABLE)
    elif "&" not in text and "%" not in text and "\r" not in text:
        return Folded(text)
    edits = list(_edits(text))
    return _apply(text, edits) if edits else Folded(text)


def _edits(text: str) -> Iterator[tuple[int, int, str]]:
    for match in _EDITED.finditer(text):
        if match[0][0] == "&":
            char = html.unescape(match[0])
            if len(char) == 1:
                yield match.start(), match.end(), "" if _HIDES.match(char) else _TABLE[ord(char)]
        else:
            yield match.start(), match.end(), chr(int(match[0][1:], 16)) if match[0][0] == "%" else ""


def _apply(text: str, edits: list[tuple[int, int, str]]) -> Folded:
    parts: list[tuple[str, int, int]] = []
    done = 0
    for start, end, replacement in edits:
        parts += [(text[done:start], done, start), (replacement, start, end)]
        done = end
    parts = [part for part in (*parts, (text[done:], done, len(text))) if part[0]]
    starts, at = [], 0
    for part in parts:
        starts.append(at)
        at += len(part[0])
    return Folded(
        "".join(part[0] for part in parts),
        tuple(starts),
        tuple(part[1] for part in parts),
        tuple(part[2] for part in parts),
    )


def _folded(char: str) -> str:
    """The one character that `char` stands for, often itself."""
    if char in _SAME:
        return _SAME[char]
    category = unicodedata.category(char)
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if category in ("Zs", "Pd"):
        return " " if category == "Zs" else "-"
    if category == "Cs":
        return "\ufffd"
    same = unicodedata.normalize("NFKC", char)
    return _SAME.get(same, same) if len(same) == 1 and char > "\u02af" else char
