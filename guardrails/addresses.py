"""Finds what a chat makes a link of: addresses of the web, of mail, of anything with a scheme.

An address reaches from where it begins to the next blank, so that nothing can be smuggled out at its end.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Final

from tldextract import TLDExtract

REMOVED: Final = "…"
RESERVED: Final = frozenset({"example", "test", "invalid", "localhost", "local", "internal", "onion", "corp", "lan"})

LONGEST: Final = 2000
"""Signs without a blank; more of them can be no address that anybody wants, and take too long to look at."""

_CHUNK: Final = re.compile(r"[^\s<>|]+")
_POINTS: Final = re.compile(r"[.:@。．｡․：＠]|[\[({]dot[\])}]", re.IGNORECASE)
# All that repeats has a bound, so that no text takes more than its length: names in the web are no longer.
_LABEL: Final = r"[^\W_](?:[^\W_]|-){0,63}"
_SCHEME: Final = re.compile(
    r"[a-z][a-z0-9+.-]{0,30}\[?:\]?(?:\\{0,9}/){2}"
    r"|\b(?:mailto|tel|sms|smsto|callto|sips?|skype|facetime|xmpp|whatsapp|tg|msteams|slack|ms-[a-z]+|intent|market|geo"
    r"|javascript|vbscript|view-source|blob|file|ftps?|sftp|ssh|git|ldaps?|smb|magnet|https?|hxxps?"
    r"|spotify|bitcoin|steam|zoommtg|vscode|webcal|rtsp|ircs?|gopher|telnet|vnc|rdp|itms-[a-z]+):(?=\S)"
    r"|\bdata:(?=[a-z]+/|[;,]|%)"
    r"|\bwww\.(?=\S)",
    re.IGNORECASE,
)
_HOST: Final = re.compile(
    rf"/{{0,9}}(?:[\w.+%'-]{{1,64}}(?:@|\[at\]|\(at\)))?{_LABEL}(?:(?:\.|[\[({{]{{1,9}}(?:\.|dot)[\])}}]{{1,9}}){_LABEL})+",
    re.IGNORECASE,
)
_DOTS: Final = str.maketrans({"。": ".", "．": ".", "｡": ".", "․": ".", "\\": "/"})
_EMPHASIS: Final = re.compile(r"[*~`]+|__+")  # a chat that takes no markup leaves these out, and reads on
_PLAIN_ENDS: Final = ("", " ", "\n", "\t", "<", ">")
_ESCAPED: Final = re.compile(r"\\(?=[!-/:-@\[-`{-~])")
_TARGET: Final = re.compile(r"\]\(\s*<?([^\s<>()]*(?:\([^\s<>()]*\)[^\s<>()]*)*)")
_AFTER: Final = re.compile(r"(?:\[\d+(?:,\d+)*\]|[.,;:!?…'\"`´’”»*_~()\[\]{}])+\Z")
_CITED: Final = re.compile(r"\[\d+(?:,\d+)*\]\Z")
_MARKS: Final = 40  # signs at the end that are looked at together
_PAIRS: Final = {")": "(", "]": "[", "}": "{"}


def addresses(text: str) -> frozenset[str]:
    """The addresses that stand in a text."""
    found: set[str] = set()

    def note(address: str) -> bool:
        found.add(normal(address))
        return True

    without_others(text, note)
    found.update(normal(match[1]) for match in _TARGET.finditer(text) if "://" in match[1])
    return frozenset(found)


def without_others(text: str, known: Callable[[str], bool]) -> str:
    """`text` without the addresses that are not `known`."""
    return _CHUNK.sub(lambda match: _kept(match[0], known, match.string[match.end() : match.end() + 1]), text)


def normal(address: str) -> str:
    """An address as it is compared: scheme and host in small letters."""
    scheme, mark, rest = address.partition("://")
    head = re.match(r"[^/?#]*", rest if mark else scheme)
    host = head[0] if head else ""
    return f"{scheme.lower()}://{host.lower()}{rest[len(host) :]}" if mark else host.lower() + scheme[len(host) :]


def hosts(text: str) -> frozenset[str]:
    """The hosts that a text names."""
    named = (address.partition("://")[2] or address.rpartition("@")[2] for address in addresses(text))
    return frozenset(re.split(r"[/?#:]", name)[0].removeprefix("www.") for name in named)


def _kept(chunk: str, known: Callable[[str], bool], after: str) -> str:
    """The chunk without addresses that are not known; one that is stands apart from what comes `after` it."""
    if not _POINTS.search(chunk):
        return chunk
    if len(chunk) > LONGEST:
        return REMOVED
    read = unicodedata.normalize("NFKC", _ESCAPED.sub("", chunk).translate(_DOTS))
    scheme = _SCHEME.search(read)
    cut = scheme.start() if scheme else len(read)
    shown = _one(read[:cut], known) + _one(read[cut:], known)
    if shown != read:
        return shown
    if _begin(read) >= 0:
        return chunk if after in _PLAIN_ENDS else f"{chunk} "
    bare = _EMPHASIS.sub("", read)
    return chunk if _one(bare, known) == bare else REMOVED


def _one(read: str, known: Callable[[str], bool]) -> str:
    """The text, without the address in it if that is not known."""
    begin = _begin(read)
    if begin < 0:
        return read
    address = _trimmed(read[begin:])
    return read[:begin] + (address if known(address) else REMOVED) + read[begin + len(address) :]


def _begin(read: str) -> int:
    """Where the first address begins; -1 if there is none."""
    scheme = _SCHEME.search(read)
    begins = [scheme.start()] if scheme else []
    begins += [match.start() for match in _HOST.finditer(read) if _in_the_web(match[0])]
    return min(begins, default=-1)


def _in_the_web(host: str) -> bool:
    ending = re.split(r"[.\])}]", host)[-1].lower().rstrip("-")
    return ending in _endings() or ending.startswith("xn--")


def _trimmed(address: str) -> str:
    """The address without the marks behind it; a bracket stays where it was opened within."""
    while (after := _AFTER.search(end := address[-_MARKS:])) and (after.start() or len(address) > _MARKS):
        last = address[-1]
        if last in _PAIRS and after[0] == last and address.count(_PAIRS[last]) >= address.count(last):
            break
        cited = _CITED.search(end)
        address = address[: cited.start() - len(end) if cited else -1]
    return address


@cache
def _endings() -> frozenset[str]:
    """All that a name in the web may end with."""
    listed = TLDExtract(suffix_list_urls=(), cache_dir=None).tlds
    return RESERVED.union(name.rpartition(".")[2] for name in listed)
