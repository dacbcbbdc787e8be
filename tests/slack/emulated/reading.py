"""What a person reads in Slack: the text of blocks, and messages as they stand in a channel."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Thing = Mapping[str, Any]


@dataclass(frozen=True)
class Post:
    """A message as it stands there now."""

    channel: str
    ts: str
    user: str
    text: str
    blocks: list[dict[str, Any]] = field(default_factory=list)
    thread: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    edited: bool = False
    whispered: bool = False  # one person alone sees it

    @property
    def read(self) -> str:
        """What a person reads: the blocks' texts, else the text."""
        return "\n".join(texts(self.blocks)) if self.blocks else self.text

    @property
    def buttons(self) -> dict[str, dict[str, Any]]:
        """The elements that can be pressed, by action."""
        return {element["action_id"]: element for _, element in pressable(self.blocks)}


def as_post(channel: str, message: Thing) -> Post:
    """A message of `conversations.replies` or `conversations.history`."""
    return Post(
        channel,
        message["ts"],
        message.get("user", ""),
        message.get("text", ""),
        message.get("blocks", []),
        message.get("thread_ts", ""),
        message.get("metadata", {}),
        {one["name"]: one["users"] for one in message.get("reactions", [])},
        "edited" in message,
    )


def texts(blocks: list[dict[str, Any]]) -> Iterator[str]:
    """The words of blocks, in order."""
    for block in blocks:
        yield from _words(block)


def pressable(blocks: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Block and element of everything that can be pressed."""
    for block in blocks:
        found = [*block.get("elements", []), block.get("accessory") or {}, block.get("element") or {}]
        yield from ((block, element) for element in found if element.get("action_id"))


def _words(block: Thing) -> Iterator[str]:
    match block.get("type"):
        case "markdown" | "header" | "section":
            found = block.get("text") or {"text": ""}
            yield found if isinstance(found, str) else found["text"]
            yield from (field["text"] for field in block.get("fields", []))
        case "context":
            yield from (one["text"] for one in block["elements"] if "text" in one)
        case "table":
            yield from (" | ".join(map(_cell, row)) for row in block["rows"])
        case "task_card" | "plan":
            yield block["title"]
            yield from (task["title"] for task in block.get("tasks", []))
        case "rich_text":
            yield "\n".join(_rich(element) for element in block["elements"])


def _cell(cell: Thing) -> str:
    return str(cell.get("text", "")) if cell["type"] == "raw_text" else "".join(map(_rich, cell.get("elements", [])))


def _rich(element: Thing) -> str:
    own = str(element.get("text") or element.get("url") or element.get("name") or "")
    return own + "".join(map(_rich, element.get("elements", [])))
