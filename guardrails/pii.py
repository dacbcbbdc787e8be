"""The guard: finds personal data in a text and hides it, or fails; it never lets an unchecked text through."""

import asyncio
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from guardrails import masking
from guardrails.masking import GuardFailed, Span, Vault, VaultFull
from guardrails.policy import STANDARD, Policy, Stage
from guardrails.pool import Pool

if TYPE_CHECKING:
    from guardrails.engine import Analyser
__all__ = ["Guard", "GuardFailed", "Masked", "VaultFull"]

_WINDOW = 4000
_OVERLAP = 400
_AT_ONCE = 4
"""Windows that one process looks at before others have their turn."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_KEY = r"[A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
_KEY_BLOCK = re.compile(rf"-----BEGIN {_KEY}(?:.*?-----END {_KEY}|.*)", re.DOTALL)
"""Longer than a window may be; one without an end goes on to the end of the text."""


@dataclass(frozen=True, slots=True)
class Masked:
    """A text that may be stored and sent; `spans` say what was hidden, in code points of the original.

    `blocked` names the kinds with which a person's message must be refused.
    """

    text: str
    spans: tuple[Span, ...] = ()
    blocked: tuple[str, ...] = ()

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of personal data that were hidden."""
        return tuple(sorted({span.type for span in self.spans}))


class Guard:
    """Finds and hides personal data; `load` it once, off the event loop, before the first text."""

    def __init__(
        self,
        policy: Policy = STANDARD,
        deadline: float = 30.0,
        *,
        workers: int = 0,
        employee_number: str = "",
    ) -> None:
        """With `workers` it looks in so many processes, without in one thread of this one, as a command line does."""
        self.policy = policy
        self._deadline = deadline
        self._analyser: Analyser | None = None
        self._employee_number = employee_number
        self.pool = Pool(workers, employee_number) if workers else None
        # One thread: the model is not promised to be safe in two.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="guard")

    def load(self) -> None:
        """Loads the model, about two seconds; raises GuardFailed where it is missing."""
        if self.pool:
            self.pool.start()
            return
        from guardrails.engine import Analyser

        try:
            self._analyser = Analyser(self._employee_number)
        except (OSError, ImportError, RuntimeError) as error:
            raise GuardFailed(f"the model of the guard cannot be loaded: {error}") from error

    def find(self, text: str, everything: bool = False) -> list[Span]:
        """What the policy masks or blocks in `text`, without overlaps; with `everything`, all that was detected.

        Raises whatever goes wrong, after no deadline, and must not run beside `mask`: meant for command lines.
        """
        found = [span for window in _windows(text) for span in self._scan(text, window)]
        return self._judge(text, found, everything)

    async def mask(self, text: str, vault: Vault, stage: Stage = Stage.MODEL) -> Masked:
        """`text` as it may go to a stage, the rest behind placeholders of `vault`. Raises GuardFailed."""
        return self.judged(text, await self.detect(text), vault, stage)

    async def detect(self, text: str) -> tuple[Span, ...]:
        """All that stands in `text`, whatever the policy; raises GuardFailed rather than miss any."""
        try:
            async with asyncio.timeout(self._deadline):
                (found,) = await asyncio.gather(self._find_in_thread(text), return_exceptions=True)
        except TimeoutError:
            raise GuardFailed("the guard did not finish in time") from None
        if isinstance(found, GuardFailed):
            raise found
        if isinstance(found, BaseException):
            # Not chained: errors of the libraries may quote the text.
            raise GuardFailed(f"the guard failed: {type(found).__name__}")
        return tuple(found)

    def judged(self, text: str, found: Iterable[Span], vault: Vault, stage: Stage = Stage.MODEL) -> Masked:
        """`text`, in which `found` was detected, as it may go to a stage. Raises VaultFull."""
        known = self.policy.hides_known(stage)
        concerned = [
            *self._judge(text, list(found), everything=False, stage=stage),
            *(span for span in vault.known(text) if self.policy.concerns(span, known)),
        ]
        spans = masking.without_overlaps(text, concerned)
        return Masked(masking.hide(text, spans, vault), tuple(spans), self.policy.blocked(spans, stage))

    def close(self) -> None:
        """Ends the processes, or the thread."""
        if self.pool:
            self.pool.close()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _find_in_thread(self, text: str) -> list[Span]:
        """Everything, window by window, so that a long text neither blocks short ones nor outlives its deadline."""
        windows = list(_windows(text))
        if self.pool:
            parts = [_SURROGATE.sub("\ufffd", text[window]) for window in windows]
            jobs = (self.pool.spans(parts[at : at + _AT_ONCE], self._deadline) for at in range(0, len(parts), _AT_ONCE))
            answers = [spans for job in jobs for spans in await job]
            found = [
                _moved(span, window.start) for window, spans in zip(windows, answers, strict=True) for span in spans
            ]
        else:
            loop = asyncio.get_running_loop()
            found = []
            for window in windows:
                found += await loop.run_in_executor(self._thread, self._scan, text, window)
        return self._judge(text, found, everything=True)

    def _scan(self, text: str, window: slice) -> list[Span]:
        if self._analyser is None:
            raise GuardFailed("the guard is not loaded")
        found = self._analyser.spans(_SURROGATE.sub("\ufffd", text[window]))
        return [_moved(span, window.start) for span in found]

    def _judge(self, text: str, found: list[Span], everything: bool, stage: Stage = Stage.MODEL) -> list[Span]:
        found += _key_blocks(text)
        if everything:
            return sorted(set(found), key=lambda span: (span.start, span.end, span.type))
        concerned = [span for span in found if self.policy.concerns(span, stage)]
        return [bare for span in masking.without_overlaps(text, concerned) if (bare := _stripped(text, span))]


def _moved(span: Span, by: int) -> Span:
    return replace(span, start=span.start + by, end=span.end + by)


def _windows(text: str) -> Iterator[slice]:
    """Overlapping parts of `text`, cut at blanks where there are any, so that no value is in pieces only."""
    start = 0
    while len(text) - start > _WINDOW:
        end = _blank(text, start + _WINDOW - _OVERLAP // 2, start + _WINDOW)
        yield slice(start, end)
        start = _blank(text, end - _OVERLAP, end - _OVERLAP // 2)
    if text:
        yield slice(start, len(text))


def _blank(text: str, low: int, high: int) -> int:
    return next((at for at in range(high, low, -1) if text[at].isspace()), high)


def _key_blocks(text: str) -> list[Span]:
    return [Span(match.start(), match.end(), "SECRET") for match in _KEY_BLOCK.finditer(text)]


def _stripped(text: str, span: Span) -> Span | None:
    """The span without blanks at its ends, or None where no letter or digit is in it."""
    value = text[span.start : span.end]
    if not any(char.isalnum() for char in value):
        return None
    start = span.start + len(value) - len(value.lstrip())
    return replace(span, start=start, end=start + len(value.strip()))
