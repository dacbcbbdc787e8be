"""Answers as Slack shows them: messages of Block Kit within Slack's limits. Knows no network."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ContextActionsBlock,
    ContextBlock,
    FeedbackButtonObject,
    FeedbackButtonsElement,
    MarkdownBlock,
    MarkdownTextObject,
)

from adapters.slack_commands import AGAIN, FEEDBACK, STOP
from bot import labels
from bot.answers import Answer, Source
from bot.errors import HausgeistError, Unavailable
from bot.language import Language

PIECE: Final = 8_000  # characters of Markdown in one message; Slack takes 12,000 in a block of its own
CONTEXT: Final = 2_000  # characters of a text in a context block
LINE: Final = 400  # characters of a line of ours, which escaping may make five times as long
ROOM: Final = 11_000  # all blocks of one message; Slack refuses from about 13,200 on (bolt-js#2509)
TITLE: Final = 150

_FENCE: Final = re.compile(r"^ {0,3}(```|~~~)[^\n]{0,40}", re.MULTILINE)
_CALLS: Final = re.compile(r"<(?=!(?:channel|here|everyone|subteam)|@[UWB])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SlackMessage:
    """One message: blocks, and the same as text for notifications, screen readers and whoever refuses the blocks."""

    text: str
    blocks: tuple[Block, ...] = ()

    @property
    def size(self) -> int:
        """How much of a message's room the blocks take."""
        return sum(len(json.dumps(block.to_dict())) for block in self.blocks)

    def __add__(self, other: "SlackMessage") -> "SlackMessage":
        text = "\n\n".join(part for part in (self.text, other.text) if part)
        return SlackMessage(text, self.blocks + other.blocks)


def whole(answer: Answer) -> list[SlackMessage]:
    """The finished answer with its sources and notes, over as many messages as it needs; thumbs come extra."""
    parts = [_markdown(piece) for piece in split(answer.text, PIECE)]
    parts += [_context(lines) for lines in split(_sources(answer), CONTEXT) if lines]
    parts += [_context(f":lock: {_escaped(labels.hidden(answer.masked, answer.language))}")] if answer.masked else []
    return list(_packed(parts))


def with_thumbs(message: SlackMessage, ts: str = "") -> SlackMessage:
    """The message with thumbs that judge the message `ts`, or else the one they stand under."""
    buttons = FeedbackButtonsElement(
        action_id=FEEDBACK,
        positive_button=FeedbackButtonObject(text="Helpful", value=f"up {ts}".strip()),
        negative_button=FeedbackButtonObject(text="Not helpful", value=f"down {ts}".strip()),
    )
    return replace(message, blocks=(*message.blocks, ContextActionsBlock(elements=[buttons])))


def with_again(message: SlackMessage, kept: str, language: Language) -> SlackMessage:
    """The message with a button that asks the question `kept` once more."""
    return _with_button(message, labels.AGAIN[language], AGAIN, kept)


def draft(text: str, conversation: str, language: Language) -> SlackMessage:
    """The beginning of an answer that is still being written, and the button that stops it."""
    return _with_button(_markdown(f"{split(text, PIECE)[0]} …"), labels.STOP[language], STOP, conversation)


def notice(text: str, conversation: str, language: Language) -> SlackMessage:
    """What we are doing, or waiting for, where an answer will stand."""
    return _with_button(_markdown(text[:LINE]), labels.STOP[language], STOP, conversation)


def failure(error: HausgeistError, trace_id: str, language: Language) -> SlackMessage:
    """What stands in place of an answer that could not be given."""
    said = _markdown(f":warning: {str(error)[:LINE] or 'Something went wrong on our side.'}")
    told = said + _context(labels.QUOTE[language].format(id=trace_id))
    return with_again(told, trace_id, language) if isinstance(error, Unavailable) else told


def note(text: str, offer: str, language: Language) -> SlackMessage:
    """A line for one person alone; with an offer, the button that takes it."""
    said = _context(_escaped((text or labels.CHANGED[language])[:LINE]))
    return _with_button(said, labels.ANEW[language], AGAIN, offer) if offer else said


def split(text: str, limit: int) -> list[str]:
    """Cuts Markdown at paragraphs, lines or words into pieces within the limit; code goes on as code."""
    pieces: list[str] = []
    while len(text) > limit:
        at = _cut(text, limit - len("\n```"))
        head, text = text[:at].rstrip(), text[at:].lstrip("\n")
        fences = list(_FENCE.finditer(head))
        if len(fences) % 2:
            head, text = f"{head}\n{fences[-1][1]}", f"{fences[-1][0].strip()}\n{text}"
        pieces.append(head)
    return [*pieces, text]


def _cut(text: str, limit: int) -> int:
    for mark in ("\n\n", "\n", " "):
        at = text.rfind(mark, limit // 2, limit)
        if at > 0:
            return at
    return limit


def _markdown(text: str) -> SlackMessage:
    # Whether a Markdown block calls people is not documented: an invisible space within `<!here>` keeps it from that.
    quiet = _CALLS.sub("<\u200b", text)
    bold = re.sub(r"\*\*(.+?)\*\*", r"*\1*", text)
    return SlackMessage(_escaped(bold), (MarkdownBlock(text=quiet),) if quiet.strip() else ())


def _with_button(message: SlackMessage, label: str, action: str, value: str) -> SlackMessage:
    button = ButtonElement(text=label, action_id=action, value=value)
    return replace(message, blocks=(*message.blocks, ActionsBlock(elements=[button])))


def _context(mrkdwn: str) -> SlackMessage:
    return SlackMessage(mrkdwn, (ContextBlock(elements=[MarkdownTextObject(text=mrkdwn)]),))


def _sources(answer: Answer) -> str:
    return "\n".join([f"*{labels.SOURCES[answer.language]}*", *map(_source, answer.sources)]) if answer.sources else ""


def _source(source: Source) -> str:
    title = _escaped(_short(source.title or source.doc_id))
    if source.link.startswith(("https://", "http://")) and len(source.link) < CONTEXT // 2:
        title = f"<{source.link.translate(_URL)}|{title}>"
    details = [_escaped(_short(detail)) for detail in (source.owner, source.date) if detail]
    return " · ".join([f"[{source.number}] {title}", *details])


_URL: Final = str.maketrans({"<": "%3C", ">": "%3E", "|": "%7C", " ": "%20", "&": "&amp;"})


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= TITLE else f"{line[: TITLE - 1]}…"


def _escaped(text: str) -> str:
    """Text that says in Slack's mrkdwn what it says here: nobody is called, nothing becomes a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _packed(parts: Sequence[SlackMessage]) -> Iterator[SlackMessage]:
    """Joins parts to messages within the room that Slack gives one; there is always one."""
    message = parts[0]
    for part in parts[1:]:
        if message.size + part.size > ROOM:
            yield message
            message = part
        else:
            message += part
    yield message
