"""Screens what the model wrote before anyone sees it: foreign links, images, mentions of everyone, raw HTML."""

import re
from collections.abc import Collection

from guardrails.masking import PLACEHOLDER

_CODE = re.compile(r"(```.*?(?:```|\Z)|`[^`\n]+`)", re.DOTALL)
_IMAGE = re.compile(r"!\[([^\[\]]*)\](?:\([^()]*(?:\([^()]*\)[^()]*)*\)|\[[^\[\]]*\])")
_LINK = re.compile(r"\[([^\[\]]*)\]\(\s*([^\s()]*(?:\([^\s()]*\)[^\s()]*)*)(?:\s[^()]*(?:\([^()]*\)[^()]*)?)?\)")
_CHAT_LINK = re.compile(
    r"<((?:https?|ftp|mailto|tel|sip|file|data|javascript):[^<>|\s]*)(?:\|([^<>]*))?>", re.IGNORECASE
)
_DEFINITION = re.compile(r"^ {0,3}\[[^\[\]]+\]:[ \t]*\S+(?:[ \t]+[\"'(].*)?[ \t]*$", re.MULTILINE)
_BARE = re.compile(
    f"{_LINK.pattern}|{_CHAT_LINK.pattern}"
    r"|(?P<bare>(?:\b(?:https?|ftp|file|data|javascript):/?/?|\bwww\.)[^\s<>()\[\]`\"']*[^\s<>()\[\]`\"'.,;:!?*_~])",
    re.IGNORECASE,
)
_TAG = re.compile(
    r"<(?:/?(?:at|audio|base|body|button|div|embed|form|frame|frameset|h[1-6]|head|html|iframe|img|input|link|math|meta"
    r"|object|script|select|source|span|style|svg|table|template|textarea|video)(?=[\s/>]|\Z)[^<>]*(?:>|\Z)"
    r"|/?(?:a|b|big|blockquote|br|center|code|del|details|em|font|hr|i|ins|kbd|li|mark|marquee|ol|p|picture|pre|s|small"
    r"|strike|strong|sub|summary|sup|tbody|td|th|thead|title|tr|tt|u|ul)(?:\s[^<>]*)?/?>|[a-z][\w:.-]*[\s/][^<>]*=[^<>]*>|!--|[!?][a-z])",
    re.IGNORECASE,
)
_MENTION = re.compile(r"<(?=[!@#][^<>]*>)|(?<!\w)@(?=(?:everyone|here|channel|all|team|group)\b)", re.IGNORECASE)
_JOINER = "\u2060"


def screen(text: str, allowed_links: Collection[str] = ()) -> str:
    """`text` with links only to `allowed_links`, and nothing that a chat or a browser would act upon.

    What is removed leaves its words behind. Code in backticks, with both ends in `text`, keeps its tags and addresses,
    but no mentions. Placeholders pass, so that they can be restored before or after.
    """
    pieces = _CODE.split(text)
    screened = [piece if index % 2 else _screen_prose(piece, allowed_links) for index, piece in enumerate(pieces)]
    return _MENTION.sub(lambda match: match[0] + _JOINER, "".join(screened))


def _screen_prose(text: str, allowed: Collection[str]) -> str:
    text = _loosened(_unlink(text, allowed), allowed)
    text = _BARE.sub(lambda match: match[0] if match["bare"] in {None, *allowed} else f"`{match[0]}`", text)
    return _TAG.sub(lambda match: match[0] if _is_harmless(match[0], allowed) else f"<{_JOINER}{match[0][1:]}", text)


def _unlink(text: str, allowed: Collection[str]) -> str:
    """Repeats until nothing changes, as removing one link may uncover another."""
    while True:
        before = text
        text = _DEFINITION.sub("", _IMAGE.sub(r"\1", text))
        text = _LINK.sub(lambda match: match[0] if match[2].strip("<>") in allowed else _words_of(match[1]), text)
        text = _CHAT_LINK.sub(lambda match: match[0] if match[1] in allowed else match[2] or match[1], text)
        if text == before:
            return text


def _loosened(text: str, allowed: Collection[str]) -> str:
    """Takes apart what still looks like a link, such as one whose end is cut off."""
    return re.sub(
        r"\](?=\()",
        lambda match: "]" if any(text.startswith(f"({link})", match.end()) for link in allowed) else f"]{_JOINER}",
        text,
    )


def _words_of(link_text: str) -> str:
    return f"[{link_text}]" if link_text.isdigit() else link_text


def _is_harmless(tag: str, allowed: Collection[str]) -> bool:
    return PLACEHOLDER.fullmatch(tag) is not None or tag[1:-1].split("|")[0] in allowed
