"""What people do in Slack: they write, react, press buttons, fill in forms, and read what is there for them alone."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.slack.emulated.node import BOT, BOT_TOKEN, TEAM
from tests.slack.emulated.reading import Post, pressable
from tests.slack.emulated.surfaces import Door
from tests.slack.emulated.wires import Heard

if TYPE_CHECKING:
    from tests.slack.emulated.workspace import EmulatedSlack

Thing = Mapping[str, Any]

_TRAITS: Mapping[str, Thing] = {
    "guest": {"is_restricted": True, "is_ultra_restricted": False},
    "stranger": {"team_id": "T0OTHER", "is_stranger": True},
}


class Someone:
    """A person; `direct` is their direct-message channel with the app. Each act ends when the app has been told."""

    def __init__(self, slack: "EmulatedSlack", name: str) -> None:
        self._slack = slack
        self.name = name
        self.token = f"xoxp-{name}"
        self.id = self.direct = ""
        self.traits: dict[str, Any] = dict(_TRAITS.get(name, {}))

    async def arrive(self) -> None:
        """Opens their direct messages with the app."""
        self.id = (await self._slack.emulate("auth.test", self.token))["user_id"]
        opened = await self._slack.emulate("conversations.open", self.token, users=BOT["bot_user_id"])
        self.direct = opened["channel"]["id"]

    async def says(self, text: str, channel: str = "general", thread: str = "") -> str:
        """Writes into a channel; returns the message's time stamp."""
        return await self._post(text, self._slack.channels.get(channel, channel), thread)

    async def mentions(self, text: str, channel: str = "general", thread: str = "") -> str:
        """Writes with a mention of the app, of which Slack makes two events."""
        return await self.says(f"<@{BOT['bot_user_id']}> {text}", channel, thread)

    async def writes(self, text: str, thread: str = "") -> str:
        """Writes a direct message to the app."""
        return await self._post(text, self.direct, thread)

    async def uploads(self, name: str, content: bytes, text: str = "", channel: str = "", thread: str = "") -> str:
        """Shares a file, with words, in direct messages or a channel; returns its id."""
        place = self._slack.channels.get(channel, channel) or self.direct
        size = {"filename": name, "length": len(content)}
        session = await self._slack.emulate("files.getUploadURLExternal", self.token, **size)
        await self._slack.upload(session["file_id"], content)
        what = {"files": [{"id": session["file_id"]}], "channel_id": place, "initial_comment": text}
        await self._slack.emulate("files.completeUploadExternal", self.token, **what, thread_ts=thread or None)
        await self._slack.deliveries.settled()
        return str(session["file_id"])

    async def edits(self, channel: str, ts: str, text: str) -> None:
        """Changes a message of theirs."""
        place = self._slack.channels.get(channel, channel)
        await self._do("chat.update", channel=place, ts=ts, text=text)

    async def deletes(self, channel: str, ts: str) -> None:
        """Deletes a message of theirs."""
        await self._do("chat.delete", channel=self._slack.channels.get(channel, channel), ts=ts)

    async def reacts(self, post: Post, name: str) -> None:
        """Puts an emoji under a message."""
        await self._do("reactions.add", channel=post.channel, timestamp=post.ts, name=name)

    async def unreacts(self, post: Post, name: str) -> None:
        """Takes their emoji back."""
        await self._do("reactions.remove", channel=post.channel, timestamp=post.ts, name=name)

    async def presses(self, post: Post, action: str, *, positive: bool = True, option: str = "") -> Heard:
        """Presses what has this action id under a message: of thumbs the right one, of a menu an option."""
        pressed = _pressed(post.blocks, action, positive=positive, option=option)
        place = {"message_ts": post.ts, "channel_id": post.channel, "is_ephemeral": post.whispered}
        thread = {"thread_ts": post.thread} if post.thread else {}
        door = Door(self.id, post.channel, post.ts, post.thread, post.whispered)
        message = {} if post.whispered else {"message": await self._slack.message(post.channel, post.ts)}
        return await self._acts(
            {
                "type": "block_actions",
                "container": {"type": "message", **place, **thread},
                "channel": {"id": post.channel, "name": _name(self._slack, post.channel)},
                **message,
                "state": {"values": {}},
                "response_url": self._slack.surfaces.door(door),
                "actions": [pressed],
            }
        )

    async def presses_in(self, view: Thing, action: str, *, option: str = "") -> Heard:
        """Presses what has this action id in a form, or in their Home tab."""
        pressed = _pressed(view["blocks"], action, positive=True, option=option)
        container = {"type": "view", "view_id": view["id"]}
        return await self._acts(
            {"type": "block_actions", "container": container, "view": view, "actions": [pressed]}, view["id"]
        )

    async def submits(self, values: Mapping[str, str]) -> Heard:
        """Fills the topmost form in, by action id, and sends it; the form closes unless the app says otherwise."""
        view = self.form
        state = {"values": _state(view["blocks"], values)}
        heard = await self._acts({"type": "view_submission", "view": {**view, "state": state}, "response_urls": []})
        answer = heard.body if isinstance(heard.body, dict) else {}
        stack = self._slack.surfaces.forms[self.id]
        match answer.get("response_action") if heard.taken else "errors":
            case "errors":
                return heard
            case "update":
                stack[-1] = {**view, **answer["view"]}
            case "push":
                stack.append({"id": f"{view['id']}P", **answer["view"]})
            case "clear":
                stack.clear()
            case _:
                stack.pop()
        return heard

    async def commands(self, line: str, channel: str = "general", thread: str = "") -> Heard:
        """Types a slash command; what the app says to it at once shows to them, or to all."""
        place = self._slack.channels.get(channel, channel)
        command, _, text = line.partition(" ")
        door = Door(self.id, place)
        payload = {
            "token": "unused",
            "team_id": TEAM,
            "team_domain": "rheinwerk",
            "channel_id": place,
            "channel_name": _name(self._slack, place),
            "user_id": self.id,
            "user_name": self.name,
            "command": command,
            "text": text,
            "api_app_id": BOT["app_id"],
            "is_enterprise_install": "false",
            "response_url": self._slack.surfaces.door(door),
            "trigger_id": await self._slack.surfaces.trigger(self.id),
        }
        heard = await self._slack.deliveries.send("slash_commands", payload)
        if heard.taken and heard.body:
            said = heard.body if isinstance(heard.body, dict) else {"text": heard.body}
            await self._slack.surfaces.heard(door, said)
        await self._slack.deliveries.settled()
        return heard

    async def shortcut(self, channel: str, ts: str, callback: str) -> Heard:
        """Chooses one of the app's shortcuts in the menu of a message."""
        place = self._slack.channels.get(channel, channel)
        return await self._acts(
            {
                "type": "message_action",
                "callback_id": callback,
                "message_ts": ts,
                "message": await self._slack.message(place, ts),
                "channel": {"id": place, "name": _name(self._slack, place)},
                "response_url": self._slack.surfaces.door(Door(self.id, place, ts)),
                "action_ts": f"{time.time():.6f}",
            }
        )

    async def opens(self, tab: str = "home") -> None:
        """Opens the app: its Home tab, or its messages (which under `agent_view` is how a talk begins)."""
        view = {"view": self.home} if self.home else {}
        await self._tells({"type": "app_home_opened", "tab": tab, "channel": self.direct, **view})

    async def opens_pane(self, beside: str = "general") -> str:
        """Opens the pane of `assistant_view` beside a channel; returns the thread that Slack begins there."""
        root = {"channel": self.direct, "text": "New Assistant Thread", "bot_id": BOT["bot_id"]}
        thread = str((await self._slack.emulate("chat.postMessage", BOT_TOKEN, **root))["ts"])
        await self._pane("assistant_thread_started", thread, beside)
        return thread

    async def turns_to(self, channel: str, thread: str) -> None:
        """Looks at another channel while the pane is open."""
        await self._pane("assistant_thread_context_changed", thread, channel)

    @property
    def whispers(self) -> list[Post]:
        """What they alone see."""
        return self._slack.surfaces.whispers.get(self.id, [])

    @property
    def form(self) -> dict[str, Any]:
        """The topmost form that is open."""
        return self._slack.surfaces.forms[self.id][-1]

    @property
    def forms(self) -> list[dict[str, Any]]:
        """The forms that are open."""
        return self._slack.surfaces.forms.get(self.id, [])

    @property
    def home(self) -> dict[str, Any]:
        """Their Home tab; empty before it is published."""
        return self._slack.surfaces.homes.get(self.id, {})

    async def _post(self, text: str, channel: str, thread: str) -> str:
        said = {"channel": channel, "text": text, "client_msg_id": f"{time.time_ns():x}"}
        posted = await self._do("chat.postMessage", **said, thread_ts=thread or None)
        return str(posted["ts"])

    async def _do(self, method: str, **arguments: Any) -> dict[str, Any]:
        done = await self._slack.emulate(method, self.token, **arguments)
        assert done["ok"], (method, done)
        await self._slack.deliveries.settled()
        return done

    async def _tells(self, event: dict[str, Any]) -> None:
        await self._slack.relay.tell({**event, "user": self.id, "event_ts": f"{time.time():.6f}"})
        await self._slack.deliveries.settled()

    async def _pane(self, event: str, thread: str, beside: str) -> None:
        where = {"channel_id": self._slack.channels.get(beside, beside), "team_id": TEAM, "enterprise_id": None}
        pane = {"user_id": self.id, "context": where, "channel_id": self.direct, "thread_ts": thread}
        stamp = f"{time.time():.6f}"
        await self._slack.relay.tell({"type": event, "assistant_thread": pane, "event_ts": stamp})
        await self._slack.deliveries.settled()

    async def _acts(self, payload: dict[str, Any], view: str | None = None) -> Heard:
        us = {"api_app_id": BOT["app_id"], "token": "unused", "enterprise": None, "is_enterprise_install": False}
        user = {"id": self.id, "username": self.name, "name": self.name, "team_id": TEAM}
        who = {"user": user, "team": {"id": TEAM, "domain": "rheinwerk"}}
        trigger = {"trigger_id": await self._slack.surfaces.trigger(self.id, view)}
        heard = await self._slack.deliveries.send("interactive", {**us, **who, **trigger, **payload})
        await self._slack.deliveries.settled()
        return heard


