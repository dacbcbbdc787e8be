"""Slack: proves that a request is Slack's, hands its event on before Slack is told so, and opens replies in threads."""

import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import proxy_bypass
from weakref import WeakValueDictionary

from slack_bolt import BoltResponse
from slack_bolt.adapter.starlette.async_handler import to_async_bolt_request, to_starlette_response
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from adapters.slack_blocks import note
from adapters.slack_commands import from_slash
from adapters.slack_events import malformed, parse
from adapters.slack_notes import SlackNotes
from adapters.slack_reply import SlackReply
from adapters.slack_socket import SlackSocket
from adapters.slack_thread import SlackThread
from bot.dispatch import Dispatcher
from bot.errors import StateDown
from bot.events import Edited, Event, Receipt, Turn
from bot.language import language_of
from bot.ticket import Ticket

API: Final = "https://slack.com/api/"
SECONDS: Final = 10  # for one request to Slack

log = logging.getLogger(__name__)


class SlackAdapter:
    """Slack over signed HTTP, and over Socket Mode where an app token is given."""

    name = "slack"

    def __init__(
        self,
        dispatcher: Dispatcher,
        *,
        bot_token: str,
        signing_secret: str,
        app_token: str | None = None,
        api_url: str | None = None,
        command: str = "/hausgeist",
    ) -> None:
        self._dispatcher = dispatcher
        self._signing_secret = signing_secret
        self._command = command
        self._client = _client(bot_token, api_url or API)
        self._notes = SlackNotes(self._client)
        self._replies: WeakValueDictionary[str, SlackReply] = WeakValueDictionary()  # by conversation
        self._app = self._bolt()
        self._socket = SlackSocket(self._app, app_token) if app_token else None
        dispatcher.register(self.name, self.reply)

    def routes(self) -> Sequence[BaseRoute]:
        """Where Slack posts events and pressed buttons; nowhere without the secret that proves it is Slack."""
        return [Route("/slack/events", self._receive, methods=["POST"])] if self._signing_secret else []

    async def start(self) -> None:
        """Opens Socket Mode, where it is used."""
        if self._socket:
            await self._socket.open()

    async def stop_taking(self) -> None:
        """Closes the socket; safe to call twice."""
        if self._socket:
            await self._socket.close()

    async def stop(self) -> None:
        """Takes no more events; replies under way go on. Safe to call twice."""
        await self.stop_taking()
        await self._notes.told()

    def reply(self, turn: Turn, ticket: Ticket) -> SlackReply:
        """Opens the reply to a turn, in any process."""
        thread = SlackThread(self._client, turn.reply_to["channel"], turn.reply_to["thread"], ticket)
        former = self._replies.get(turn.conversation)
        reply = SlackReply(thread, turn.conversation, language_of(turn.text), former=former)
        self._replies[turn.conversation] = reply
        return reply

    def health(self) -> bool | None:
        """Whether Slack reaches us over Socket Mode; None where that is not used, as nobody can tell over HTTP."""
        return self._socket.alive if self._socket else None

    def _bolt(self) -> AsyncApp:
        sdk_log = _sdk_log()
        sdk_log.setLevel(logging.ERROR)  # bolt warns that it will not use the token it reads from the environment
        app = AsyncApp(
            name="hausgeist",
            logger=sdk_log,
            client=self._client,
            signing_secret=self._signing_secret,
            before_authorize=self._take,
            attaching_conversation_kwargs_enabled=False,
        )
        _sdk_log()
        # Slack switches an app's events off when too many stay unacknowledged, those we have no use for included.
        app.event(re.compile(""))(_nothing)
        app.action(re.compile(""))(_acknowledge)
        app.command(re.compile(""))(_acknowledge)
        app.error(_failed)
        return app

    async def _receive(self, request: Request) -> Response:
        if not _checkable(request.headers):
            return _refused(401, "a Slack signature is needed")
        try:
            bolt_request = to_async_bolt_request(request, await request.body())
        except (ValueError, TypeError, AttributeError, RecursionError):  # bolt takes whatever is JSON for an object
            return _refused(400, "this is no payload of Slack's")
        if malformed(bolt_request.body):
            return _refused(400, "this event holds none")
        response = await self._app.async_dispatch(bolt_request)
        if response.status == 401:
            return _refused(401, "the signature is wrong or too old")
        return to_starlette_response(response)

    async def _take(
        self, body: dict[str, Any], ack: AsyncAck, next_: Callable[[], Awaitable[None]]
    ) -> BoltResponse | None:
        """Bolt's middleware: what is ours the dispatcher has before Slack is told that we have it."""
        if body.get("command") == self._command:
            return await self._obey(body, ack)
        event = parse(body)
        if event is None:
            await next_()
            return None
        try:
            receipt = await self._dispatcher.accept(event)
        except StateDown:
            log.warning("no state: an event is left to Slack, which delivers it again")
            return BoltResponse(status=503, body="")
        self._tell(body, event, receipt)
        return await ack()

    async def _obey(self, body: dict[str, Any], ack: AsyncAck) -> BoltResponse:
        """A slash command, which Slack delivers once: what became of it is said in the acknowledgement."""
        command = from_slash(body)
        if isinstance(command, str):
            return await ack(command)
        try:
            receipt = await self._dispatcher.accept(command)
        except StateDown as error:
            return await ack(str(error) or "That did not work at the moment. Please try again.")
        return await ack(receipt.note)

    def _tell(self, body: dict[str, Any], event: Event, receipt: Receipt) -> None:
        if receipt.note or receipt.offer:
            question = event.turn.text if isinstance(event, Edited) else ""
            self._notes.tell(body, note(receipt.note, receipt.offer, language_of(question)))


def _client(token: str, api_url: str) -> AsyncWebClient:
    """A client that tries once: when to try again depends on what was tried, see `SlackThread`."""
    client = AsyncWebClient(token, api_url, timeout=SECONDS, retry_handlers=[], logger=_sdk_log())
    if _direct(api_url):
        client.proxy = None
    return client


def _sdk_log() -> logging.Logger:
    """The SDKs' logger: below warnings they quote bodies and arguments."""
    sdk = logging.getLogger(f"{__name__}.sdk")
    sdk.setLevel(logging.WARNING)
    return sdk


def _direct(url: str) -> bool:
    """Whether the host is reached without the environment's proxy, which slack_sdk would use for every host."""
    host = urlsplit(url).hostname or ""
    return host in {"localhost", "127.0.0.1", "::1"} or bool(proxy_bypass(host))


def _checkable(headers: Headers) -> bool:
    """Whether the signature can be checked at all: on other values slack_sdk raises instead of saying no."""
    stamp, signature = headers.get("x-slack-request-timestamp", "0"), headers.get("x-slack-signature", "")
    return re.fullmatch(r"[0-9]{1,12}", stamp) is not None and signature.isascii()


def _refused(status: int, reason: str) -> Response:
    log.warning("a request to /slack/events was refused", extra={"status": status, "reason": reason})
    return JSONResponse({"error": {"message": reason, "type": "invalid_request_error"}}, status)


async def _nothing() -> None:
    """An event that is not for us."""


async def _acknowledge(ack: AsyncAck) -> None:
    """A button or command that is not ours."""
    await ack()


async def _failed(error: Exception) -> BoltResponse:
    """An event that broke us, which Slack delivers again; the error's text may quote it."""
    log.error("an event was not taken", extra={"error": type(error).__name__})
    return BoltResponse(status=500, body="")
