"""Screens what the model wrote before anyone sees it: foreign links, images, mentions, hidden text, raw HTML.

What stays can be taken for a link by no chat and no browser, unless it is one that is allowed; the same holds for
what is screened in pieces, as long as none of them is cut within a word.
"""

import base64
import codecs
import html
import re
import string
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from guardrails.addresses import addresses, hosts, normal, without_others
from guardrails.hidden import visible
from guardrails.masking import PLACEHOLDER
from guardrails.unicode import fold

RECITED: Final = 40
"""Letters in a row that an answer may not share with what must not be told; eight words or so."""
SHORT: Final = 15
"""Letters of a sentence that is looked for as a whole."""
ROUNDS: Final = 12
"""How often what was uncovered is looked at again; nobody nests so deep in good faith."""

_CODE: Final = re.compile(r"(?<!\\)(```.*?(?:```|\Z)|`[^`\n]+`)", re.DOTALL)
_LABEL: Final = r"\[((?:[^\[\]]|\[[^\[\]]*\])*)\]"
_INSIDE: Final = r"(?:\s[^()]*(?:\([^()]*\)[^()]*)*)?"
_TARGET: Final = rf"\(\s*(<[^<>\n]*>|[^\s()<]*(?:\([^\s()]*\)[^\s()]*)*){_INSIDE}\)"
_LINK: Final = re.compile(rf"(?P<image>!?){_LABEL}(?:{_TARGET}|\[[^\[\]]*[^\[\]\d,\s][^\[\]]*\])")
_CHAT_LINK: Final = re.compile(
    r"<([a-z][a-z0-9+.-]{1,30}:[^<>|\s]*|//[^<>|\s]+|www\.[^<>|\s]+)(?:\|([^<>]*))?>", re.IGNORECASE
)
_DEFINITION: Final = re.compile(r"^[ \t>*+-]*\[[^\[\]\n]+\]:[ \t]*\n?[ \t]*\S+(?:[ \t]+[\"'(].*)?[ \t]*$", re.MULTILINE)
_LEFT: Final = re.compile(r"(?<=\])(?=\(|:[ \t]*\S)|(?<=\])\[(?!\d)")
_ENTITY: Final = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6});?|&[A-Za-z]{2,24};")
_COMMENT: Final = re.compile(r"<!--.*?(?:-->|\Z)|<(?:!doctype|!\[cdata|\?)[^<>]*(?:>|\Z)", re.DOTALL | re.IGNORECASE)
_TAG: Final = re.compile(
    r"<\s*/?\s*(?:a|abbr|address|applet|area|article|aside|at|attachment|audio|b|base|basefont|bdi|bdo|bgsound|big|blink"
    r"|blockquote|body|br|button|canvas|caption|center|cite|code|col|colgroup|datalist|dd|del|details|dfn|dialog|dir|div|dl"
    r"|dt|em|embed|emoji|fieldset|figcaption|figure|font|footer|form|frame|frameset|h[1-6]|head|header|hr|html|i|iframe|image"
    r"|img|input|ins|isindex|kbd|keygen|label|layer|legend|li|link|listing|main|map|mark|marquee|math|menu|meta|meter|nav"
    r"|nobr|noframes|noscript|object|ol|optgroup|option|output|p|param|picture|plaintext|pre|progress|q|rp|rt|ruby|s|samp"
    r"|script|section|select|slot|small|source|span|strike|strong|style|sub|summary|sup|svg|table|tbody|td|template"
    r"|textarea|tfoot|th|thead|time|title|tr|track|tt|u|ul|var|video|wbr|xml|xmp)(?![\w.:-])(?:[^<>]*(?:>|\Z)|(?=<))"
    r"|</?[a-z][\w:.-]*[\s/][^<>]*=[^<>]*(?:>|\Z)",
    re.IGNORECASE,
)
_CALL: Final = re.compile(r"<[\s\\]*+[@＠﹫!#]++[\s\\]*+(?:([^<>|\n]*)(?:\|([^<>\n]*))?>)?")
_ALL: Final = re.compile(
    r"(?<![^\W_])[@＠﹫]{1,9}(?=[*_~`\\]*(?:everyone|here|channel|all|team|group)(?![^\W_]))", re.IGNORECASE
)
_FOREIGN: Final = re.compile(r"(?!https?://)[a-z][a-z0-9+.-]*:(?!\d)", re.IGNORECASE)  # what leads out of the web
_BETWEEN_HEX: Final = r"\\u00|0x|\\x|[\s:,;.-]"
_HEX: Final = re.compile(rf"(?:[0-9a-fA-F]{{2}}(?:{_BETWEEN_HEX}){{0,4}}+){{24,}}+")
_URL_SAFE: Final = str.maketrans("-_", "+/")
_LEET: Final = str.maketrans("0134578@$!|", "oieastbasil")
_ROT13: Final = str.maketrans(string.ascii_lowercase, codecs.encode(string.ascii_lowercase, "rot13"))
_STASHED: Final = re.compile("\ue000(\\d+)\ue001")  # signs that `visible` leaves in no text


def links_in(text: str) -> frozenset[str]:
    """The addresses of pages and of mail that stand in a text, pages also without `https://`, and their hosts."""
    found = {address for address in addresses(visible(text)) if not _FOREIGN.match(address)}
    bare = {address.partition("://")[2] for address in found if "://" in address}
    return frozenset(found | bare | {re.split(r"[/?#]", address)[0] for address in bare})


