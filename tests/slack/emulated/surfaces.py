"""What one person sees of the app beside messages: whispers, forms, the Home tab, the pane; and the ways back to it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from tests.slack.emulated.node import BOT, BOT_TOKEN
from tests.slack.emulated.reading import Post
from tests.slack.emulated.rules import Refused, message_error

if TYPE_CHECKING:
    from tests.slack.emulated.workspace import EmulatedSlack

Call = Mapping[str, Any]

USES: Final = 5  # of a response URL,
LIFE: Final = 1800.0  # within so many seconds


@dataclass
class Door:
    """A response URL; `ts` is the message it belongs to, if any."""

    user: str
    channel: str
    ts: str = ""
    thread: str = ""
    whispered: bool = False
    uses: int = 0
    since: float = 0.0


class Surfaces:
    """Everything of the kind in a workspace, by person or thread."""

    def __init__(self, slack: "EmulatedSlack") -> None:
        self._slack = slack
        self.whispers: dict[str, list[Post]] = {}
        self.forms: dict[str, list[dict[str, Any]]] = {}
        self.homes: dict[str, dict[str, Any]] = {}
        self.prompts: dict[tuple[str, str], list[dict[str, str]]] = {}
        self.titles: dict[tuple[str, str], str] = {}
        self.statuses: list[Call] = []
        self.doors: dict[str, Door] = {}
        self._showing: dict[tuple[str, str], str] = {}
        self._triggers: dict[str, tuple[str, float]] = {}
        self._numbers = count(1)

    async def reachable(self, channel: str) -> str:
        """The id of a channel that the app may write into. Raises Refused."""
        if channel.startswith("U"):
            opened = await self._slack.passed("conversations.open", {"users": channel})
            return str(opened["channel"]["id"])
        found = (await self._slack.passed("conversations.info", {"channel": channel}))["channel"]
        if not (found.get("is_im") or found.get("is_mpim") or found.get("is_member")):
            raise Refused("not_in_channel")
        return channel

    async def begin(self, channel: str, thread: str, text: str, blocks: list[dict[str, Any]]) -> dict[str, Any] | str:
        """Posts the beginning of a stream."""
        author = {"bot_id": BOT["bot_id"], "app_id": BOT["app_id"]}
        said = {"channel": channel, "thread_ts": thread, "text": text, "blocks": blocks or None}
        answer = await self._slack.emulate("chat.postMessage", BOT_TOKEN, **said, **author)
        self.quiet(channel, thread)
        return answer if answer.pop("ok") else str(answer["error"])

    async def grow(
        self, channel: str, ts: str, text: str, blocks: list[dict[str, Any]], metadata: Any, *, final: bool = False
    ) -> dict[str, Any] | str:
        """Shows more of a stream."""
        said = {"channel": channel, "ts": ts, "text": text or "…", "blocks": blocks, "metadata": metadata}
        answer = await self._slack.emulate("chat.update", BOT_TOKEN, **said)
        return answer if answer.pop("ok") else str(answer["error"])

    def say(self, call: Call) -> None:
        """Shows a status, or ends one."""
        self.statuses.append(call)
        self._showing[call["channel_id"], call["thread_ts"]] = call.get("status", "")

    def quiet(self, channel: str, thread: str) -> None:
        """A message of the app's ends the status."""
        self._showing.pop((channel, thread), None)

    def status(self, channel: str, thread: str) -> str:
        """The status that shows in a thread."""
        return self._showing.get((channel, thread), "")

    def whisper(self, user: str, ts: str, call: Call) -> None:
        """Shows a message to one person."""
        said = (call.get("text") or "", [*(call.get("blocks") or [])], call.get("thread_ts") or "")
        post = Post(call["channel"], ts, BOT["bot_user_id"], *said, whispered=True)
        self.whispers.setdefault(user, []).append(post)

    async def trigger(self, user: str, view: str | None = None) -> str:
        """A fresh trigger of a person's."""
        made = await self._slack.emulate("views.generateTriggerId", BOT_TOKEN, user_id=user, view_id=view)
        self._triggers[made["trigger_id"]] = (user, time.monotonic())
        return str(made["trigger_id"])

    def user_of(self, trigger: str) -> str:
        """Whose trigger it is. Raises Refused."""
        if trigger not in self._triggers:
            raise Refused("invalid_trigger_id")
        user, since = self._triggers[trigger]
        if time.monotonic() - since > self._slack.trigger_seconds:
            raise Refused("expired_trigger_id")
        return user

    def door(self, door: Door) -> str:
        """A fresh response URL."""
        number = str(next(self._numbers))
        self.doors[number] = replace(door, since=time.monotonic())
        return f"{self._slack.origin}/response/{number}"

    async def respond(self, request: web.Request) -> web.Response:
        """What the app says through a response URL."""
        door, call = self.doors.get(request.match_info["number"]), await request.json()
        if door is None or door.uses >= USES or time.monotonic() - door.since > LIFE:
            return web.json_response({"ok": False, "error": "used_url" if door else "invalid_url"}, status=404)
        door.uses += 1
        error = "" if call.get("delete_original") else message_error(call)
        if error:
            self._slack.refusals.append(("response_url", error))
            return web.json_response({"ok": False, "error": error.partition(": ")[0]})
        await self._let_in(door, call)
        return web.json_response({"ok": True})

    async def heard(self, door: Door, call: Call) -> None:
        """What the app says with its acknowledgement of a slash command."""
        await self._let_in(door, call)

    async def _let_in(self, door: Door, call: Call) -> None:
        said = {"channel": door.channel, "text": call.get("text"), "blocks": call.get("blocks")}
        if call.get("delete_original") or call.get("replace_original"):
            await self._replace(door, call, said)
        elif call.get("response_type") == "in_channel":
            author = {"bot_id": BOT["bot_id"], "app_id": BOT["app_id"]}
            thread = call.get("thread_ts") or door.thread or None
            await self._slack.emulate("chat.postMessage", BOT_TOKEN, **said, **author, thread_ts=thread)
        else:
            self.whisper(door.user, f"{time.time():.6f}", {**call, "channel": door.channel})

    async def _replace(self, door: Door, call: Call, said: dict[str, Any]) -> None:
        if not door.whispered:
            method = "chat.delete" if call.get("delete_original") else "chat.update"
            await self._slack.emulate(method, BOT_TOKEN, **said, ts=door.ts)
            return
        kept = [post for post in self.whispers.get(door.user, []) if post.ts != door.ts]
        self.whispers[door.user] = kept
        if not call.get("delete_original"):
            self.whisper(door.user, door.ts, {**call, "channel": door.channel, "thread_ts": door.thread})
