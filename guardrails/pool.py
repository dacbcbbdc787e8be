"""Processes that look for personal data, off the event loop: one that dies, hangs or leaks is replaced.

Run as `python -m guardrails.pool`: questions on stdin, answers on stdout, as JSON behind its length in four bytes.
"""

import asyncio
import contextlib
import ctypes
import json
import logging
import os
import queue
import resource
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any, Final

from guardrails.masking import GuardFailed, Span

STARTING: Final = 60.0
"""Seconds in which a process must be ready: it loads a model, two seconds on a quiet machine."""
ANSWERING: Final = 10.0
"""Seconds in which it answers a question, of 16,000 characters at most; else it hangs."""
MOST_WAITING: Final = 2000
"""Questions that may wait; the next one fails at once."""
LONGEST_ANSWER: Final = 64 * 2**20
_DIES_WITH_PARENT: Final = 1  # PR_SET_PDEATHSIG
_HEADER: Final = 4
_PAUSE: Final = 0.2  # seconds after a process that did not even start, doubled each time
_LONGEST_PAUSE: Final = 5.0

log = logging.getLogger(__name__)


class _Gone(Exception):
    """The process ended, or was ended, before it answered."""


class _Late(Exception):
    """No answer came in time."""


class _Process:
    """One process and the way to it; used by one thread at a time."""

    def __init__(self, setup: dict[str, Any]) -> None:
        """Starts it and waits until it is ready. Raises _Gone, _Late."""
        self._popen = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-I", "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.defpath},  # no secret of ours
        )
        try:
            self.ask(setup, time.monotonic() + STARTING)
        except BaseException:
            self.end()
            raise

    def ask(self, question: dict[str, Any], until: float) -> Any:
        """Its answer. Raises _Gone, _Late; after either it must be ended."""
        assert self._popen.stdin
        assert self._popen.stdout
        said = json.dumps(question).encode()
        outgoing, incoming = self._popen.stdin.fileno(), self._popen.stdout.fileno()
        os.set_blocking(outgoing, False)
        _send(outgoing, len(said).to_bytes(_HEADER, "big") + said, until)
        length = int.from_bytes(_receive(incoming, _HEADER, until), "big")
        if length > LONGEST_ANSWER:
            raise _Gone
        return json.loads(_receive(incoming, length, until))

    def end(self) -> None:
        """Kills it."""
        self._popen.kill()
        self._popen.wait()
        for pipe in (self._popen.stdin, self._popen.stdout):
            with contextlib.suppress(OSError, AttributeError):
                pipe.close()  # type: ignore[union-attr]  # both are there, mypy cannot know

    @property
    def pid(self) -> int:
        """Its number."""
        return self._popen.pid


class Pool:
    """So many processes; each question goes to one that is free, those that wait in order."""

    def __init__(self, workers: int, languages: tuple[str, ...], employee_number: str = "") -> None:
        """Starts nothing yet."""
        self._setup = {"languages": languages, "employee_number": employee_number}
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="guard")
        self._free: queue.SimpleQueue[_Process | None] = queue.SimpleQueue()
        for _ in range(workers):
            self._free.put(None)
        self._workers = workers
        self._lock = threading.Lock()
        self._running: set[_Process] = set()
        self._waiting = 0
        self._failures = 0
        self._not_before = 0.0
        self._closed = False

    def start(self) -> None:
        """Starts all processes, and returns when they are ready. Raises GuardFailed."""
        until = time.monotonic() + STARTING
        for job in [self._threads.submit(self._answer, [], until) for _ in range(self._workers)]:
            job.result()

    async def spans(self, texts: Sequence[str], language: str, seconds: float) -> list[list[Span]]:
        """All that was detected in each text. Raises GuardFailed where no process answers in so many seconds."""
        if self._waiting >= MOST_WAITING or self._closed:
            raise GuardFailed("the guard has too much to do")
        self._waiting += 1
        try:
            job = self._threads.submit(self._answer, list(texts), time.monotonic() + seconds, language)
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
        self._closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            for process in self._running:
                process.end()
            self._running.clear()

    def _answer(self, texts: list[str], until: float, language: str = "") -> list[list[Span]]:
        """Asks a process; one that dies or hangs over it is replaced, and the question put once more."""
        for _ in range(2):
            if self._closed or time.monotonic() >= until:
                break
            process = self._free.get()
            try:
                process = process or self._started(until)
                patience = min(until, time.monotonic() + ANSWERING)
                answer = process.ask({"texts": texts, "language": language}, patience)
            except (_Gone, _Late, OSError, ValueError):
                self._buried(process)
                process = None
                continue
            finally:
                self._free.put(process)
            if "error" in answer:
                raise GuardFailed(f"the guard failed: {answer['error']}")
            return [[Span(*span) for span in spans] for spans in answer["spans"]]
        raise GuardFailed("no process of the guard finished in time")

    def _started(self, until: float) -> _Process:
        """A new process; after one that did not start, not at once."""
        pause = min(self._not_before, until) - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        try:
            process = _Process(self._setup)
        except (_Gone, _Late, OSError, ValueError):
            self._failures += 1
            self._not_before = time.monotonic() + min(_PAUSE * 2**self._failures, _LONGEST_PAUSE)
            log.warning("a process of the guard did not start", extra={"failures": self._failures})
            raise
        self._failures = 0
        with self._lock:
            self._running.add(process)
        return process

    def _buried(self, process: _Process | None) -> None:
        if process is not None:
            with self._lock:
                self._running.discard(process)
            process.end()
            if not self._closed:
                log.warning("a process of the guard was replaced")


def _send(pipe: int, said: bytes, until: float) -> None:
    rest = memoryview(said)
    while rest:
        if not select.select([], [pipe], [], max(0.0, until - time.monotonic()))[1]:
            raise _Late
        with contextlib.suppress(BlockingIOError):
            rest = rest[os.write(pipe, rest) :]


def _receive(pipe: int, length: int, until: float) -> bytes:
    said = bytearray()
    while len(said) < length:
        if not select.select([pipe], [], [], max(0.0, until - time.monotonic()))[0]:
            raise _Late
        more = os.read(pipe, min(length - len(said), 2**20))
        if not more:
            raise _Gone
        said += more
    return bytes(said)


def _serve(questions: IO[bytes], answers: IO[bytes]) -> None:
    """The other side: answers until nobody asks any more."""
    analyser: Any = None
    while header := questions.read(_HEADER):
        question = json.loads(questions.read(int.from_bytes(header, "big")))
        if analyser is None:
            from guardrails.engine import Analyser

            analyser = Analyser(tuple(question["languages"]), question["employee_number"])
            answer: dict[str, Any] = {"spans": []}
        else:
            answer = _looked(analyser, question)
        said = json.dumps(answer).encode()
        answers.write(len(said).to_bytes(_HEADER, "big") + said)
        answers.flush()


def _looked(analyser: Any, question: dict[str, Any]) -> dict[str, Any]:
    try:
        found = [analyser.spans(text, question["language"]) for text in question["texts"]]
    except (ValueError, RuntimeError, ArithmeticError, LookupError, TypeError, AttributeError) as error:
        return {"error": type(error).__name__}  # its message may quote the text
    return {"spans": [[[span.start, span.end, span.type, span.score] for span in spans] for spans in found]}


def _settle() -> None:
    """Ends with its parent, whatever becomes of that; leaves no core file; is not asked by Ctrl-C."""
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    _settle()
    mine = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a library prints must not stand among the answers
    _serve(sys.stdin.buffer, mine)
