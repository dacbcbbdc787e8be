"""Questions without a platform: `hausgeist ask` and the chat in the terminal."""

import asyncio
import sys
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

import click
import orjson
from pydantic import BaseModel, ValidationError
from rich.console import Console

from bot.answers import Answer
from bot.dispatch import Dispatcher
from bot.errors import Refused
from bot.events import Message, Person, Turn
from bot.kinds import hidden
from bot.labels import remarks
from bot.replies import Failure, Piece, ReplyStream, Status
from ops.build import service
from ops.settings import Settings
from ops.terminal import WorkFailed


async def ask_all(settings: Settings, records: Iterator[dict[str, Any]], user: str, groups: frozenset[str]) -> None:
    """Asks each record's text and writes a JSON line for each answer."""
    async with service(settings) as parts:
        for record in records:
            outcome = await _ask(parts.dispatcher, _turn(record, user, groups))
            line = {"_id": record["_id"], **_fields(outcome)}
            click.echo(orjson.dumps(line))
            sys.stdout.flush()


async def chat(settings: Settings, user: str, groups: frozenset[str]) -> None:
    """Reads questions from the terminal until the end of input."""
    console = Console(highlight=False)
    conversation = f"terminal:{uuid.uuid4().hex}"
    async with service(settings) as parts:
        console.print(f"Hausgeist ({parts.model.name}). Ask; Ctrl-D ends.", style="dim")
        while (question := _read(console)) is not None:
            if question.strip():
                await _converse(parts.dispatcher, _new_turn(question, user, groups, conversation), console)


def _read(console: Console) -> str | None:
    try:
        return console.input("[bold]› [/bold]")
    except (EOFError, KeyboardInterrupt):
        return None


async def _converse(dispatcher: Dispatcher, turn: Turn, console: Console) -> None:
    reply = ReplyStream()
    running = asyncio.create_task(dispatcher.run(turn, reply))
    written = False
    async for event in reply:
        match event:
            case Status(text):
                console.print(text, style="dim", markup=False)
            case Piece(text):
                console.print(text, end="", markup=False)
                written = True
            case Answer():
                console.print("" if written else event.text, markup=False)
                told = hidden(event.masked, event.language)
                for remark in [*remarks(event), *([told] if told else [])]:
                    console.print(remark, style="dim", markup=False)
                for source in event.sources:
                    console.print(f"[{source.number}] {source.title} ({source.doc_id})", style="dim", markup=False)
            case Failure():
                console.print(f"{event.error} ({event.trace_id})", style="red", markup=False)
    await running


async def _ask(dispatcher: Dispatcher, turn: Turn) -> Answer | Failure:
    reply = ReplyStream()
    await dispatcher.run(turn, reply)
    async for event in reply:
        if isinstance(event, Answer | Failure):
            return event
    raise AssertionError("a reply stream ends with an answer or a failure")


def _fields(outcome: Answer | Failure) -> dict[str, Any]:
    if isinstance(outcome, Failure):
        refused = isinstance(outcome.error, Refused)
        return {
            "answer": "",
            "refused": refused,
            "sources": [],
            "trace_id": outcome.trace_id,
            "error": str(outcome.error),
        }
    sources = [{"doc_id": source.doc_id, "title": source.title, "number": source.number} for source in outcome.sources]
    return {"answer": outcome.text, "refused": outcome.refused, "sources": sources, "trace_id": outcome.trace_id}


class _Line(BaseModel):
    """One line of history."""

    role: Literal["user", "assistant"]
    content: str


class _Record(BaseModel):
    """A question as `ask --jsonl` reads it; without `user` and `groups`, those of the command count."""

    text: str
    user: str = ""
    groups: list[str] | None = None
    history: tuple[_Line, ...] = ()


def _turn(record: dict[str, Any], user: str, groups: frozenset[str]) -> Turn:
    try:
        asked = _Record.model_validate(record)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise WorkFailed(f"record {record['_id']!r}: {where}: {error.errors()[0]['msg']}") from None
    readable = groups if asked.groups is None else frozenset(asked.groups)
    turn = _new_turn(asked.text, asked.user or user, readable, f"ask:{uuid.uuid4().hex}")
    return replace(turn, history=tuple(Message(line.role, line.content) for line in asked.history))


def _new_turn(text: str, user: str, groups: frozenset[str], conversation: str) -> Turn:
    identifier = f"terminal:{uuid.uuid4().hex}"
    return Turn(
        event_id=identifier,
        message_id=identifier,
        platform="terminal",
        conversation=conversation,
        person=Person(f"terminal:{user}", user, groups),
        text=text,
        private=True,
    )
