"""What Slack takes, as its documentation says it (docs.slack.dev, Block Kit and views, November 2026), strictly."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Thing = Mapping[str, Any]

PAYLOAD = 13_200  # where bolt-js#2509 saw `msg_blocks_too_long`


def message_problem(call: Thing) -> str:
    """Slack's error for a message beyond its limits, empty if there is none."""
    blocks, text = call.get("blocks", []), call.get("text", "")
    if not call.get("channel"):
        return "channel_not_found"
    if not (text.strip() or blocks):
        return "no_text"
    if len(text) > 40_000:
        return "msg_too_long"
    if len(json.dumps(blocks, ensure_ascii=False).encode()) > PAYLOAD:
        return "msg_blocks_too_long"
    return "invalid_blocks" if blocks and [*message_faults(blocks)] else ""


def message_faults(blocks: list[Thing]) -> Iterator[str]:
    """What is wrong with the blocks of a message."""
    yield from _faults(blocks, 50, MESSAGE)
    markdown = [block["text"] for block in blocks if block.get("type") == "markdown"]
    if sum(map(len, markdown)) > 12_000:
        yield "more than 12,000 characters of Markdown"
    if sum(block.get("type") == "table" for block in blocks) > 1:
        yield "only_one_table_allowed"
    if sum(len(cell_text(cell)) for block in blocks if block.get("type") == "table" for cell in _cells(block)) > 10_000:
        yield "more than 10,000 characters in cells"


def view_faults(view: Thing) -> Iterator[str]:
    """What is wrong with a view."""
    home = view.get("type") == "home"
    fields = {"type", "blocks", "private_metadata", "callback_id"} | (set() if home else {"title", "submit", "close"})
    if set(view) - fields or view["type"] not in {"home", "modal"}:
        yield f"fields {set(view) - fields}"
    if len(view.get("private_metadata") or "") > 3_000 or len(view.get("callback_id") or "") > 255:
        yield "metadata or callback id too long"
    inputs = any(block.get("type") == "input" for block in view["blocks"])
    if not home and not _plain(view.get("title"), 24):
        yield "title"
    if not home and not all(_plain(view[name], 24) for name in ("submit", "close") if name in view):
        yield "buttons"
    if inputs and (home or "submit" not in view):
        yield "inputs without a submit button"
    yield from _faults(view["blocks"], 100, HOME if home else MODAL)


def _faults(blocks: list[Thing], most: int, allowed: Mapping[str, Callable[[Thing], bool]]) -> Iterator[str]:
    if not 0 < len(blocks) <= most:
        yield f"{len(blocks)} blocks"
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    if len(set(ids)) < len(ids) or any(not 0 < len(name) <= 255 for name in ids):
        yield "block ids"
    for block in blocks:
        check = allowed.get(block.get("type", ""))
        if check is None or not check(block):
            yield json.dumps(block)[:500]


def _only(thing: Any, required: str, optional: str = "") -> bool:
    """Whether it is an object with all that is required and nothing unknown."""
    names = set(required.split())
    return isinstance(thing, dict) and names <= set(thing) <= names | set(optional.split()) | {"block_id"}


def _plain(text: Any, most: int) -> bool:
    return (
        _only(text, "type text", "emoji")
        and text["type"] == "plain_text"
        and bool(text["text"].strip())
        and len(text["text"]) <= most
    )


def _mrkdwn(text: Any, most: int) -> bool:
    if not (_only(text, "type text", "verbatim") and text["type"] == "mrkdwn" and 0 < len(text["text"]) <= most):
        return False
    bare = re.sub(r"<(https?://[^<>|\s]+\|[^<>]+|@[UW][A-Z0-9]+)>", "", text["text"])  # all that we ever mean to say
    return bool(text["text"].strip()) and "<" not in bare and not re.search(r"&(?!amp;|lt;|gt;)", bare)


def _markdown(block: Thing) -> bool:
    return _only(block, "type text") and bool(block["text"].strip()) and len(block["text"]) <= 12_000


def _section(block: Thing) -> bool:
    return _only(block, "type text") and (_mrkdwn(block["text"], 3_000) or _plain(block["text"], 3_000))


def _header(block: Thing) -> bool:
    return _only(block, "type text") and _plain(block["text"], 150)


def _context(block: Thing) -> bool:
    return (
        _only(block, "type elements")
        and 0 < len(block["elements"]) <= 10
        and all(_mrkdwn(element, 2_000) for element in block["elements"])
    )


def _divider(block: Thing) -> bool:
    return _only(block, "type")


def _actions(block: Thing) -> bool:
    elements = block["elements"]
    ids = [element["action_id"] for element in elements]
    return (
        _only(block, "type elements")
        and 0 < len(elements) <= 25
        and len(set(ids)) == len(ids)
        and all(map(_button, elements))
    )


