"""What all recognisers have in common: a form found by RE2, judged by its checksum and the words beside it."""

import re
from collections.abc import Iterator
from typing import Final

import re2
from presidio_analyzer import AnalysisExplanation, EntityRecognizer, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts

from guardrails.forms import LIKELY, Form
from guardrails.masking import Span

_BEFORE, _AFTER = 70, 30
_IN_ADDRESS: Final = re.compile(r"(?:://|www\.)\S*/$")
_GOES_BEFORE: Final = re.compile(r"[^\W]$|\d[-._/~]$")
_GOES_AFTER: Final = re.compile(r"\w|[-._/~]\d")


class Recognizer(EntityRecognizer):
    """Finds one form; linear in the text, whatever the pattern, as RE2 is."""

    def __init__(self, form: Form) -> None:
        """Raises ValueError for a pattern that RE2 does not take."""
        self.form = form
        try:
            self._pattern = re2.compile(form.pattern, options())
        except re2.error as error:
            raise ValueError(f"the pattern of {form.kind} is not valid for RE2: {_reason(error)}") from None
        self._words = re.compile(rf"(?<![^\W_])(?:{form.words})", re.IGNORECASE) if form.words else None
        super().__init__(supported_entities=[form.kind], name=f"{type(self).__name__} {form.kind}")

    def load(self) -> None:
        """Needs nothing of its own."""

    def analyze(
        self,
        text: str,
        entities: list[str],  # noqa: ARG002 - Presidio's port
        nlp_artifacts: NlpArtifacts | None = None,  # noqa: ARG002 - Presidio's port
    ) -> list[RecognizerResult]:
        """What has the form in a folded `text`."""
        explanation = AnalysisExplanation(self.form.kind, 0.0)
        return [RecognizerResult(span.type, span.start, span.end, span.score, explanation) for span in self.spans(text)]

    def spans(self, text: str) -> Iterator[Span]:
        """The same as spans."""
        group = 1 if self._pattern.groups else 0
        for match in self._pattern.finditer(text):
            start, end = match.span(group)
            if start < end:
                yield from self.judge(text, start, end)

    def judge(self, text: str, start: int, end: int) -> Iterator[Span]:
        """The span with its score, or none where it is part of something else or proves nothing."""
        if not stands_alone(text, start, end):
            return
        form = self.form
        if (
            form.check
            and form.check(bare(text[start:end]))
            and not _IN_ADDRESS.search(text[max(0, start - 60) : start])
        ):
            score = form.sure
        else:
            score = form.alone
        if score < LIKELY and self.has_word(text, start, end):
            score = LIKELY
        if score:
            yield Span(start, end, form.kind, score)

    def has_word(self, text: str, start: int, end: int) -> bool:
        """Whether a word that names the kind stands beside, before it or shortly after."""
        if self._words is None:
            return False
        before = text[max(0, start - _BEFORE) : start].rpartition("\n\n")[2]
        return bool(self._words.search(before) or self._words.search(text[end : end + _AFTER].partition("\n")[0]))


def options() -> "re2.Options":
    """How RE2 is used: silent, with room for its automata."""
    chosen = re2.Options()
    chosen.log_errors = False
    chosen.max_mem = 32 << 20
    return chosen


def stands_alone(text: str, start: int, end: int) -> bool:
    """Whether neither letters nor digits go on at the ends, not even behind a dot, a dash or a slash."""
    return not (_GOES_BEFORE.search(text[max(0, start - 2) : start]) or _GOES_AFTER.match(text[end : end + 2]))


def bare(value: str) -> str:
    """Letters and digits alone, in upper case."""
    return "".join(char for char in value.upper() if char.isalnum())


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else ""
    return reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
