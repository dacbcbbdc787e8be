"""Processes that look for personal data, off the event loop: one that dies, hangs or leaks is replaced."""

import asyncio
import contextlib
import logging
import queue
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from guardrails.masking import GuardFailed, Span
from guardrails.process import Gone, Process

STARTING: Final = 60.0
"""Seconds in which a process must be ready: it loads a model, two seconds on a quiet machine."""
ANSWERING: Final = 10.0
"""Seconds in which it answers a question, of 16,000 characters at most; else it hangs. Half a second is usual."""
MOST_WAITING: Final = 2000
"""Questions that may wait; the next one fails at once."""
TRIES: Final = 2
_PAUSE: Final = 0.2  # seconds after a process that did not even start, doubled each time
_LONGEST_PAUSE: Final = 5.0

log = logging.getLogger(__name__)


class Pool:
    """So many processes; each question goes to one that is free, those that wait in order."""

    def __init__(self, workers: int, employee_number: str = "") -> None:
        """Starts nothing yet."""
        self._setup = {"employee_number": employee_number}
        # A thread for each process, which lives as long as they all: with its thread a process would end.
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="guard")
        self._free: queue.SimpleQueue[Process | None] = queue.SimpleQueue()
        for _ in range(workers):
            self._free.put(None)
        self._workers = workers
        self._lock = threading.Lock()
        self._running: set[Process] = set()
        self._waiting = 0
        self._failures = 0
        self._not_before = 0.0
        self._closed = threading.Event()

    def start(self) -> None:
        """Starts all processes, and returns when they are ready. Raises GuardFailed."""
        until = time.monotonic() + STARTING
        for job in [self._threads.submit(self._answer, [], until) for _ in range(self._workers)]:
            job.result()

    async def spans(self, texts: Sequence[str], seconds: float) -> list[list[Span]]:
        """All that was detected in each text. Raises GuardFailed where no process answers in so many seconds."""
        if self._waiting >= MOST_WAITING or self._closed.is_set():
            raise GuardFailed("the guard has too much to do")
        self._waiting += 1
        try:
            job = self._threads.submit(self._answer, list(texts), time.monotonic() + seconds)
            async with asyncio.timeout(seconds):
                return await asyncio.wrap_future(job)
        except TimeoutError:
            raise GuardFailed("the guard did not finish in time") from None
        finally:
            self._waiting -= 1

    def pids(self) -> list[int]:
        """The numbers of the processes that run."""
        with self._lock:
            return [process.pid for process in self._running]

    def close(self) -> None:
        """Ends the processes."""
        with self._lock:
            self._closed.set()
            for process in self._running:
                process.kill()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._clear()

    def _answer(self, texts: list[str], until: float) -> list[list[Span]]:
        """Asks a process; one that dies or hangs over it is replaced, and the question put once more.

        A process has the time it needs, whatever is left to who asks: else the late, when there is much to do, would
        kill what is sound.
        """
        for _ in range(TRIES):
            process = self._free.get()
            try:
                process = process or self._started()
                if self._closed.is_set() or time.monotonic() >= until:
                    break
                answer = process.ask({"texts": texts}, ANSWERING)
            except Gone:
                self._bury(process)
                process = None
                continue
            finally:
                self._free.put(process)
                if self._closed.is_set():
                    self._clear()
            if "error" in answer:
                raise GuardFailed(f"the guard failed: {answer['error']}")
            return [[Span(*span) for span in spans] for spans in answer["spans"]]
        raise GuardFailed("no process of the guard finished in time")

    def _started(self) -> Process:
        """A new process; after one that did not start, not at once. Raises Gone, GuardFailed."""
        self._closed.wait(max(0.0, self._not_before - time.monotonic()))
        if self._closed.is_set():
            raise Gone
        try:
            process = Process(self._setup, STARTING)
        except (Gone, GuardFailed):
            self._failures += 1
            self._not_before = time.monotonic() + min(_PAUSE * 2**self._failures, _LONGEST_PAUSE)
            log.warning("a process of the guard did not start", extra={"failures": self._failures})
            raise
        self._failures = 0
        with self._lock:
            self._running.add(process)
            if self._closed.is_set():
                process.kill()
        return process

    def _clear(self) -> None:
        """Buries what nobody uses; whoever uses one does the same when done."""
        for _ in range(self._workers):
            with contextlib.suppress(queue.Empty):
                process = self._free.get_nowait()
                self._free.put(None)  # nobody waits for ever
                self._bury(process)

    def _bury(self, process: Process | None) -> None:
        if process is None:
            return
        with self._lock:
            self._running.discard(process)
        process.end()
        if not self._closed.is_set():
            log.warning("a process of the guard was replaced")
