"""Streamed messages: what `emulate` lacks, kept in it as messages that are updated while they grow."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.slack.emulated.rules import MARKDOWN, blocks_error, chunks_error

Call = Mapping[str, Any]
Answer = dict[str, Any] | str

LIFE: Final = 300.0  # seconds after which Slack ends a stream


@dataclass
class Stream:
    """A message that grows; `ended` is why it does not any more."""

    channel: str
    ts: str
    chunked: bool
    text: str = ""
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    plan: str = ""
    blocks: list[dict[str, Any]] = field(default_factory=list)
    ended: str = ""
    appends: int = 0
    since: float = field(default_factory=time.monotonic)

    def take(self, call: Call) -> None:
        """Adds what a call brings."""
        self.text += call.get("markdown_text") or ""
        for chunk in call.get("chunks") or []:
            match chunk["type"]:
                case "markdown_text":
                    self.text += chunk["text"]
                case "task_update":
                    self.tasks[chunk["id"]] = self.tasks.get(chunk["id"], {}) | chunk
                case "plan_update":
                    self.plan = chunk["title"]
                case "blocks":
                    self.blocks += chunk["blocks"]

    def shown(self, more: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The blocks as they stand."""
        cards = [{"type": "task_card", "task_id": key, **_card(task)} for key, task in self.tasks.items()]
        plan = [{"type": "plan", "title": self.plan, "tasks": cards}] if self.plan else cards
        text = [{"type": "markdown", "text": self.text}] if self.text.strip() else []
        return [*plan, *text, *self.blocks, *more]


class Streams:
    """All streams of a workspace; `ends_after` ends each with a reason after so many appends."""

    def __init__(self, post: Callable[..., Awaitable[Answer]], update: Callable[..., Awaitable[Answer]]) -> None:
        self._post = post
        self._update = update
        self.all: list[Stream] = []
        self.ends_after: tuple[str, int] | None = None

    def growing(self, channel: str, ts: str) -> Stream | None:
        """The stream of a message that still grows."""
        found = self.find(channel, ts)
        return found if found and not found.ended else None

    def find(self, channel: str, ts: str) -> Stream | None:
        """The stream of a message."""
        return next((one for one in self.all if (one.channel, one.ts) == (channel, ts)), None)

    def end(self, reason: str = "message_not_in_streaming_state") -> None:
        """Ends all that grow: by age, or by a person's wish (`stopped_by_user`)."""
        for stream in self.all:
            stream.ended = stream.ended or reason

    async def start(self, call: Call, *, direct: bool) -> Answer:
        """`chat.startStream`."""
        if not call.get("thread_ts"):
            return "invalid_arguments"
        for key in () if direct else ("recipient_team_id", "recipient_user_id"):
            if not call.get(key):
                return f"missing_{key}"
        if refusal := _refusal(call, None):
            return refusal
        stream = Stream(call["channel"], "", bool(call.get("chunks")))
        stream.take(call)
        posted = await self._post(call["channel"], call["thread_ts"], stream.text or "…", stream.shown([]))
        if isinstance(posted, dict):
            stream.ts = posted["ts"]
            self.all.append(stream)
            return {"channel": stream.channel, "ts": stream.ts}
        return posted

    async def append(self, call: Call) -> Answer:
        """`chat.appendStream`."""
        stream, refusal = self._open(call)
        if stream is None:
            return refusal
        if refusal := _refusal(call, stream) or ("" if call.get("markdown_text") or call.get("chunks") else "no_text"):
            return refusal
        stream.take(call)
        stream.appends += 1
        await self._update(stream.channel, stream.ts, stream.text, stream.shown([]), None)
        return {"channel": stream.channel, "ts": stream.ts}

    async def stop(self, call: Call) -> Answer:
        """`chat.stopStream`."""
        stream, refusal = self._open(call)
        if stream is None:
            return refusal
        blocks = call.get("blocks") or []
        if refusal := _refusal(call, stream) or blocks_error(blocks, 50):
            return refusal
        before = stream.text
        stream.take(call)
        shown = stream.shown(blocks)
        if refusal := blocks_error(shown, 100):
            stream.text = before
            return refusal
        stream.ended = "message_not_in_streaming_state"
        return await self._update(stream.channel, stream.ts, stream.text, shown, call.get("metadata"), final=True)

    def _open(self, call: Call) -> tuple[Stream | None, str]:
        stream = self.find(call.get("channel", ""), call.get("ts", ""))
        if stream is None:
            return None, "message_not_found"
        if time.monotonic() - stream.since > LIFE:
            stream.ended = stream.ended or "message_not_in_streaming_state"
        if self.ends_after and stream.appends >= self.ends_after[1]:
            stream.ended = stream.ended or self.ends_after[0]
        return (None, stream.ended) if stream.ended else (stream, "")


def _card(task: Mapping[str, Any]) -> dict[str, Any]:
    return {"title": task["title"], "status": task.get("status", "pending")}


def _refusal(call: Call, stream: Stream | None) -> str:
    """Slack's error for the text of a call; `stream` is what it is added to."""
    text, chunks = call.get("markdown_text") or "", call.get("chunks") or []
    if text and chunks:
        return "cannot_provide_both_markdown_text_and_chunks"
    if stream and (text or chunks) and stream.chunked != bool(chunks):
        return "streaming_mode_mismatch"
    added = text + "".join(chunk.get("text", "") for chunk in chunks if chunk.get("type") == "markdown_text")
    if len(added) + len(stream.text if stream else "") > MARKDOWN:
        return "msg_too_long"
    return chunks_error(chunks)
