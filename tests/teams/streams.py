"""How Teams streams: in personal chats, one at a time, each text going on where the last one ended, for two minutes."""

from dataclasses import dataclass, field
from typing import Any, Final, Literal

SECONDS: Final = 120.0
STATUS: Final = 1_000  # characters, and bytes, of a line that says what the bot is doing
_NO: Final = "ContentStreamNotAllowed"

Refused = tuple[int, str, str]  # status, code and message; what is taken has the message's id as its code


@dataclass
class Stream:
    """A message that grows, until it is complete, or the person stops it, or its time is over."""

    conversation: str
    begun: float
    sequence: int = 1
    text: str = ""
    end: Literal["", "completed", "stopped"] = ""


@dataclass
class Streams:
    """All there are, by the id of their message; `personal` names chats that are, beside those whose id says so."""

    personal: set[str] = field(default_factory=set)
    known: dict[str, Stream] = field(default_factory=dict)

    def stop(self, message: str) -> None:
        """The person presses Stop."""
        self.known[message].end = "stopped"

    def end(self) -> None:
        """Teams ends all that grow."""
        for stream in self.known.values():
            stream.end = stream.end or "completed"

    def fixed(self, message: str, method: str, now: float) -> str:
        """Why a message cannot be edited or, though that is not said, deleted: it grows. Empty if it can."""
        stream = self.known.get(message)
        return "BadSyntax" if stream and not self._over(stream, now) and method in ("PUT", "DELETE") else ""

    def take(self, conversation: str, new: str, activity: dict[str, Any], now: float) -> Refused:
        """What becomes of a call: the id that `new` shall be, or the stream's, with 201 or 202, or a refusal."""
        info = next(entity for entity in activity["entities"] if entity.get("type") == "streaminfo")
        kind, sequence, text = info.get("streamType"), info.get("streamSequence"), activity.get("text") or ""
        final = activity.get("type") == "message"
        if not (conversation.startswith("a:") or conversation in self.personal):
            return 405, "BadArgument", "Streaming API is not enabled for non personal scope"
        if final != (kind == "final") or final != (sequence is None) or not text.strip():
            return 400, "BadRequest", "Start streaming activities should include text"
        if kind == "informative" and max(len(text), len(text.encode("utf-16-le"))) > STATUS:
            return 400, "BadRequest", "Informative messages are short"
        if "streamId" not in info:
            return self._begin(conversation, new, sequence, text if kind == "streaming" else "", now)
        return self._go_on(info["streamId"], sequence, text, str(kind), now)

    def _begin(self, conversation: str, new: str, sequence: object, text: str, now: float) -> Refused:
        if sequence != 1:
            return 400, "BadRequest", "The first is number 1"
        if any(it.conversation == conversation and not self._over(it, now) for it in self.known.values()):
            return 403, _NO, "Content stream is not allowed"
        self.known[new] = Stream(conversation, now, text=text)
        return 201, new, ""

    def _go_on(self, message: str, sequence: int | None, text: str, kind: str, now: float) -> Refused:
        stream = self.known.get(message)
        if stream is None:
            return 400, "BadRequest", "No such stream"
        if stream.end == "stopped":
            return 403, _NO, "Content stream was canceled by user."
        if stream.end:
            return 403, _NO, "Content stream is not allowed on an already completed streamed message"
        if self._over(stream, now):
            return 403, _NO, "Content stream finished due to exceeded streaming time."
        if kind != "informative" and not text.startswith(stream.text):
            return 403, _NO, "Request streamed content should contain the previously streamed content"
        if sequence is not None and sequence <= stream.sequence:
            return 202, message, ""
        stream.sequence = sequence or stream.sequence
        stream.text = stream.text if kind == "informative" else text
        stream.end = "completed" if kind == "final" else ""
        return 202, message, ""

    def _over(self, stream: Stream, now: float) -> bool:
        return bool(stream.end) or now - stream.begun > SECONDS
