"""Teams' own samples, from the shared data: activities and cards of its documents and SDKs, and its schema."""

import json
from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import Any, Final

from hypothesis import strategies as st

from tests.public_data import public_data
from tests.teams.standin import SERVICE_URL, TENANT

BOT: Final = "28:0d4e5f60-0000-4000-8000-00000000b077"
_FOLDER: Final = "teams-bot-framework"
_ANSWER: Final = "1575667808184"
_SAID: Final = ("How many days of annual leave do I have?", "stop", "enable questions", "help", "resett", "")
_PLACES: Final = (
    ("personal", "a:17I0kl9EkpE1O9PH5TWrzrLNwnWWcfrU7QZjKR0WSfOpzbfcAg2IaydGElSo10tVr4C7Fc6Gtie"),
    ("channel", "19:efa9296d959346209fea44151c742e73@thread.tacv2;messageid=1611060744833"),
    ("groupChat", "19:7705841b240044b297123ad7f9c99217@thread.v2"),
)
# What brings a card to us, and what stands in it then.
_WAYS: Final = (
    ("message", ""),
    ("message", "value"),
    ("invoke", "adaptiveCard/action"),
    ("invoke", "message/submitAction"),
    ("invoke", "message/fetchTask"),
    ("invoke", "composeExtension/submitAction"),
    ("invoke", "composeExtension/fetchTask"),
    ("invoke", "composeExtension/query"),
    ("invoke", "task/fetch"),
    ("messageUpdate", ""),
)

_numbers = count(1)


@dataclass(frozen=True)
class Sample:
    """Something that Teams' documents or SDKs show; `activity` tells whether it is one, or else a card."""

    name: str
    payload: dict[str, Any]
    activity: bool

    def made(self, number: int, *, plausible: bool) -> dict[str, Any]:
        """An activity of it, with plausible ids if wanted; cards come in one way after the other."""
        activity = self.payload if self.activity else _carried(self.payload, number)
        return completed(activity) if plausible else activity


@cache
def samples() -> tuple[Sample, ...]:
    """Every sample there is."""
    lines = public_data(f"{_FOLDER}/teams_docs_payloads.jsonl").read_text("utf-8").splitlines()
    documented = (json.loads(line) for line in lines if line.strip())
    found = [Sample(one["id"], one["payload"], _is_activity(one["payload"])) for one in documented]
    for file in sorted(public_data(_FOLDER).glob("*/*.json")):
        payload = json.loads(file.read_text("utf-8-sig"))
        found.append(Sample(file.stem, payload, _is_activity(payload)))
    return tuple(found)


def completed(activity: dict[str, Any]) -> dict[str, Any]:
    """The activity as it might really come to us: from our company, in a place, with ids; each call another one."""
    number = next(_numbers)
    kind, conversation = _PLACES[number % 3]
    known = activity.get("value")
    ours = {"hausgeist": ("again", "stop", "source", "wrong", "person", "share")[number // 2 % 6], "kept": "0b5c1f7e"}
    made = {
        "type": "message",
        **activity,
        "id": f"{1485983408511 + number}",
        "channelId": "msteams",
        "serviceUrl": SERVICE_URL,
        "from": {"id": "29:anna", "name": "Anna Keller", "aadObjectId": f"7faf8ab2-{number % 5}"},
        "recipient": {"id": BOT, "name": "Hausgeist"},
        "conversation": {"id": conversation, "conversationType": kind, "tenantId": TENANT},
        "channelData": {**(activity.get("channelData") or {}), "tenant": {"id": TENANT}},
        "replyToId": _ANSWER,
    }
    if made["type"] == "message" and not known:
        mention = {"type": "mention", "text": "<at>Hausgeist</at>", "mentioned": {"id": BOT}}
        made |= {"text": f"<at>Hausgeist</at> {_SAID[number // 3 % len(_SAID)]}", "entities": [mention]}
    if isinstance(known, dict) and number % 2:
        made["value"] = _pressed(known, {**ours, "answer": _ANSWER}, apart=made["type"] == "invoke")
    return made


def activities(depth: int = 3) -> st.SearchStrategy[dict[str, Any]]:
    """Activities as the connector's own schema describes them."""
    schema = json.loads(public_data(f"{_FOLDER}/botbuilder-python/swagger__ConnectorAPI.json").read_text("utf-8"))
    return _made(schema["definitions"]["Activity"], schema["definitions"], depth)


def _made(schema: dict[str, Any], known: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
    if reference := schema.get("$ref"):
        return _made(known[reference.rpartition("/")[2]], known, depth - 1)
    match schema.get("type"):
        case "string":
            return st.sampled_from(schema["enum"]) if "enum" in schema else st.text(max_size=30)
        case "array":
            return st.lists(_made(schema["items"], known, depth - 1), max_size=3) if depth > 0 else st.just([])
        case "boolean":
            return st.booleans()
        case "integer" | "number":
            return st.integers(-(2**63), 2**64)
        case "object" | None if depth > 0 and (properties := schema.get("properties")):
            inner = {name: _made(one, known, depth - 1) for name, one in properties.items()}
            return st.fixed_dictionaries({}, optional=inner)
    anything = st.none() | st.booleans() | st.integers() | st.text(max_size=20)
    return st.dictionaries(st.text(max_size=10), anything, max_size=3)


def _is_activity(payload: dict[str, Any]) -> bool:
    return any(key in payload for key in ("channelId", "serviceUrl", "conversation", "attachments")) or (
        payload.get("type") in ("message", "invoke")
    )


def _carried(card: dict[str, Any], number: int) -> dict[str, Any]:
    """A card as it may come to us: attached, or as what somebody put into it and sent."""
    kind, name = _WAYS[number % len(_WAYS)]
    if kind != "invoke":
        attached = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
        data = {"eventType": "editMessage"} if kind == "messageUpdate" else {}
        return {"type": kind, "attachments": [attached], "channelData": data, **({"value": card} if name else {})}
    first = next(iter(card.get("actions") or [card]))
    value = {"action": first, "data": card, "actionName": "feedback", "commandId": "ask", "parameters": [card]}
    return {"type": kind, "name": name, "value": {**value, "actionValue": {"reaction": "dislike", "feedback": card}}}


def _pressed(value: dict[str, Any], data: dict[str, str], *, apart: bool) -> dict[str, Any]:
    """A value with what our own buttons bring back; in an invoke that is kept apart."""
    if not apart:
        return {**value, **data}
    action = value.get("action")
    pressed = {**(action if isinstance(action, dict) else {}), "data": data}
    return {**value, "action": pressed, "data": {**data, "question": "How many days of leave?"}}
