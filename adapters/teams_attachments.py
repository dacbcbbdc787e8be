"""What comes with a message in Teams: files, pictures, and the message that it quotes. Pure."""

import html
import re
from pathlib import PurePath
from typing import Final

from adapters.teams_activity import Activity, objects, opened, text_at
from bot.events import File

MOST: Final = 20  # files of one message; Teams takes ten
QUOTED: Final = 2_000  # characters of a message that is quoted

_DOWNLOAD: Final = "application/vnd.microsoft.teams.file.download.info"
_REFERENCES: Final = frozenset({"messageReference", "forwardedMessageReference"})
# Copies of the text, cards and links: nothing that anybody attached as a file.
_NO_FILES: Final = ("text/html", "text/plain", "application/vnd.microsoft.card.", "application/vnd.microsoft.teams.")
_ELSEWHERE: Final = "elsewhere:"  # in place of the link to a file that Teams gives us in personal chats only
_MARKUP: Final = 60_000  # characters of HTML that are looked through
# None of them looks beyond the next bracket: what people send must not keep us searching.
_BLOCK: Final = re.compile(r"<(?:blockquote|p)\b[^<>]*>", re.IGNORECASE)
_REPLY: Final = re.compile(r'<b.*itemtype="http://schema\.skype\.com/Reply"', re.IGNORECASE | re.DOTALL)
_PREVIEW: Final = re.compile(r'<p.*itemprop="(?:copy|preview)"', re.IGNORECASE | re.DOTALL)
_TAG: Final = re.compile(r"<(/?[A-Za-z][^<>]*)>")
_BREAKS: Final = re.compile(r"br\b|/(?:p|div|li|tr|blockquote|h\d)\b", re.IGNORECASE)
_ALT: Final = re.compile(r'\balt="([^"]*)"')


def files_of(activity: Activity, *, personal: bool) -> tuple[File, ...]:
    """The files of a message; Teams lets us fetch those of a personal chat, the others are only named."""
    found = (_file(attachment, personal=personal) for attachment in objects(activity, "attachments"))
    return tuple(file for file in found if file)[:MOST]


def quoted(activity: Activity) -> str:
    """The beginning of the message that a message quotes, as plain text; empty if it quotes none."""
    for entity in objects(activity, "entities"):
        if text_at(entity, "type") == "quotedReply" and (preview := text_at(entity, "quotedReply", "preview")):
            return plain(preview)[:QUOTED]
    for attachment in objects(activity, "attachments"):
        if found := _quoted_in(attachment):
            return plain(found)[:QUOTED]
    return ""


def plain(markup: str) -> str:
    """HTML as a person reads it, a line for each of its lines."""
    text = html.unescape(_TAG.sub(_read, markup[:_MARKUP]))
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(filter(None, lines))


def _read(tag: re.Match[str]) -> str:
    """What a tag says itself: a new line, or the picture that it shows in words."""
    if _BREAKS.match(tag[1]):
        return "\n"
    shown = _ALT.search(tag[1]) if tag[1].startswith(("emoji", "img")) else None
    return shown[1] if shown else ""


def _file(attachment: Activity, *, personal: bool) -> File | None:
    kind, name = text_at(attachment, "contentType"), text_at(attachment, "name")
    link = text_at(attachment, "contentUrl")
    if kind == _DOWNLOAD:
        content = opened(attachment.get("content"))
        named = _with_ending(name or text_at(content, "uniqueId"), text_at(content, "fileType"))
        return File(named, link=text_at(content, "downloadUrl") if personal else _ELSEWHERE)
    if kind.startswith("image/"):
        return File(name or "image", kind, link=link)
    if kind in _REFERENCES or kind.startswith(_NO_FILES) or not (name and link):
        return None
    return File(name, kind if "/" in kind else "", link=link if personal and kind != "reference" else _ELSEWHERE)


def _with_ending(name: str, ending: str) -> str:
    """A file's name with the ending that Teams tells apart from it."""
    known = PurePath(name).suffix or not re.fullmatch(r"[A-Za-z0-9]{1,10}", ending)
    return name if known else f"{name}.{ending}"


def _quoted_in(attachment: Activity) -> str:
    """What an attachment quotes, as HTML: older clients write it into the copy of the text, Graph beside it."""
    content = attachment.get("content")
    if text_at(attachment, "contentType") in _REFERENCES:
        said = opened(content)
        return text_at(said, "messagePreview") or text_at(said, "originalMessageContent")
    if text_at(attachment, "contentType") != "text/html" or not isinstance(content, str):
        return ""
    within = _after(_REPLY, content[:_MARKUP]).partition("</blockquote>")[0]
    return _after(_PREVIEW, within).partition("</p>")[0]


def _after(wanted: re.Pattern[str], markup: str) -> str:
    """What follows the first tag of that kind; empty if there is none."""
    ends = (tag.end() for tag in _BLOCK.finditer(markup) if wanted.match(tag[0]))
    return next((markup[end:] for end in ends), "")
