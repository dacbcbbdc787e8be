"""Slack's limits on messages and views, as its documentation gives them: what is beyond them gets Slack's error."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

Thing = Mapping[str, Any]
Things = Sequence[Thing]

TOTAL: Final = 13_200  # characters of all blocks of a message (bolt-js#2509)
MARKDOWN: Final = 12_000  # characters of all markdown blocks of a message, and of `markdown_text`


class Refused(Exception):
    """Slack does not do it; `error` is its word, with what is wrong after a colon."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


def message_error(call: Thing) -> str:
    """Slack's error for the arguments of a message; empty if there is none."""
    text, blocks = call.get("text") or "", call.get("blocks") or []
    if call.get("markdown_text"):
        return _markdown_text_error(call)
    if not (text.strip() or blocks or call.get("attachments")):
        return "no_text"
    return blocks_error(blocks, 50)


def blocks_error(blocks: Things, most: int, *, view: bool = False) -> str:
    """Slack's error for blocks; empty if there is none."""
    if problem := blocks_problem(blocks, most, view=view):
        return "invalid_arguments" if view else f"invalid_blocks: {problem}"
    if not view and len(json.dumps(blocks, ensure_ascii=False)) > TOTAL:
        return "msg_blocks_too_long"
    return ""


def blocks_problem(blocks: Things, most: int, *, view: bool = False) -> str:
    """What is wrong with blocks, in words for whoever reads the failing test."""
    if len(blocks) > most:
        return f"more than {most} blocks"
    ids = [block["block_id"] for block in blocks if block.get("block_id")]
    if len(ids) != len(set(ids)) or any(len(one) > 255 for one in ids):
        return "block_id twice, or too long"
    if sum(block.get("type") == "table" for block in blocks) > 1:
        return "more than one table"
    if sum(len(block.get("text", "")) for block in blocks if block.get("type") == "markdown") > MARKDOWN:
        return "more than 12,000 characters of markdown"
    kinds = _BLOCKS if not view else {**_BLOCKS, "input": _input}
    return _first(
        f"block {at} ({block.get('type')}): {problem}"
        for at, block in enumerate(blocks)
        if (problem := kinds.get(block.get("type", ""), _unknown)(block))
    )


def view_error(view: Thing) -> str:
    """Slack's error for a view; empty if there is none."""
    home = view.get("type") == "home"
    texts = [view.get(key) for key in ("title", "submit", "close") if view.get(key)]
    wrong = [
        view.get("type") not in {"home", "modal"},
        not home and not view.get("title"),
        any(_plain(text, 24) for text in texts),
        len(view.get("private_metadata", "")) > 3000,
        len(view.get("callback_id", "")) > 255,
        not home and not view.get("submit") and any(block.get("type") == "input" for block in view.get("blocks", [])),
    ]
    return "invalid_arguments" if any(wrong) else blocks_error(view.get("blocks") or [], 100, view=True)


def chunks_error(chunks: Iterable[Thing]) -> str:
    """Slack's error for the chunks of a stream; empty if there is none."""
    for chunk in chunks:
        match chunk.get("type"):
            case "markdown_text" if 0 < len(chunk.get("text", "")) <= MARKDOWN:
                continue
            case "task_update" if _task(chunk) == "" and chunk.get("id"):
                continue
            case "plan_update" if 0 < len(chunk.get("title", "")) <= 256:
                continue
            case "blocks" if not blocks_problem(chunk.get("blocks", []), 50):
                continue
        return f"invalid_chunks: {chunk.get('type')}"
    return ""


def _markdown_text_error(call: Thing) -> str:
    if call.get("text") or call.get("blocks"):
        return "markdown_text_conflict"
    return "msg_too_long" if len(call["markdown_text"]) > MARKDOWN else ""


def _first(problems: Iterable[str]) -> str:
    return next((problem for problem in problems if problem), "")


def _unknown(_: Thing) -> str:
    return "unknown"


def _plain(text: Any, most: int) -> str:
    right = isinstance(text, Mapping) and text.get("type") == "plain_text" and 0 < len(text.get("text", "")) <= most
    return "" if right else f"no plain_text of up to {most} characters"


def _text(text: Any, most: int) -> str:
    right = isinstance(text, Mapping) and text.get("type") in {"plain_text", "mrkdwn"}
    return "" if right and 0 < len(text.get("text", "")) <= most else f"no text of up to {most} characters"


def _section(block: Thing) -> str:
    fields = block.get("fields", [])
    if len(fields) > 10 or not (block.get("text") or fields):
        return "neither text nor up to ten fields"
    found = [_text(block["text"], 3000)] if block.get("text") else []
    found += [_text(field, 2000) for field in fields]
    return _first([*found, _element(block["accessory"]) if block.get("accessory") else ""])


def _markdown(block: Thing) -> str:
    return "" if block.get("text", "").strip() else "empty"


def _header(block: Thing) -> str:
    return _plain(block.get("text"), 150)