def recites(text: str, secret: frozenset[str]) -> bool:
    """Whether a text holds a run of letters of `secret`, whatever stands between, in one of the ways to write it."""
    return any(run in secret for way in _readings(text) for run in (*_runs(way), way))


def runs_of(texts: Iterable[str]) -> frozenset[str]:
    """All runs of letters of texts that must not be recited, and their short sentences as they are."""
    found: set[str] = set()
    for text in texts:
        found.update(_runs(letters(text)))
        found.update(short for part in re.split(r"[.:!?\n]", text) if len(short := letters(part)) >= SHORT)
    return frozenset(found)


def letters(text: str) -> str:
    """The letters of a text as a person sees them, small and without accents, and nothing else of it."""
    return "".join(char for char in unicodedata.normalize("NFKD", fold(text).text).lower() if char.isalpha())


def screen(text: str, allowed_links: Collection[str] = ()) -> str:
    """`text` with links only to `allowed_links`, and nothing that a chat or a browser would act upon.

    What is removed leaves its words behind, an address leaves a mark. Code keeps its tags, but no addresses and no
    mentions. Placeholders pass, so that they can be restored before or after.
    """
    allowed = frozenset(map(normal, allowed_links))
    text = visible(text)
    for _ in range(ROUNDS):
        before, text = text, _once(text, allowed)
        if text == before:
            return text
    return re.sub(r"[<>\[\]()@＠:]", " ", text)


def _once(text: str, allowed: frozenset[str]) -> str:
    kept: list[str] = []
    pieces = _CODE.split(_ENTITY.sub(_read, text))
    text = "".join(piece if at % 2 else _prose(piece, allowed, kept) for at, piece in enumerate(pieces))
    text = without_others(text, lambda address: normal(address) in allowed)
    text = _ALL.sub("", _CALL.sub(_words_of_call, text))
    while _STASHED.search(text):  # a link's words may hold another one
        text = _STASHED.sub(lambda match: kept[int(match[1])], text)
    return text


def _prose(text: str, allowed: frozenset[str], kept: list[str]) -> str:
    """Prose without markup that acts; links that may stay are put into `kept`, so that nothing touches them again."""

    def stash(link: str) -> str:
        kept.append(link)
        return f"\ue000{len(kept) - 1}\ue001"

    def link(match: re.Match[str]) -> str:
        words, target = _LINK.sub(link, match[2]).strip(), (match[3] or "").strip("<>")
        if normal(target) in allowed and _is_honest(words, target):
            return stash(f"[{words}]({target})" if words else target)
        return f"[{words}]" if words.isdigit() else words

    def chat_link(match: re.Match[str]) -> str:
        target, words = match[1], (match[2] or "").strip()
        if normal(target) in allowed and _is_honest(words, target):
            return stash(f"[{words}]({target})" if words else f"<{target}>")
        return words or target

    text = _COMMENT.sub("", _DEFINITION.sub("", text))
    text = _LEFT.sub(_apart, _CHAT_LINK.sub(chat_link, _LINK.sub(link, text)))
    return _TAG.sub(lambda match: match[0] if PLACEHOLDER.fullmatch(match[0]) else "", text)


def _is_honest(words: str, target: str) -> bool:
    """Whether a link's words name no host but the one it leads to, and hold no other link."""
    return hosts(words) <= hosts(target) and "\ue000" not in words and not re.search(r"[\[\]<>]", words)


def _apart(match: re.Match[str]) -> str:
    return " [" if match[0] else " "


def _words_of_call(match: re.Match[str]) -> str:
    """The name that a mention shows, as text."""
    return match[2] or match[1] or ""


def _read(match: re.Match[str]) -> str:
    """An entity as it is read, if that is a sign that may be markup, or is hidden."""
    char = html.unescape(match[0])
    read = visible(unicodedata.normalize("NFKC", char))
    return read if read.isascii() and len(char) == 1 and read.strip() == read else match[0]


def _readings(text: str) -> Iterator[str]:
    """The letters of a text: as they are, with digits for letters, each word or all backwards, apart, encoded."""
    told = letters(text)
    words = letters(" ".join(word[::-1] for word in text.split()))
    for way in (told, letters(text.translate(_LEET)), words):
        yield from (way, way[::-1])
    yield from (told.translate(_ROT13), told[::2], told[1::2])
    yield from map(letters, _decoded(text))


def _decoded(text: str) -> Iterator[str]:
    """What stands in a text as hexadecimal digits or in base64, however it is broken into pieces."""
    for digits in _HEX.findall(text):
        yield bytes.fromhex(re.sub(_BETWEEN_HEX, "", digits)).decode("latin-1")
    for joined in {re.sub(r"[^A-Za-z0-9+/_-]+", "", text), re.sub(r"[^A-Za-z0-9+/]+", "", text)}:
        coded = joined.translate(_URL_SAFE)
        for at in range(4):
            whole = coded[at:]
            yield base64.b64decode(whole[: len(whole) // 4 * 4]).decode("latin-1")


def _runs(told: str) -> Iterable[str]:
    return (told[at : at + RECITED] for at in range(len(told) - RECITED + 1))
