"""A process that looks for personal data: how it is started and asked, and what it does.

Run as `python -m guardrails.process`: questions on stdin, answers on stdout, as JSON behind its length in four bytes.
"""

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import IO, Any, Final

from guardrails.masking import GuardFailed

LONGEST_ANSWER: Final = 64 * 2**20
_DIES_WITH_PARENT: Final = 1  # PR_SET_PDEATHSIG
_HEADER: Final = 4
_ERRORS: Final = (ValueError, RuntimeError, ArithmeticError, LookupError, TypeError, AttributeError)


class Gone(Exception):
    """The process ended, or says nothing, or nonsense; it must be ended."""


class Process:
    """One process and the way to it; used by one thread at a time, but for `kill`."""

    def __init__(self, setup: Mapping[str, Any], seconds: float) -> None:
        """Starts it and waits until it is ready. Raises Gone, and GuardFailed where it says why it cannot be."""
        try:
            self._popen = subprocess.Popen(  # noqa: S603 - ourselves
                [sys.executable, "-I", "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={"PATH": os.defpath},  # no secret of ours
            )
        except OSError:
            raise Gone from None
        try:
            answer = self.ask(setup, seconds)
        except Gone:
            self.end()
            raise
        if "error" in answer:
            self.end()
            raise GuardFailed(f"the model of the guard cannot be loaded: {answer['error']}")

    @property
    def pid(self) -> int:
        """Its number."""
        return self._popen.pid

    def ask(self, question: Mapping[str, Any], seconds: float) -> Any:
        """Its answer. Raises Gone, also where it has none after so many seconds."""
        assert self._popen.stdin
        assert self._popen.stdout
        until = time.monotonic() + seconds
        said = json.dumps(question).encode()
        outgoing, incoming = self._popen.stdin.fileno(), self._popen.stdout.fileno()
        try:
            os.set_blocking(outgoing, False)
            _send(outgoing, len(said).to_bytes(_HEADER, "big") + said, until)
            length = int.from_bytes(_receive(incoming, _HEADER, until), "big")
            if length > LONGEST_ANSWER:
                raise Gone
            return json.loads(_receive(incoming, length, until))
        except (OSError, ValueError):
            raise Gone from None

    def kill(self) -> None:
        """Ends it for whoever waits for it, who must `end` it."""
        self._popen.kill()

    def end(self) -> None:
        """Kills and buries it."""
        self._popen.kill()
        self._popen.wait()
        for pipe in (self._popen.stdin, self._popen.stdout):
            assert pipe
            with contextlib.suppress(OSError):
                pipe.close()


def _send(pipe: int, said: bytes, until: float) -> None:
    rest = memoryview(said)
    while rest:
        if not select.select([], [pipe], [], max(0.0, until - time.monotonic()))[1]:
            raise Gone
        with contextlib.suppress(BlockingIOError):
            rest = rest[os.write(pipe, rest) :]


def _receive(pipe: int, length: int, until: float) -> bytes:
    said = bytearray()
    while len(said) < length:
        if not select.select([pipe], [], [], max(0.0, until - time.monotonic()))[0]:
            raise Gone
        more = os.read(pipe, min(length - len(said), 2**20))
        if not more:
            raise Gone
        said += more
    return bytes(said)


def _serve(questions: IO[bytes], answers: IO[bytes]) -> None:
    """In the other process: gets ready, then answers until nobody asks any more."""
    analyser: Any = None
    while header := questions.read(_HEADER):
        question = json.loads(questions.read(int.from_bytes(header, "big")))
        if analyser is None:
            analyser, answer = _ready(question)
        else:
            answer = _looked(analyser, question)
        said = json.dumps(answer).encode()
        answers.write(len(said).to_bytes(_HEADER, "big") + said)
        answers.flush()


def _ready(setup: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    try:
        from guardrails.engine import Analyser  # not in the parent, which needs no model

        return Analyser(setup["employee_number"]), {}
    except (OSError, ImportError, RuntimeError, ValueError) as error:
        return None, {"error": str(error)}  # no text of people was seen yet


def _looked(analyser: Any, question: Mapping[str, Any]) -> dict[str, Any]:
    try:
        found = [analyser.spans(text) for text in question["texts"]]
    except _ERRORS as error:
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
    with contextlib.suppress(ValueError):  # the limit is lower still
        # Not 0, which the kernel does not heed where cores go to a program.
        resource.setrlimit(resource.RLIMIT_CORE, (1, 1))


def main() -> None:
    """Answers on what was stdout; what a library prints must not stand among the answers."""
    _settle()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    _serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
