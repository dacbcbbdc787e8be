"""Answers as Slack shows them: messages of Block Kit within Slack's limits. Knows no network."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import orjson

from adapters import slack_kit as kit
from adapters import slack_tables
from adapters.markdown import honest, quiet
from adapters.markdown_split import split
from adapters.markdown_tables import Table, segments
from adapters.slack_commands import AGAIN, FEEDBACK, PERSON, SHARE, SOURCE, STOP
from adapters.slack_kit import Block
from adapters.slack_mrkdwn import escaped, linked, of_quiet
from bot import labels
from bot.answers import Answer, Source
from bot.errors import HausgeistError, Unavailable
from bot.kinds import hidden
from bot.language import Language

PIECE: Final = 8_000  # characters of Markdown in one message; Slack takes 12,000 in a block of its own
CONTEXT: Final = 2_000  # characters of a text in a context block
LINE: Final = 400  # characters of a line of ours, which escaping may make five times as long
ROOM: Final = 11_000  # bytes of all blocks of one message; Slack refuses from about 13,200 characters on (bolt-js#2509)
BUTTONS: Final = 2_400  # bytes of those kept for the buttons,
NUMBER: Final = 100  # and for which part of the answer it is
TEXT: Final = ROOM - BUTTONS - NUMBER
LEAD: Final = 200  # characters of what leads up to a table
VALUE: Final = 900  # characters of a button's value; Slack takes 2,000


@dataclass(frozen=True, slots=True)
class SlackMessage:
    """One message: blocks, and the same as text for notifications, screen readers and whoever refuses the blocks."""

    text: str
    blocks: tuple[Block, ...] = ()

    @property
    def size(self) -> int:
        """How much of a message's room the blocks take, in bytes of JSON."""
        return sum(len(orjson.dumps(block)) for block in self.blocks)

    def __add__(self, other: "SlackMessage") -> "SlackMessage":
        text = "\n\n".join(part for part in (self.text, other.text) if part)
        return SlackMessage(text, self.blocks + other.blocks)


def answer_messages(answer: Answer) -> list[SlackMessage]:
    """The finished answer over as many messages as it needs, numbered if more than one; the buttons come extra."""
    messages = list(_packed([*_text(answer.text), *_notes(answer)]))
    count = len(messages)
    numbers = [_context(f"({number}/{count})") for number in range(1, count + 1)]
    return [number + message for number, message in zip(numbers, messages, strict=True)] if count > 1 else messages


def stream_tail(answer: Answer) -> SlackMessage | None:
    """What stands under an answer that was streamed: all of it but its text.

    None where a stream cannot hold the answer: it has a table, or is too long for one message.
    """
    tail = sum(_notes(answer), SlackMessage(""))
    text = len(orjson.dumps(answer.text)) + NUMBER
    return None if "|" in answer.text or len(answer.text) > PIECE or text + tail.size > TEXT else tail


def ephemeral(answer: Answer, *, shareable: bool = True) -> list[SlackMessage]:
    """The answer for one person alone; where `shareable`, the last message carries the button that shows it to all.

    Without thumbs: Slack does not keep such a message, nobody could find what was judged.
    """
    language = answer.language
    sure = _sure(labels.SHARE, labels.SHARE_SURE, language)
    button = kit.button(labels.SHARE[language], SHARE, answer.trace_id, sure)
    *before, last = answer_messages(answer)
    last += _context(labels.ONLY_YOU[language])
    if not shareable:
        return [*before, last]
    return [*before, replace(last, blocks=(*last.blocks, kit.actions(button)))]


def with_buttons(last: SlackMessage, answer: Answer, parts: Sequence[str]) -> SlackMessage:
    """The answer's last message with all its buttons; `parts` are the ts of its earlier messages."""
    language, first = answer.language, parts[0] if parts else ""
    again = labels.AGAIN if answer.makeshift else labels.REGENERATE
    sure = _sure(labels.ASK_PERSON, labels.ASK_PERSON_SURE, language)
    wrong = kit.button(labels.WRONG_SOURCE[language], SOURCE, first or "-")
    row = [
        *([kit.button(again[language], AGAIN, _listed(answer.trace_id, parts))] if answer.trace_id else []),
        *([wrong] if answer.sources else []),
        kit.button(labels.ASK_PERSON[language], PERSON, first or "-", sure),
    ]
    return replace(last, blocks=(*last.blocks, _thumbs(first, language), kit.actions(*row)))


def draft(text: str, conversation: str, language: Language) -> SlackMessage:
    """The beginning of an answer that is still being written, and the button that stops it."""
    begun = _fitted(quiet(text), PIECE)[0]
    return _with_button(_markdown(f"{begun} …", escaped), labels.STOP[language], STOP, conversation)


def notice(text: str, conversation: str, language: Language) -> SlackMessage:
    """What we are doing, or waiting for, where an answer will stand."""
    return _with_button(_markdown(quiet(text[:LINE])), labels.STOP[language], STOP, conversation)


def failure(error: HausgeistError, trace_id: str, language: Language) -> SlackMessage:
    """What stands in place of an answer that could not be given."""
    said = _markdown(quiet(f":warning: {str(error)[:LINE] or 'Something went wrong on our side.'}"))
    told = said + _context(labels.QUOTE[language].format(id=trace_id))
    return with_again(told, trace_id, language) if isinstance(error, Unavailable) else told


def note(text: str, offer: str, language: Language) -> SlackMessage:
    """A line for one person alone; with an offer, the button that takes it."""
    said = _context(escaped((text.strip() or labels.CHANGED[language])[:LINE]))
    return _with_button(said, labels.ANEW[language], AGAIN, offer) if offer else said


