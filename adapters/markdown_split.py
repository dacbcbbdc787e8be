"""Long Markdown in pieces: code goes on as code, a table with its header. Knows no network."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from markdown_it import MarkdownIt

_LONGEST_SIGN: Final = 40
_JOINED: Final = re.compile("[\u200d\ufe00-\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
_HALVES: Final = "".join(map(chr, range(0x1F1E6, 0x1F200)))  # two of them are a flag
_HEADER: Final = 600  # characters of a table's head that are worth being repeated

_blocks: Final = MarkdownIt("commonmark").enable("table").disable(["reference", "html_block"])
_blocks.core.ruler.enableOnly(["normalize", "block"])


@dataclass(frozen=True, slots=True)
class _Line:
    """A line, or a part of one too long, and what has to stand before and after it in a piece of its own."""

    text: str
    before: str = ""
    after: str = ""
    block: int = -1  # which block of code, or which table, it is in

    @property
    def blank(self) -> bool:
        return not self.text.strip() and self.block < 0


def split(text: str, limit: int) -> list[str]:
    """Cuts Markdown at paragraphs, lines or words into pieces within the limit; code goes on as code.

    A block of code that never ends is ended. A table's header is repeated. There is always a piece.
    """
    if len(text) <= limit and not any(mark in text for mark in ("```", "~~~", "\r")):
        return [text.strip("\n")]
    pieces: list[str] = []
    lines = list(_cut(_read(text.replace("\r\n", "\n").replace("\r", "\n"), limit), limit))
    while lines:
        count = _fitting(lines, limit)
        pieces.append(_piece(lines[:count], lines[count:]))
        lines = lines[count:]
        while lines and lines[0].blank:
            lines.pop(0)
    return [piece for piece in pieces if piece.strip()] or [""]


def _piece(lines: list[_Line], rest: list[_Line]) -> str:
    first, last = lines[0], lines[-1]
    before = f"{first.before}\n" if first.before else ""
    goes_on = bool(rest) and rest[0].block == last.block
    after = f"\n{last.after}" if last.after and (goes_on or not rest) else ""
    return (before + "\n".join(line.text for line in lines) + after).strip("\n")


def _fitting(lines: list[_Line], limit: int) -> int:
    """How many lines the next piece takes: as many as there is room for, back to the last paragraph's end."""
    size, count, paragraphs = len(lines[0].before) + 1, 0, 0
    for line in lines:
        size += len(line.text) + 1
        if count and size + len(line.after) + 1 > limit:
            break
        count += 1
        if line.blank and size > limit // 2:
            paragraphs = count
    return count if count == len(lines) else paragraphs or count


def _cut(lines: list[_Line], limit: int) -> Iterator[_Line]:
    """The lines, those that are too long for a piece of their own in parts, cut at words where there are any."""
    for line in lines:
        room = max(limit - len(line.before) - len(line.after) - 3, 1)
        text = line.text
        while len(text) > room:
            at = text.rfind(" ", room // 2, room)
            at = at if at > 0 else _between_signs(text, room)
            yield replace(line, text=text[:at])
            text = text[at:].removeprefix(" ")
        yield replace(line, text=text)


def _between_signs(text: str, room: int) -> int:
    """Where to cut so that no sign is torn that is made of several characters, as flags and families are."""
    return next((at for at in range(room, max(room - _LONGEST_SIGN, 0), -1) if not _torn(text, at)), room)


def _torn(text: str, at: int) -> bool:
    """Whether a sign goes on there: a mark or a joined one follows, or the second half of a flag."""
    if _JOINED.match(text, at) or text[at - 1] == "\u200d" or unicodedata.combining(text[at]):
        return True
    return text[at] in _HALVES and (at - len(text[:at].rstrip(_HALVES))) % 2 > 0


def _read(text: str, limit: int) -> list[_Line]:
    lines = [_Line(line) for line in text.split("\n")]
    for number, token in enumerate(_blocks.parse(text)):
        if not token.map or token.type not in {"fence", "table_open"}:
            continue
        begin, end = token.map
        if token.type == "fence":
            _mark(lines, begin, end, number, _fence(lines, begin, end, token.markup, limit))
        elif head := _head(lines, begin, end, limit):
            _mark(lines, begin, end, number, (head, ""))
    return lines


def _mark(lines: list[_Line], begin: int, end: int, number: int, around: tuple[str, str]) -> None:
    """Marks a block's lines: those that open it need nothing before them, those that end it nothing after."""
    before, after = around
    opening = 1 if after else 2
    closed = after and end - begin > 1 and lines[end - 1].text.strip(" \t>") == after.strip(" \t>")
    for at in range(begin, end):
        inside = before if at >= begin + opening else ""
        lines[at] = replace(lines[at], before=inside, after=after, block=number)
    if closed:
        lines[end - 1] = replace(lines[end - 1], before="", after="")


def _fence(lines: list[_Line], begin: int, end: int, markup: str, limit: int) -> tuple[str, str]:
    """What opens the code again, and what closes it, both where they stand: in a quote, in a list."""
    opening = lines[begin].text
    inner = lines[begin + 1].text if end - begin > 1 else ""
    margin = re.match(r"[\s>]*", opening if opening.lstrip(" \t>").startswith(markup) else inner)
    indent = margin[0] if margin and len(margin[0]) < limit // 8 else ""
    info = opening.partition(markup)[2].strip()
    language = info if len(info) <= 40 else ""
    return f"{indent}{markup}{language}", f"{indent}{markup}"


def _head(lines: list[_Line], begin: int, end: int, limit: int) -> str:
    head = f"{lines[begin].text}\n{lines[begin + 1].text}"
    longest = max(len(line.text) for line in lines[begin:end])
    return head if len(head) + longest + 3 <= limit and len(head) <= _HEADER else ""
