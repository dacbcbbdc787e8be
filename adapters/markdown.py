"""Markdown on its way into a chat: nobody is called, and no link says it is another. Knows no network.

What is code and what is a link is judged as CommonMark judges it; what looks like a lie becomes plain text.
"""

import html
import re
import unicodedata
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

_UNSEEN: Final = r"[\s\\\u00ad\u180e\u200b-\u200f\u2060-\u2064\ufe0f\ufeff]"
_OPENS: Final = r"(?:<|&lt;?|&#0*60;?|&#[xX]0*3[cC];?)"
# An invisible space keeps Slack from taking `<!here>` or `@here` for a call. Whether it would is not documented.
_CALL: Final = re.compile(rf"{_OPENS}(?!\u200b)(?={_UNSEEN}*[!@#]{_UNSEEN}*[a-z0-9])", re.IGNORECASE)
_AT_ALL: Final = re.compile(r"(?<![^\s(\[{\"'*_~>,;:.!|])@(?=(?:channel|here|everyone|group)\b)", re.IGNORECASE)

_TOKEN: Final = re.compile(
    r"(?P<code>(?<!`)(?P<run>`+)(?!`).*?(?<!`)(?P=run)(?!`))"
    r"|(?P<escape>\\[!-/:-@\[-`{-~])"
    r"|(?P<opens>!?\[)"
    r"|(?P<closes>\])"
    r"|<(?P<raw>[a-z][a-z0-9+.-]{1,31}:[^<>|\s]*)(?:\|(?P<label>[^<>\n]*))?>"
    r"|(?P<begun>(?<!`)`+)",
    re.IGNORECASE | re.DOTALL,
)
_URL: Final = r"<[^<>\n]*>|(?:\\.|[^\s()\\<]|\((?:\\.|[^\s()\\])*\))*"
_TARGET: Final = re.compile(rf"\(\s*(?P<url>{_URL})(?:\s+(?:\"[^\"]*\"|'[^']*'|\([^()]*\)))?\s*\)")
_TARGET_BEGUN: Final = re.compile(r"\(\s*(?:<[^<>\n]*>?|[^\s<]*)(?:\s+(?:[\"'(].*)?)?\Z", re.DOTALL)
# What the end of a growing text may still become: a call, a link, an escape, an image.
_BEGUN: Final = re.compile(
    rf"{_OPENS}{_UNSEEN}*(?:[!@#]{_UNSEEN}*)?\Z|<[a-z][a-z0-9+.-]*(?::[^<>\n]*)?\Z"
    r"|&[#a-z0-9]*;?\Z|@\w{0,8}\Z|[\\!]\Z",
    re.IGNORECASE,
)
# Text with nothing in it but words and citations, as most answers are: it is not even parsed,
_INERT: Final = re.compile(r"(?:[^<&@\[\]\r]|\[\d{1,3}\](?![(:]))*")
_TURNS: Final = re.compile(r"[`~|]|[\\!]\Z")  # unless what follows may make code or a table of it.
_FENCE_LIKE: Final = re.compile(r"(?:[\s>]|[-*+]\s|\d+[.)]\s)*[`~]")

_FILES: Final = frozenset("pdf doc docx xls xlsx ppt pptx txt csv html json yaml xml png jpg".split())

_blocks: Final = MarkdownIt("commonmark").enable("table").disable(["reference", "html_block"])
_blocks.core.ruler.enableOnly(["normalize", "block"])


def quiet(text: str) -> str:
    """The Markdown with nobody called, and with no links but those that lead where they say."""
    if _INERT.fullmatch(text):
        return text
    return "".join(_CALL.sub("\\g<0>\u200b", piece if code else _links(piece)) for piece, code, _ in pieces(text))


def settled(text: str) -> str:
    """The longest beginning of a growing text of which `quiet` makes the same whatever follows."""
    if _INERT.fullmatch(text) and not _TURNS.search(text):
        return text[: text.rindex("[")] if text.endswith("]") else text
    found = list(pieces(text))
    if not found:
        return ""
    piece, code, in_table = found[-1]
    line = piece[piece.rfind("\n", 0, -1) + 1 :]
    start, ends = len(text) - len(piece), piece.endswith("\n")
    if not piece.strip() and ends and not code:
        return text
    if _FENCE_LIKE.match(line) and not ends:
        return text[: len(text) - len(line)] if code else text[:start]
    if "|" in piece and not code and not (in_table and ends):
        return text[:start]
    half = _BEGUN.search(piece)
    return text[: start + min(len(piece) if code else _first_begun(piece), half.start() if half else len(piece))]


