"""What every command shares: settings, records from files, and errors as one line on stderr."""

import errno
import logging
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import IO, Any, NoReturn

import click
import orjson
import uvloop

from ops import logs
from ops.settings import Settings, load


class WorkFailed(Exception):
    """The work failed; the text says what and what to do, in one line."""


def say(error: object, status: int) -> NoReturn:
    """Ends with one line on stderr."""
    click.echo(f"hausgeist: {error}", err=True)
    sys.exit(status)


@contextmanager
def working() -> Iterator[None]:
    """Turns the errors of our parts into one line each."""
    from bot.errors import HausgeistError
    from bot.schema import StateMismatch
    from guardrails.masking import GuardFailed
    from ops.embedded import StartError
    from ops.models import ModelError
    from ops.serve import PortTaken
    from rag.errors import LibraryError

    ours = (HausgeistError, GuardFailed, StateMismatch, StartError, ModelError, PortTaken, LibraryError)
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise WorkFailed(_of_the_system(error)) from error
    except ours as error:
        raise WorkFailed(" ".join(str(error).split())) from error


def _of_the_system(error: OSError) -> str:
    if error.filename is None or error.strerror is None:
        return " ".join(str(error).split())
    told = f"{error.filename}: {error.strerror}"
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return f"{told}; let it be written, or set HAUSGEIST_DATA_DIR to a folder that you may write"
    return told


def run_async(work: Coroutine[Any, Any, None]) -> None:
    """Runs a command's work to its end, on a loop that costs less than asyncio's own."""
    with working():
        uvloop.run(work)


def configured(*, shown: int = logging.WARNING, **overrides: object) -> Settings:
    """The settings; log lines from the level `shown` up go to stderr."""
    settings = load(**overrides)
    logs.configure(shown)
    return settings


def _groups(_context: click.Context, _parameter: click.Parameter, value: str) -> frozenset[str]:
    return frozenset(part.strip() for part in value.split(",")) - {""}


def groups_option(
    told: str = "Groups whose documents count beside the public ones, separated by commas.",
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Adds `--groups a,b`; without it, public documents only."""
    return click.option("--groups", default="", callback=_groups, help=told)


def utf8(data: bytes) -> str:
    """The text of an input."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise WorkFailed(f"the input is not UTF-8 (byte {error.start}); convert it first") from None


def jsonl_records(file: IO[bytes]) -> Iterator[dict[str, Any]]:
    """The objects of a JSONL file; each needs `_id` and `text`."""
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise WorkFailed(f"line {number} is not JSON: {error}") from None
        if not isinstance(record, dict) or not isinstance(record.get("text"), str) or "_id" not in record:
            raise WorkFailed(f'line {number} needs the fields "_id" and "text"')
        yield record