def with_again(message: SlackMessage, kept: str, language: Language) -> SlackMessage:
    """The message with a button that asks the question `kept` once more."""
    return _with_button(message, labels.AGAIN[language], AGAIN, kept)


def _text(text: str) -> Iterator[SlackMessage]:
    """The answer's text: Markdown, and tables as Slack's own, each with what leads up to it."""
    lead = ""
    for part in segments(quiet(text)):
        if isinstance(part, str):
            head, lead = _lead(part)
            yield from map(_markdown, _fitted(head, PIECE))
        else:
            first, *rest = _shown(part)
            yield from [_markdown(lead) + first, *rest]
            lead = ""
    if lead:
        yield _markdown(lead)


def _lead(text: str) -> tuple[str, str]:
    """What a table that follows is announced with, and what stands before that."""
    before, _, last = text.rstrip().rpartition("\n\n")
    leads = len(last) <= LEAD and (last.startswith("#") or last.endswith(":")) and "```" not in last
    return (before, last) if leads else (text, "")


def _shown(table: Table) -> list[SlackMessage]:
    room = TEXT - 6 * LEAD
    natives = (
        [SlackMessage(_code(part), (slack_tables.block(part).to_dict(),)) for part in slack_tables.parts(table, room)]
        if slack_tables.native(table)
        else []
    )
    if natives and all(native.size <= room for native in natives):
        return natives
    return [_markdown(piece) for piece in _fitted(f"```\n{table.aligned()}\n```", PIECE - LEAD)]


def _fitted(text: str, limit: int) -> list[str]:
    """Pieces of the text that fit into a message each, whatever their letters take in bytes."""
    pieces: list[str] = []
    cut = split(text, limit)
    for piece in map(quiet, cut) if len(cut) > 1 else cut:  # what was code may be none in a piece cut out of a line
        taken = len(orjson.dumps(piece))
        pieces += [piece] if taken <= TEXT - 50 else _fitted(piece, max(len(piece) * TEXT // taken * 9 // 10, 100))
    return pieces


def _code(table: Table) -> str:
    return f"```\n{escaped(table.aligned())}\n```"


def _notes(answer: Answer) -> Iterator[SlackMessage]:
    """What stands under the text: warnings, sources, and what was hidden from the model."""
    language = answer.language
    if answer.uncited:
        yield _context(f":warning: {labels.UNCITED[language]}")
    yield from map(_context, _grouped(f":information_source: {_short(line, LINE)}" for line in answer.notices))
    heading = f"*{labels.SOURCES[language]}*"
    cited = [_source(source, language) for source in answer.sources]
    yield from map(_context, _grouped([heading, *cited] if cited else []))
    if told := hidden(answer.masked, language):
        yield _context(f":lock: {_short(told, CONTEXT // 2)}")


def _source(source: Source, language: Language) -> str:
    name = source.title or source.doc_id
    title = _short(name, 600)
    if honest("", source.link) and len(source.link) <= 800:
        title = linked(title, source.link) if honest(name, source.link) else f"{title} {linked('', source.link)}"
    stale = f":warning: {labels.STALE[language]}" if source.stale else ""
    details = [
        _short(detail, 120) for detail in (labels.page(source.page, language), source.owner, source.date) if detail
    ]
    return " · ".join([f"[{source.number}] {title}", *details, *filter(None, [stale])])


def _grouped(lines: Iterable[str]) -> Iterator[str]:
    """Lines joined to texts for a context block each."""
    text = ""
    for line in lines:
        if len(text) + 1 + len(line) > CONTEXT:
            yield text
            text = line
        else:
            text = f"{text}\n{line}" if text else line
    if text:
        yield text


def _markdown(text: str, fallback: Callable[[str], str] = of_quiet) -> SlackMessage:
    return SlackMessage(fallback(text), (kit.markdown(text),)) if text.strip() else SlackMessage("")


def _context(text: str) -> SlackMessage:
    return SlackMessage(text, (kit.context(text),))


def _thumbs(ts: str, language: Language) -> Block:
    up, down = (f"{verdict} {ts}".strip() for verdict in ("up", "down"))
    return kit.thumbs(FEEDBACK, (labels.HELPFUL[language], up), (labels.NOT_HELPFUL[language], down))


def _sure(title: dict[Language, str], text: dict[Language, str], language: Language) -> Block:
    return kit.confirmation(title[language], text[language], labels.YES[language], labels.NO[language])


def _with_button(message: SlackMessage, label: str, action: str, value: str) -> SlackMessage:
    return replace(message, blocks=(*message.blocks, kit.actions(kit.button(label, action, value))))


def _listed(trace_id: str, parts: Sequence[str]) -> str:
    """The trace and the messages, the first ones where not all fit."""
    value = " ".join([trace_id, *parts])
    return value if len(value) <= VALUE else value[:VALUE].rpartition(" ")[0]


def _short(text: str, limit: int) -> str:
    """One line, escaped, and cut to the limit."""
    line = " ".join(text.split())
    if len(escaped(line)) <= limit:
        return escaped(line)
    while len(escaped(line)) >= limit:
        line = line[: len(line) * limit // (len(escaped(line)) + 1)]
    return f"{escaped(line)}…"


def _packed(parts: Sequence[SlackMessage]) -> Iterator[SlackMessage]:
    """Joins parts to messages within the room and with one table each; there is always one."""
    message = SlackMessage("")
    for part in parts:
        tables = [block for block in (*message.blocks, *part.blocks) if block["type"] == "table"]
        if message.blocks and (message.size + part.size > TEXT or len(tables) > 1):
            yield message
            message = part
        else:
            message += part
    yield message if message.blocks else _context("…")