def honest(label: str, url: str) -> bool:
    """Whether a link so labelled leads into the web, and to no other host than the label seems to name."""
    url, label = _read(url.strip("<>")), _read(label)
    if not re.match(r"https?://[^\s\\]+\Z", url, re.IGNORECASE):
        return False
    if label in {url, url.partition("://")[2]}:
        return True
    try:
        host = (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return False
    named = [name.removeprefix("www.") for name in map(_host, re.findall(r"[\w.-]+", label)) if name]
    return all(host == name or host.endswith(f".{name}") for name in named) and not re.search(r"\w:/", label)


def _host(word: str) -> str:
    """The word if it may be taken for the name of a host."""
    name = word.strip(".-")
    rest, _, ending = name.rpartition(".")
    return name if rest and len(ending) > 1 and ending.isalpha() and ending not in _FILES else ""


def _read(text: str) -> str:
    """The text as people see it, without what they do not."""
    seen = unicodedata.normalize("NFKC", html.unescape(text)).translate(_SEEN)
    return re.sub(r"[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe0f\ufeff*`]", "", seen).strip().casefold()


_SEEN: Final = str.maketrans({"。": ".", "｡": ".", "․": "."})


def _links(text: str) -> str:
    """A paragraph, or the cell of a table, in which links that may lie have become text."""
    out: list[str] = []
    opened: list[int] = []
    at = 0
    while token := _TOKEN.search(text, at):
        out.append(_AT_ALL.sub("@\u200b", text[at : token.start()]))
        at = token.end()
        if token["opens"]:
            opened.append(len(out))
        if token["raw"]:
            out.append(_raw(token["raw"], token["label"]))
        elif token["closes"] and opened and (target := _TARGET.match(text, at)):
            begin = opened.pop()
            out[begin:] = [_link("".join(out[begin + 1 :]), target["url"], target[0])]
            at = target.end()
        elif token["closes"]:
            del opened[-1:]
            # `[1]: https://…` would make a link of every [1] there is.
            out.append("]\u200b" if text.startswith(":", at) else "]")
        else:
            out.append(token[0])
    return "".join([*out, _AT_ALL.sub("@\u200b", text[at:])])


def _link(label: str, url: str, source: str) -> str:
    """A link, and for an image a link to it, or else its label and its target as text."""
    shown = url.strip("<>")
    if not shown or not label.strip():
        return shown or label
    return f"[{label}]{source}" if honest(label, url) and "](" not in label else f"{label} ({shown})"


def _raw(url: str, label: str | None) -> str:
    """`<https://…>` as it is; Slack's own `<https://…|label>`, and any other scheme, as text."""
    if label is not None:
        return f"{label} ({url})"
    return f"<{url}>" if honest("", url) else url


def _first_begun(text: str) -> int:
    """Where the first link or piece of code begins that has not ended yet."""
    opened: list[int] = []
    for token in _TOKEN.finditer(text):
        if token["opens"]:
            opened.append(token.start())
        elif token["begun"]:
            return min([*opened, token.start()])
        elif token["closes"] and opened:
            at = token.end()
            if at == len(text) or (not _TARGET.match(text, at) and _TARGET_BEGUN.match(text, at)):
                return opened[0]
            opened.pop()
    return opened[0] if opened else len(text)


def pieces(text: str) -> Iterator[tuple[str, bool, bool]]:
    """All of the text in order: blocks of code (so marked), paragraphs, cells (so marked), and the lines between."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    at = 0
    for begin, end, code, in_table in _ranges(_blocks.parse(text)):
        if end <= at:
            continue
        yield from ((line, False, False) for line in lines[at:begin])
        piece = "".join(lines[max(at, begin) : end])
        if in_table:
            yield from (
                (cell, False, True) for cell in re.findall(r"(?:\\.|[^|\\]|\\\Z)*\|?", piece, re.DOTALL) if cell
            )
        else:
            yield piece, code, False
        at = end
    yield from ((line, False, False) for line in lines[at:])


def _ranges(tokens: list[Token]) -> Iterator[tuple[int, int, bool, bool]]:
    in_table = False
    for token in tokens:
        in_table = token.type == "table_open" or (in_table and token.type != "table_close")
        if token.map and token.type in {"fence", "code_block", "inline"}:
            yield token.map[0], token.map[1], token.type != "inline", in_table