def _context(block: Thing) -> str:
    elements = block.get("elements", [])
    if not 0 < len(elements) <= 10:
        return "not one to ten elements"
    return _first(_image(one) if one.get("type") == "image" else _text(one, 3000) for one in elements)


def _actions(block: Thing) -> str:
    elements = block.get("elements", [])
    if not 0 < len(elements) <= 25:
        return "not one to 25 elements"
    return _first(map(_element, elements)) or _unique(elements)


def _context_actions(block: Thing) -> str:
    elements = block.get("elements", [])
    if not 0 < len(elements) <= 5:
        return "not one to five elements"
    if any(one.get("type") not in {"feedback_buttons", "icon_button"} for one in elements):
        return "only feedback_buttons and icon_button"
    return _first(map(_element, elements)) or _unique(elements)


def _unique(elements: Things) -> str:
    ids = [one.get("action_id") for one in elements if one.get("action_id")]
    return "action_id twice" if len(ids) != len(set(ids)) else ""


def _image(block: Thing) -> str:
    url = block.get("image_url", "") or block.get("slack_file")
    return "" if url and len(str(url)) <= 3000 and len(block.get("alt_text", "")) <= 2000 else "no image"


def _divider(_: Thing) -> str:
    return ""


def _table(block: Thing) -> str:
    rows = block.get("rows", [])
    if not 0 < len(rows) <= 100 or any(not 0 < len(row) <= 20 for row in rows) or len(set(map(len, rows))) > 1:
        return "not 1 to 100 rows of equally many, at most 20, cells"
    if len(block.get("column_settings", [])) > 20:
        return "more than 20 column settings"
    cells = [cell for row in rows for cell in row]
    return "" if all(cell.get("type") in {"raw_text", "rich_text", "raw_number"} for cell in cells) else "cell"


def _rich_text(block: Thing) -> str:
    kinds = {"rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote"}
    return "" if all(one.get("type") in kinds for one in block.get("elements", [])) else "element"


def _task(block: Thing) -> str:
    known = block.get("status") in {"pending", "in_progress", "complete", "error", None}
    return "" if known and 0 < len(block.get("title", "")) <= 256 else "title or status"


def _plan(block: Thing) -> str:
    return _first([("" if block.get("title") else "no title"), *map(_task, block.get("tasks", []))])


def _input(block: Thing) -> str:
    element = block.get("element", {})
    return _plain(block.get("label"), 2000) or _element(element) or ("" if element.get("action_id") else "no action_id")


_BLOCKS: Final[Mapping[str, Callable[[Thing], str]]] = {
    "section": _section,
    "markdown": _markdown,
    "header": _header,
    "context": _context,
    "actions": _actions,
    "context_actions": _context_actions,
    "image": _image,
    "divider": _divider,
    "table": _table,
    "rich_text": _rich_text,
    "task_card": _task,
    "plan": _plan,
}


def _element(element: Thing) -> str:
    if len(element.get("action_id", "")) > 255:
        return "action_id too long"
    check = _ELEMENTS.get(element.get("type", ""), _unknown)
    return check(element)


def _button(element: Thing) -> str:
    if element.get("style", "primary") not in {"primary", "danger"}:
        return "style"
    if len(element.get("value", "x")) > 2000 or element.get("value") == "" or len(element.get("url", "")) > 3000:
        return "value or url too long, or empty"
    return _plain(element.get("text"), 75)


def _thumbs(element: Thing) -> str:
    return _first(_button(element.get(key, {})) for key in ("positive_button", "negative_button"))


def _icon(element: Thing) -> str:
    return "" if element.get("icon") == "trash" and len(element.get("value", "x")) <= 2000 else "icon"


def _options(element: Thing) -> str:
    options = [*element.get("options", []), *(o for g in element.get("option_groups", []) for o in g["options"])]
    most = 10 if element["type"] in {"checkboxes", "radio_buttons"} else 100
    if not 0 < len(options) <= most:
        return f"not 1 to {most} options"
    wrong = any(_text(one.get("text"), 75) or not 0 < len(one.get("value", "")) <= 150 for one in options)
    return "option" if wrong else ""


def _typed(element: Thing) -> str:
    most, least = element.get("max_length", 3000), element.get("min_length", 0)
    if not 0 <= least <= most <= 3000 or len(element.get("initial_value", "")) > most:
        return "lengths"
    return _plain(element["placeholder"], 150) if element.get("placeholder") else ""


def _select(_: Thing) -> str:
    return ""


_ELEMENTS: Final[Mapping[str, Callable[[Thing], str]]] = {
    "button": _button,
    "feedback_buttons": _thumbs,
    "icon_button": _icon,
    "static_select": _options,
    "overflow": _options,
    "radio_buttons": _options,
    "checkboxes": _options,
    "plain_text_input": _typed,
    "users_select": _select,
    "conversations_select": _select,
    "channels_select": _select,
    "image": _image,
}
