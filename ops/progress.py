"""Shows how far a long step is: a bar on a terminal, a line now and then elsewhere; always on stderr."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

LINE_EVERY_S: Final = 10.0


@contextmanager
def bytes_shown(label: str, total: int, console: Console | None = None) -> Iterator[Callable[[int], None]]:
    """A function to call with the number of bytes that are there by now."""
    console = console or Console(stderr=True)
    if not console.is_terminal:
        yield _lines(label, total, console)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(label, total=total)
        yield lambda done: bar.update(task, completed=done)


class Steps:
    """Counts named steps whose number may not be known: `with Steps("Indexing") as step: step("a.md")`."""

    def __init__(self, label: str, total: int | None = None, console: Console | None = None) -> None:
        self._label = label
        self._console = console or Console(stderr=True)
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            MofNCompleteColumn(),
            TextColumn("{task.fields[name]}"),
        )
        self._bar = Progress(*columns, console=self._console, disable=not self._console.is_terminal, transient=True)
        self._task = self._bar.add_task(label, total=total, name="")
        self._over = threading.Event()

    def __enter__(self) -> "Steps":
        self._bar.start()
        if not self._console.is_terminal:
            threading.Thread(target=self._lines, name="progress", daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._bar.stop()

    def __call__(self, name: str) -> None:
        """One more step is done."""
        self._bar.update(self._task, advance=1, name=name)

    def _lines(self) -> None:
        """Says now and then how far we are, also amid a step that takes long."""
        while not self._over.wait(LINE_EVERY_S):
            _say(self._console, f"{self._label}: {self._bar.tasks[0].completed:.0f} done")


def _lines(label: str, total: int, console: Console) -> Callable[[int], None]:
    """Says how far we are each ten percent, and each ten seconds between."""
    tenth, said = -1, 0.0

    def report(done: int) -> None:
        nonlocal tenth, said
        now = time.monotonic()
        if 10 * done // total > tenth or now - said > LINE_EVERY_S:
            tenth, said = 10 * done // total, now
            _say(console, f"{label}: {100 * done // total} % of {total // 1_000_000} MB")

    return report


def _say(console: Console, line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)
