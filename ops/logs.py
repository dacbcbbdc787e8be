"""Log lines: JSON to a pipe, readable on a terminal. Libraries are heard from warnings up: below, they quote people."""

import logging
import sys
import threading
import traceback
from types import TracebackType
from typing import Final

import structlog
from structlog.typing import Processor

OURS: Final = ("bot", "adapters", "rag", "guardrails", "ops")


def configure(shown: int = logging.INFO) -> None:
    """Sets up logging for the whole process; from the level `shown` up, lines go to stderr."""
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(shown)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering()],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.INFO)
    sys.excepthook = _crashed
    threading.excepthook = lambda crash: _crashed(crash.exc_type, crash.exc_value, crash.exc_traceback)
    sys.unraisablehook = lambda crash: _crashed(crash.exc_type, crash.exc_value, crash.exc_traceback)


def _crashed(kind: type[BaseException], _: BaseException | None, trace: TracebackType | None) -> None:
    """Says where something failed that nobody caught, and how, without the text of the error: it may quote people."""
    frames = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(trace)]
    logging.getLogger("ops").error("crashed", extra={"exception": kind.__name__, "at": frames[-3:]})


def _rendering() -> list[Processor]:
    terminal = sys.stderr.isatty()
    return [_without_values, structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer()]


def _without_values(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Names the exception of a traceback without its text, which may quote people, as asyncio does in its event."""
    event["event"] = str(event["event"]).partition("\n")[0]
    info = event.pop("exc_info", None)
    if isinstance(info, tuple) and info[0] is not None:
        event["exception"] = info[0].__name__
    return event