def _button(button: Thing) -> bool:
    return (
        _only(button, "type text action_id value", "style confirm")
        and button["type"] == "button"
        and _plain(button["text"], 75)
        and 0 < len(button["action_id"]) <= 255
        and 0 < len(button["value"]) <= 2_000
        and button.get("style", "primary") in {"primary", "danger"}
        and ("confirm" not in button or _confirm(button["confirm"]))
    )


def _confirm(confirm: Thing) -> bool:
    return (
        _only(confirm, "title text confirm deny", "style")
        and _plain(confirm["title"], 100)
        and (_mrkdwn(confirm["text"], 300) or _plain(confirm["text"], 300))
        and _plain(confirm["confirm"], 30)
        and _plain(confirm["deny"], 30)
    )


def _context_actions(block: Thing) -> bool:
    elements = block["elements"]
    return _only(block, "type elements") and 0 < len(elements) <= 5 and all(map(_thumbs, elements))


def _thumbs(element: Thing) -> bool:
    return (
        _only(element, "type action_id positive_button negative_button")
        and element["type"] == "feedback_buttons"
        and 0 < len(element["action_id"]) <= 255
        and all(
            _only(button, "text value", "accessibility_label")
            and _plain(button["text"], 75)
            and 0 < len(button["value"]) <= 2_000
            for button in (element["positive_button"], element["negative_button"])
        )
    )


def _table(block: Thing) -> bool:
    rows, settings = block["rows"], block.get("column_settings", [])
    return (
        _only(block, "type rows", "column_settings")
        and 0 < len(rows) <= 100
        and all(0 < len(row) <= 20 and len(row) == len(rows[0]) for row in rows)
        and all(map(_cell, _cells(block)))
        and len(settings) <= 20
        and all(
            _only(one, "", "align is_wrapped") and one.get("align", "left") in {"left", "center", "right"}
            for one in settings
        )
    )


def _cells(block: Thing) -> Iterator[Thing]:
    for row in block["rows"]:
        yield from row


def _cell(cell: Thing) -> bool:
    if cell["type"] == "raw_text":
        return _only(cell, "type text") and len(cell["text"]) > 0
    return _rich(cell)


def cell_text(cell: Thing) -> str:
    """What people read in the cell of a table."""
    runs = [cell] if cell["type"] == "raw_text" else cell["elements"][0]["elements"]
    return "".join(run["text"] for run in runs)


def _rich(block: Thing) -> bool:
    return (
        _only(block, "type elements")
        and block["type"] == "rich_text"
        and len(block["elements"]) > 0
        and all(
            _only(part, "type elements")
            and part["type"] in {"rich_text_section", "rich_text_quote"}
            and len(part["elements"]) > 0
            and all(map(_run, part["elements"]))
            for part in block["elements"]
        )
    )


def _run(run: Thing) -> bool:
    style = run.get("style", {"bold": True})
    looks = (
        bool(style) and set(style) <= {"bold", "italic", "strike", "code"} and all(on is True for on in style.values())
    )
    if run["type"] == "link":
        return _only(run, "type url text", "style") and looks and re.match(r"https?://\S+\Z", run["url"]) is not None
    return _only(run, "type text", "style") and run["type"] == "text" and looks and 0 < len(run["text"]) <= 3_000


def _input(block: Thing) -> bool:
    element = block["element"]
    kinds = {"plain_text_input": _text_input, "radio_buttons": _choice, "static_select": _choice}
    return (
        _only(block, "type label element", "optional")
        and _plain(block["label"], 2_000)
        and kinds[element["type"]](element)
        and 0 < len(element["action_id"]) <= 255
    )


def _text_input(element: Thing) -> bool:
    most = element.get("max_length", 3_000)
    return (
        _only(element, "type action_id", "multiline max_length initial_value focus_on_load")
        and 1 <= most <= 3_000
        and 0 < len(element.get("initial_value", "x")) <= most
    )


def _choice(element: Thing) -> bool:
    most = 10 if element["type"] == "radio_buttons" else 100
    options, initial = element["options"], element.get("initial_option")
    values = [option["value"] for option in options]
    return (
        _only(element, "type action_id options", "initial_option focus_on_load")
        and 0 < len(options) <= most
        and len(set(values)) == len(values)
        and all(_only(o, "text value") and _plain(o["text"], 75) and 0 < len(o["value"]) <= 150 for o in options)
        and (initial is None or initial in options)
    )


_EVERYWHERE: dict[str, Callable[[Thing], bool]] = {
    "section": _section,
    "header": _header,
    "context": _context,
    "divider": _divider,
    "actions": _actions,
    "rich_text": _rich,
}
MESSAGE = {**_EVERYWHERE, "markdown": _markdown, "context_actions": _context_actions, "table": _table}
HOME = _EVERYWHERE
MODAL = {**_EVERYWHERE, "input": _input}
