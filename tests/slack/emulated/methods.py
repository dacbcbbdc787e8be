"""The Web API's methods: `emulate`'s own with Slack's rules before them, and those that it lacks."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from tests.slack.emulated.node import BOT, BOT_TOKEN, TEAM
from tests.slack.emulated.rules import Refused, message_error, view_error

if TYPE_CHECKING:
    from tests.slack.emulated.workspace import EmulatedSlack

Call = Mapping[str, Any]


async def perform(slack: "EmulatedSlack", method: str, token: str, call: Call) -> dict[str, Any]:
    """Does what `method` asks. Raises Refused."""
    if method in _OWN:
        if token != BOT_TOKEN:
            raise Refused("invalid_auth" if token else "not_authed")
        return await _OWN[method](slack, call)
    return await slack.passed(method, call, token)


async def _post(slack: "EmulatedSlack", call: Call) -> dict[str, Any]:
    _valid(message_error(call))
    channel = await slack.surfaces.reachable(call.get("channel", ""))
    author = {"bot_id": BOT["bot_id"], "app_id": BOT["app_id"]}
    answer = await slack.passed("chat.postMessage", {**_marked_up(call), **author, "channel": channel})
    slack.surfaces.quiet(channel, call.get("thread_ts", ""))
    return answer


async def _update(slack: "EmulatedSlack", call: Call) -> dict[str, Any]:
    _valid(message_error(call))
    if slack.streams.growing(call.get("channel", ""), call.get("ts", "")):
        raise Refused("streaming_state_conflict")
    kept = {}
    if "blocks" not in call:  # left out, the old ones stay, says Slack's documentation
        message = await slack.message(call.get("channel", ""), call.get("ts", ""))
        kept = {"blocks": message["blocks"]} if message.get("blocks") else {}
    return await slack.passed("chat.update", {**kept, **_marked_up(call)})


async def _whisper(slack: "EmulatedSlack", call: Call) -> dict[str, Any]:
    _valid(message_error(call))
    channel = await slack.surfaces.reachable(call.get("channel", ""))
    answer = await slack.passed("chat.postEphemeral", {**_marked_up(call), "channel": channel})
    slack.surfaces.whisper(call["user"], answer["message_ts"], {**_marked_up(call), "channel": channel})
    return answer


async def _replies(slack: "EmulatedSlack", call: Call) -> dict[str, Any]:
    """A thread in pages: the root and what came after `oldest`; metadata only for whoever asks for them."""
    answer = await slack.passed("conversations.replies", call)
    root, since = call.get("ts", ""), float(call.get("oldest") or 0)
    found = [one for one in answer["messages"] if one["ts"] == root or float(one["ts"]) > since]
    if not found:
        raise Refused("thread_not_found")
    if str(call.get("include_all_metadata", "")).lower() not in {"1", "true"}:
        found = [{key: value for key, value in one.items() if key != "metadata"} for one in found]
    start, size = int(call.get("cursor") or 0), min(int(call.get("limit") or 1000), 1000)
    more = str(start + size) if start + size < len(found) else ""
    page = found[start : start + size]
    return {"messages": page, "has_more": bool(more), "response_metadata": {"next_cursor": more}}


async def _user(slack: "EmulatedSlack", call: Call) -> dict[str, Any]:
    answer = await slack.passed("users.info", call)
    someone = next((one for one in slack.people.values() if one.id == call.get("user")), None)
    user = {**answer["user"], "is_restricted": False, "is_ultra_restricted": False, "tz": "Europe/Zurich"}
    user |= {"locale": "en-US"} if str(call.get("include_locale", "")).lower() in {"1", "true"} else {}
    return {"user": user | (someone.traits if someone else {})}


async def _conversation(slack: "EmulatedSlack", call: Call) -> dict[str, Any]:
    answer = await slack.passed("conversations.info", call)
    shared = call.get("channel") in slack.foreign
    flags = {"is_ext_shared": shared, "is_shared": shared, "is_org_shared": False, "context_team_id": TEAM}
    return {"channel": answer["channel"] | flags}


async def _publish(slack: "EmulatedSlack", call: Call) -> dict[str, Any]:
    _valid(view_error(call.get("view") or {}))
    answer = await slack.passed("views.publish", call)
    slack.surfaces.homes[call["user_id"]] = answer["view"]
    return answer


async def _open_view(slack: "EmulatedSlack", call: Call) -> dict[str, Any]:
    user = slack.surfaces.user_of(call.get("trigger_id", ""))
    _valid(view_error(call.get("view") or {}))
    answer = await slack.passed("views.open", call)
    slack.surfaces.forms[user] = [answer["view"]]
    return answer


async def _push_view(slack: "EmulatedSlack", call: Call) -> dict[str, Any]:
    user = slack.surfaces.user_of(call.get("trigger_id", ""))
    _valid(view_error(call.get("view") or {}))
    answer = await slack.passed("views.push", call)
    slack.surfaces.forms[user].append(answer["view"])
    return answer


async def _update_view(slack: "EmulatedSlack", call: Call) -> dict[str, Any]:
    _valid(view_error(call.get("view") or {}))
    answer = await slack.passed("views.update", call)
    for stack in slack.surfaces.forms.values():
        stack[:] = [answer["view"] if one["id"] == answer["view"]["id"] else one for one in stack]
    return answer


async def _set_status(slack: "EmulatedSlack", call: Call) -> dict[str, Any]:
    if not (call.get("channel_id") and call.get("thread_ts")) or len(call.get("loading_messages") or []) > 10:
        raise Refused("invalid_arguments")
    await slack.surfaces.reachable(call["channel_id"])
    slack.surfaces.say(call)
    return {}


async def _set_title(slack: "EmulatedSlack", call: Call) -> dict[str, Any]:
    if not (call.get("channel_id", "").startswith("D") and call.get("thread_ts") and call.get("title")):
        raise Refused("invalid_arguments")
    slack.surfaces.titles[call["channel_id"], call["thread_ts"]] = call["title"]
    return {}


async def _set_prompts(slack: "EmulatedSlack", call: Call) -> dict[str, Any]:
    """Under `agent_view`, prompts for a thread are taken, and never shown."""
    prompts, thread = call.get("prompts") or [], call.get("thread_ts", "")
    agent = slack.generation == "agent_view"
    wrong = not 0 < len(prompts) <= 4 or any(not (one.get("title") and one.get("message")) for one in prompts)
    if wrong or not (agent or thread):
        raise Refused("invalid_arguments")
    if not (agent and thread):
        slack.surfaces.prompts[call["channel_id"], thread] = prompts
    return {}


async def _start(slack: "EmulatedSlack", call: Call) -> dict[str, Any]:
    channel = await slack.surfaces.reachable(call.get("channel", ""))
    if call.get("recipient_team_id", TEAM) != TEAM:
        raise Refused("team_not_found")
    if call.get("recipient_user_id") not in {None, *(one.id for one in slack.people.values())}:
        raise Refused("user_not_found")
    return _answered(await slack.streams.start({**call, "channel": channel}, direct=channel.startswith("D")))


async def _append(slack: "EmulatedSlack", call: Call) -> dict[str, Any]:
    return _answered(await slack.streams.append(call))


async def _stop(slack: "EmulatedSlack", call: Call) -> dict[str, Any]:
    return _answered(await slack.streams.stop(call))


_OWN: Final[Mapping[str, Callable[["EmulatedSlack", Call], Awaitable[dict[str, Any]]]]] = {
    "chat.postMessage": _post,
    "chat.update": _update,
    "chat.postEphemeral": _whisper,
    "chat.startStream": _start,
    "chat.appendStream": _append,
    "chat.stopStream": _stop,
    "conversations.replies": _replies,
    "conversations.info": _conversation,
    "users.info": _user,
    "views.publish": _publish,
    "views.open": _open_view,
    "views.push": _push_view,
    "views.update": _update_view,
    "assistant.threads.setStatus": _set_status,
    "assistant.threads.setTitle": _set_title,
    "assistant.threads.setSuggestedPrompts": _set_prompts,
}


def _valid(error: str) -> None:
    if error:
        raise Refused(error)


def _answered(answer: dict[str, Any] | str) -> dict[str, Any]:
    if isinstance(answer, str):
        raise Refused(answer)
    return answer


def _marked_up(call: Call) -> dict[str, Any]:
    """`markdown_text` as the block that it becomes."""
    text = call.get("markdown_text")
    if not text:
        return dict(call)
    rest = {key: value for key, value in call.items() if key != "markdown_text"}
    return {**rest, "text": text, "blocks": [{"type": "markdown", "text": text}]}
