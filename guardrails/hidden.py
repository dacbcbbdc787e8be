"""Takes out of a text what nobody sees: characters without a shape, marks of direction, escapes of terminals."""

import re
from typing import Final

_PICTURE: Final = "\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff"
_KEPT: Final = rf"(?<=[{_PICTURE}])\ufe0f|(?<=[0-9#*])\ufe0f(?=\u20e3)|(?<=[{_PICTURE}\ufe0f])\u200d(?=[{_PICTURE}])"
_SHAPELESS: Final = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\ud800-\udfff\ue000-\uf8ff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff\U000f0000-\U0010ffff"
)
# An escape ends where a terminal ends it; the address and the words of a terminal's link are no exception.
_ESCAPE: Final = (
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?|(?:\x1b[\]PX^_]|[\x9d\x90])[^\x07\x1b\n]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?"
)
_TAKEN: Final = re.compile(rf"(?P<kept>{_KEPT})|(?:{_ESCAPE}|[{_SHAPELESS}])")
_LINE: Final = re.compile("\r\n?|[\u0085\u2028\u2029]")
_PLAIN: Final = re.compile("[\n\t -~\u00a0-\u00ac\u00ae-\u02ff\u2010-\u2027\u2030-\u205e\u20a0-\u20bf]*")


def visible(text: str) -> str:
    """`text` without what hides in it; signs that are made of several characters stay whole."""
    if _PLAIN.fullmatch(text):
        return text
    return _TAKEN.sub(lambda match: match["kept"] or "", _LINE.sub("\n", text))
