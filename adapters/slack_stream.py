"""An answer as Slack streams it: what we are doing as a plan, then words as they come, then all that stands below."""

from collections.abc import Sequence
from typing import Any, Final

from adapters.markdown import quiet, settled
from adapters.slack_blocks import SlackMessage
from adapters.slack_refusals import NotTaken
from adapters.slack_thread import SlackThread

MOST: Final = 8_000  # characters that are streamed: what is longer comes with the whole answer
STEP: Final = 250  # characters of a line of the plan

STOPPED: Final = "stopped_by_user"


class SlackStream:
    """The first message of an answer, growing natively; `recipient` names who reads it, as Slack wants in channels."""

    def __init__(self, thread: SlackThread, recipient: dict[str, str]) -> None:
        self._thread = thread
        self._recipient = recipient
        self._steps: list[str] = []
        self._sent = ""

    @property
    def open(self) -> bool:
        """Whether the message grows at Slack."""
        return self._thread.growing

    async def show(self, steps: Sequence[str], text: str) -> None:
        """Shows the steps so far and the words so far. Raises NotTaken, Superseded, StateDown."""
        steps, said = list(steps), settled(quiet(text))[:MOST]  # more may come while Slack is told of these
        chunks = self._news(steps, said)
        if not chunks:
            return
        if self.open:
            await self._thread.grow(chunks)
        else:
            await self._thread.begin(chunks, task_display_mode="plan", **self._recipient)
        self._steps, self._sent = steps, said

    def completes(self, text: str) -> bool:
        """Whether the whole text goes on where the stream is."""
        return self.open and len(text) <= MOST and quiet(text).startswith(self._sent)

    async def end(self, text: str, below: SlackMessage) -> None:
        """Puts the rest of the text, and what stands below it. Raises NotTaken, Superseded."""
        chunks = self._news(self._steps, quiet(text), done=True)
        await self._thread.end_growing(chunks, below)

    def _news(self, steps: Sequence[str], said: str, *, done: bool = False) -> list[dict[str, Any]]:
        """What the reader has not seen yet: of the steps all but the last are done, with the first word all are."""
        done = done or bool(said)
        before = _tasks(self._steps, done=bool(self._sent))
        chunks: list[dict[str, Any]] = [task for task in _tasks(steps, done=done) if task not in before]
        if more := said[len(self._sent) :]:
            chunks.append({"type": "markdown_text", "text": more})
        return chunks


def refused_for_good(refusal: NotTaken) -> bool:
    """Whether Slack will not stream here at all, so that trying again would be in vain for a while."""
    return refusal.lasting and refusal.reason != STOPPED


def _tasks(steps: Sequence[str], *, done: bool) -> list[dict[str, Any]]:
    ended = len(steps) if done else len(steps) - 1
    return [
        {
            "type": "task_update",
            "id": f"step-{number}",
            "title": step[:STEP],
            "status": "complete" if number <= ended else "in_progress",
        }
        for number, step in enumerate(steps, 1)
    ]
