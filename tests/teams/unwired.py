"""Teams without a wire, and time without waiting: what may go wrong with one call, tried at every call there is."""

import asyncio
import selectors
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

import aiohttp
import orjson

from adapters.teams_activity import Address
from adapters.teams_sdk import TeamsBot
from adapters.teams_wire import SECONDS, Reply
from tests.teams.connector import BotConnector

SERVICE: Final = "https://smba.trafficmanager.net/emea/"
PLACES: Final = {
    "chat": Address(SERVICE, "a:1", "asked", "29:anna", "28:bot", "personal"),
    "channel": Address(SERVICE, "19:c@thread.tacv2;messageid=asked", "asked", "29:anna", "28:bot", "channel"),
}


@dataclass(frozen=True)
class Trouble:
    """What becomes of one call: whether it is taken, and what is answered; without a status it is lost, or hangs.

    `parts` holds it, and all that come after it, until the test lets them go on.
    """

    status: int = 0
    code: str = "Refused"
    told: str = ""
    pause: str = ""
    taken: bool = False
    hangs: bool = False
    parts: bool = False


OVER: Final = ("ContentStreamNotAllowed", "Content stream finished due to exceeded streaming time.")
TROUBLES: Final = {
    "answer lost": Trouble(taken=True),
    "call lost": Trouble(),
    "answer too late": Trouble(taken=True, hangs=True),
    "call hangs": Trouble(hangs=True),
    "502 though taken": Trouble(502, taken=True),
    **{str(status): Trouble(status) for status in (400, 403, 405, 412, 500, 502, 504)},
    "404": Trouble(404, "ActivityNotFoundInConversation"),
    "429": Trouble(429, pause="3"),
    "stream over": Trouble(403, *OVER),
    "stream stopped": Trouble(403, OVER[0], "Content stream was canceled by user."),
}


@dataclass
class Unwired:
    """In place of the `Wire` of a bot: the connector, with `trouble` at the call numbered `at` from 0."""

    connector: BotConnector
    trouble: Trouble | None = None
    at: int = 0
    lasting: Callable[[str, Mapping[str, Any]], bool] = lambda _method, _said: False  # which later calls have it too
    calls: list[str] = field(default_factory=list)
    struck: asyncio.Event = field(default_factory=asyncio.Event)
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def call(self, method: str, url: str, _token: str, said: Any) -> Reply:
        self.calls.append(method)
        now = len(self.calls) - 1 == self.at
        if self.trouble and (now or (self.struck.is_set() and self.lasting(method, said or {}))):
            self.struck.set()
            return await self._strike(self.trouble, method, url, said)
        if self.trouble and self.trouble.parts and self.struck.is_set():
            await self.goes_on.wait()
        return self._take(method, url, said)

    async def close(self) -> None:
        """Nothing is open."""

    async def _strike(self, trouble: Trouble, method: str, url: str, said: Any) -> Reply:
        if trouble.taken or (method == "DELETE" and trouble.status == 404):
            answer = self._take(method, url, said)
        if trouble.code == OVER[0]:
            self.connector.streams.end()
        if trouble.parts:
            await self.goes_on.wait()
            if trouble.taken:
                return answer
        if trouble.hangs:
            await asyncio.sleep(SECONDS)
            raise TimeoutError
        if not trouble.status:
            raise aiohttp.ServerDisconnectedError
        headers = {"Retry-After": trouble.pause} if trouble.pause else {}
        return Reply(trouble.status, headers, {"error": {"code": trouble.code, "message": trouble.told}})

    def _take(self, method: str, url: str, said: Any) -> Reply:
        conversation, _, activity = unquote(url.partition("/v3/conversations/")[2]).partition("/activities")
        sent = orjson.loads(orjson.dumps(said or {}))
        answer = self.connector.take(method, SERVICE, conversation, activity.strip("/"), sent)
        assert answer is not None
        return Reply(answer.status, answer.headers, orjson.loads(answer.body or b"{}"))  # type: ignore[arg-type]


def bot_on(wire: Unwired) -> TeamsBot:
    """A bot that signs nothing, on that wire."""
    bot = TeamsBot("", "", "", "SingleTenant")
    bot._wire = wire  # type: ignore[assignment]  # in its place
    return bot


class Hurried(asyncio.SelectorEventLoop):
    """A loop in which nobody waits: where all do, it is at once as late as the first of them waits for."""

    def __init__(self) -> None:
        self._ahead = _Ahead()
        super().__init__(self._ahead)

    def time(self) -> float:
        return self._ahead.seconds


class _Ahead(selectors.SelectSelector):
    seconds = 1.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "all wait for something that never comes"
        self.seconds += max(timeout, 0.0)
        return super().select(0)
