"""Log lines: JSON to a pipe, readable on a terminal; no word of people in any, whoever writes it.

Libraries are heard from warnings up, and not with what they say, which may quote people, but where they say it.
"""

import contextlib
import json
import logging
import resource
import sys
import threading
import traceback
import warnings
from types import TracebackType
from typing import Final, TextIO

import structlog
from structlog.typing import EventDict, Processor

OURS: Final = ("bot", "adapters", "rag", "guardrails", "ops")
WITHHELD: Final = "a library says something"
_META: Final = ("_record", "_from_structlog")


def configure(shown: int = logging.INFO) -> None:
    """Sets up logging for the whole process and what a crash leaves behind; from the level `shown` up, to stderr."""
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = _Lines(sys.stderr)
    handler.setLevel(shown)
    handler.addFilter(_is_heard)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[_without_values, *_rendering()], pass_foreign_args=True
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.INFO)
    sys.excepthook = _crashed
    threading.excepthook = lambda crash: _crashed(crash.exc_type, crash.exc_value, crash.exc_traceback)
    sys.unraisablehook = lambda crash: _crashed(crash.exc_type, crash.exc_value, crash.exc_traceback)
    warnings.showwarning = _warned  # type: ignore[assignment]  # called by position only
    with contextlib.suppress(ValueError):  # the limit is lower still
        # Memory holds what people say. Not 0, which the kernel does not heed where cores go to a program.
        resource.setrlimit(resource.RLIMIT_CORE, (1, 1))


class _Lines(logging.StreamHandler[TextIO]):
    """Writes lines; of one that cannot be written, where it comes from: the standard handler prints its values."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Says that a line is missing."""
        with contextlib.suppress(OSError, ValueError):  # nobody reads any more
            self.stream.write(json.dumps({"event": "a line could not be written", "at": [_place(record)]}) + "\n")


def _crashed(kind: type[BaseException], _: BaseException | None, trace: TracebackType | None) -> None:
    """Says where something failed that nobody caught, and how, without the text of the error: it may quote people."""
    logging.getLogger("ops").error("crashed", extra={"exception": kind.__name__, "at": _places(trace)})


def _warned(_: Warning | str, category: type[Warning], filename: str, lineno: int, *__: object) -> None:
    at = [f"{filename}:{lineno}"]
    logging.getLogger("ops").warning("a library warns", extra={"exception": category.__name__, "at": at})


def _is_heard(record: logging.LogRecord) -> bool:
    """Whether a line is ours or a warning, even where a library sets its own level."""
    return record.levelno >= logging.WARNING or _is_ours(record)


def _is_ours(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] in OURS and not record.name.endswith(".sdk")  # lent to a platform's library


def _rendering() -> list[Processor]:
    terminal = sys.stderr.isatty()
    shown: Processor = structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer()
    return [structlog.stdlib.ProcessorFormatter.remove_processors_meta, shown]


def _without_values(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Names the exception of a traceback without its text; of a library, only where it speaks and with what pattern."""
    record: logging.LogRecord = event["_record"]
    arguments = event.pop("positional_args", ())
    info = event.pop("exc_info", None)
    event.pop("stack_info", None)
    if not _is_ours(record):
        pattern = str(record.msg).partition("\n")[0]
        said = {"event": pattern if arguments else WITHHELD, "logger": record.name, "at": [_place(record)]}
        event = {key: event[key] for key in (*_META, "level", "timestamp")} | said  # nor what else it attached
    if isinstance(info, tuple) and info[0] is not None:
        event.update(exception=info[0].__name__, at=_places(info[2]))
    return event


def _place(record: logging.LogRecord) -> str:
    return f"{record.pathname}:{record.lineno}"


def _places(trace: TracebackType | None) -> list[str]:
    return [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(trace)][-3:]