def _name(slack: "EmulatedSlack", channel: str) -> str:
    return next((name for name, found in slack.channels.items() if found == channel), "directmessage")


def _pressed(blocks: list[dict[str, Any]], action: str, *, positive: bool, option: str) -> dict[str, Any]:
    """What Slack says of a press on the element."""
    found = [(block, element) for block, element in pressable(blocks) if element["action_id"] == action]
    assert found, f"no {action} here"
    block, element = found[0]
    kind = element["type"]
    pressed = {"type": kind, "action_id": action, "block_id": block.get("block_id", "b1")}
    pressed |= {"action_ts": f"{time.time():.6f}"}
    if kind == "feedback_buttons":
        thumb = element["positive_button" if positive else "negative_button"]
        return pressed | {"value": thumb["value"], "text": thumb["text"]}
    if "options" in element:
        return pressed | {"selected_option": next(one for one in element["options"] if one["value"] == option)}
    return pressed | {key: element[key] for key in ("value", "text") if key in element}


def _state(blocks: list[dict[str, Any]], values: Mapping[str, str]) -> dict[str, Any]:
    """The state of a form's inputs, filled in by action id."""
    state: dict[str, Any] = {}
    for at, block in enumerate(blocks):
        if block["type"] == "input":
            element = block["element"]
            given = values.get(element["action_id"], element.get("initial_value"))
            state[block.get("block_id", f"b{at}")] = {element["action_id"]: _given(element, given)}
    return state


def _given(element: Thing, value: str | None) -> dict[str, Any]:
    kind = str(element["type"])
    options = [*element.get("options", []), *(o for g in element.get("option_groups", []) for o in g["options"])]
    chosen = [one for one in options if one["value"] == value]
    if kind == "checkboxes":
        return {"type": kind, "selected_options": chosen}
    if options:
        return {"type": kind, "selected_option": chosen[0] if chosen else element.get("initial_option")}
    field = {"conversations_select": "selected_conversation", "channels_select": "selected_channel"}
    return {"type": kind, field.get(kind, "selected_user" if kind == "users_select" else "value"): value}
