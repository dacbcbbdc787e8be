"""Whether a payload has the shape of Slack's: bolt takes that for granted, and stumbles over any other."""

from collections.abc import Mapping
from typing import Final

from adapters.slack_payload import Payload, inner, string

_NULL: Final = frozenset({"authorizations", "view"})  # where null is as good as nothing
_HOLDS: Final[Mapping[str, str]] = {
    "block_actions": "actions",
    "interactive_message": "actions",
    "view_submission": "view",
    "view_closed": "view",
}


def misshapen(payload: Payload) -> bool:
    """Whether bolt would stumble over a payload, or it calls itself an event and holds none."""
    given = {key: value for key, value in payload.items() if value is not None or key not in _NULL}
    kind = string(payload, "type")
    if not all(isinstance(given.get(key, {}), Mapping) for key in ("event", "view")):
        return True
    if (
        not isinstance(given.get("callback_id", ""), str)
        or not all(_objects(given.get(key, [])) for key in ("authorizations", "actions"))
        or given.get("actions") == []
    ):
        return True
    if kind == "view_submission" and "type" not in inner(payload, "view"):
        return True
    holds = _HOLDS.get(kind)
    return (holds is not None and holds not in given) or (kind == "event_callback" and not _is_event(payload))


def _objects(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def _is_event(payload: Payload) -> bool:
    return bool(string(inner(payload, "event"), "type"))
