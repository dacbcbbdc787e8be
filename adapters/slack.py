"""Slack: proves that a request is Slack's, hands its event on before Slack is told so, and opens replies in threads."""

import logging
import re
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final
from weakref import WeakValueDictionary

from slack_bolt import BoltResponse
from slack_bolt.adapter.starlette.async_handler import to_async_bolt_request, to_starlette_response
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from adapters.body import body_of
from adapters.slack_addresses import SlackAddresses
from adapters.slack_blocks import note
from adapters.slack_calls import SlackCalls
from adapters.slack_client import Lines, sdk_log
from adapters.slack_commands import from_slash
from adapters.slack_errands import SlackErrands
from adapters.slack_events import parse
from adapters.slack_files import SlackFiles
from adapters.slack_helpdesk import SlackHelpdesk
from adapters.slack_members import SlackMembers
from adapters.slack_notes import SlackNotes
from adapters.slack_options import SlackOptions
from adapters.slack_payload import conversation_id, inner, string
from adapters.slack_reply import SlackReply
from adapters.slack_roster import SlackRoster
from adapters.slack_shape import misshapen
from adapters.slack_sharing import SlackSharing
from adapters.slack_socket import SlackSocket
from adapters.slack_stream import SlackStream
from adapters.slack_surfaces import SlackSurfaces
from adapters.slack_thread import SlackThread
from adapters.slack_whisper import SlackWhisper
from bot.answers import Reply
from bot.dispatch import Dispatcher
from bot.errors import StateDown
from bot.events import AskPerson, Command, Edited, Event, Receipt, Turn
from bot.language import SEARCHING, Language, language_of
from bot.notices import NOT_REACHED
from bot.ticket import Ticket

UNSTREAMED_SECONDS: Final = 600.0  # that answers are posted and edited in a workspace that does not let us stream

log = logging.getLogger(__name__)


class SlackAdapter:
    """Slack over signed HTTP, and over Socket Mode where an app token is given."""

    name = "slack"

    def __init__(
        self,
        dispatcher: Dispatcher,
        *,
        bot_token: str = "",
        signing_secret: str = "",
        app_token: str | None = None,
        api_url: str | None = None,
        command: str = "/hausgeist",
        options: SlackOptions | None = None,
    ) -> None:
        options = options or SlackOptions()
        self._dispatcher = dispatcher
        self._signing_secret = signing_secret
        self._command = command
        self._pace = options.pace
        self._lines = Lines(api_url)
        self._workspaces, self._pages = options.workspaces(self._lines, bot_token)
        self._addresses = SlackAddresses(self._lines)
        self._errands = SlackErrands()
        self._notes = SlackNotes(self._calls, self._errands)
        self._members = SlackMembers(self._calls, options.outsiders)
        self._surfaces = SlackSurfaces(dispatcher, self._calls, self._members, self._notes, self._errands)
        self._helpdesk = SlackHelpdesk(self._calls, self._members, self._notes, self._errands, options.helpdesk)
        self._files = SlackFiles(self._token, self._lines.api_url, proxy=self._lines.proxy)
        self._replies: WeakValueDictionary[str, SlackReply] = WeakValueDictionary()  # by conversation
        self._unstreamed: dict[str, float] = {}  # by workspace: until when answers are not streamed there
        self._app = self._bolt()
        self._socket = SlackSocket(self._app, app_token) if app_token else None
        roster = SlackRoster(self._calls, options.rights_seconds, wants=options.groups)
        dispatcher.register(self.name, self.reply, self._members.admit, self._files.fetch, roster=roster)

    def routes(self) -> Sequence[BaseRoute]:
        """Where Slack posts events and pressed buttons, given the secret that proves it is Slack; pages to install."""
        pages = self._pages.routes() if self._pages else []
        return [*([Route("/slack/events", self._receive, methods=["POST"])] if self._signing_secret else []), *pages]

    async def start(self) -> None:
        """Opens Socket Mode, where it is used."""
        if self._socket:
            await self._socket.open()

    async def stop_taking(self) -> None:
        """Closes the socket; safe to call twice."""
        if self._socket:
            await self._socket.close()

    async def stop(self) -> None:
        """Takes no more events and closes the lines; replies under way are over by then. Safe to call twice."""
        await self.stop_taking()
        await self._errands.done()
        await self._workspaces.close()

    def reply(self, turn: Turn, ticket: Ticket) -> Reply:
        """Opens the reply to a turn, in any process."""
        where, language = turn.reply_to, language_of(turn.text)
        calls = self._calls(where.get("team", ""), where.get("enterprise", ""))
        here = {"respond": where.get("original", ""), **where}
        whisper = SlackWhisper(calls, self._addresses, here, ticket, language)
        if "respond" in where:
            return whisper
        reply = self._in_thread(calls, turn, ticket, language)
        return SlackSharing(reply, whisper, self._addresses, where["original"]) if turn.shares else reply

    def _in_thread(self, calls: SlackCalls, turn: Turn, ticket: Ticket, language: Language) -> SlackReply:
        where = turn.reply_to
        replaced, bot = where.get("replaces", "").split(), where.get("bot", "")
        thread = SlackThread(calls, where["channel"], where["thread"], ticket, replaced=replaced, bot=bot)
        former = self._replies.get(turn.conversation)
        stream = SlackStream(thread, _recipient(where)) if self._streams(where) else None
        reply = SlackReply(thread, turn.conversation, language, former=former, stream=stream)
        reply.stopped = partial(self._stopped, turn, ticket.key)
        reply.began = partial(self._begun, turn)
        reply.refused = partial(self._unstream, where.get("team", ""))
        reply.aside = where.get("user", "") if "holds" in where else ""
        self._replies[turn.conversation] = reply
        return reply

    def health(self) -> bool | None:
        """Whether Slack reaches us over Socket Mode; None where that is not used, as nobody can tell over HTTP."""
        return self._socket.alive if self._socket else None

    def _calls(self, team: str, enterprise: str = "") -> SlackCalls:
        return SlackCalls(self._workspaces, self._pace, team, enterprise)

    async def _token(self, turn: Turn) -> str:
        client = await self._workspaces.client(turn.reply_to.get("team", ""), turn.reply_to.get("enterprise", ""))
        return client.token or ""

    def _streams(self, where: Mapping[str, str]) -> bool:
        """Whether an answer may grow natively: in a thread, for a person who is known, where Slack did not refuse."""
        known = all(where.get(name) for name in ("thread", "user", "team", "bot"))
        return known and self._unstreamed.get(where["team"], 0) < time.monotonic()

    def _unstream(self, team: str) -> None:
        self._unstreamed[team] = time.monotonic() + UNSTREAMED_SECONDS

    async def _begun(self, turn: Turn, ts: str) -> None:
        """What people write under an answer that stands alone, they write to us."""
        where = turn.reply_to
        await self._dispatcher.own(conversation_id(where.get("team", ""), where["channel"], ts))

    async def _stopped(self, turn: Turn, key: str) -> None:
        """The person stopped the growing message in Slack itself: so does the answer."""
        await self._dispatcher.accept(
            Command(f"slack:stopped:{key}:{turn.fence}", "stop", turn.person, turn.conversation)
        )

    def _bolt(self) -> AsyncApp:
        sdk_log().setLevel(logging.ERROR)  # bolt warns that it will not use the token it reads from the environment
        app = AsyncApp(
            name="hausgeist",
            logger=sdk_log(),
            client=self._lines.own_client(),
            authorize=_nobody,
            signing_secret=self._signing_secret,
            before_authorize=self._take,
            attaching_conversation_kwargs_enabled=False,
        )
        app.error(_failed)
        return app

    async def _receive(self, request: Request) -> Response:
        if not _checkable(request.headers):
            return _refused(401, "a Slack signature is needed")
        try:
            bolt_request = to_async_bolt_request(request, await body_of(request))
        except (
            ValueError,
            TypeError,
            AttributeError,
            LookupError,
            RecursionError,
        ):  # bolt takes all JSON for an object
            return _refused(400, "this is no payload of Slack's")
        if misshapen(bolt_request.body):
            return _refused(400, "this is no payload of Slack's")
        response = await self._app.async_dispatch(bolt_request)
        if response.status == 401:
            return _refused(401, "the signature is wrong or too old")
        return to_starlette_response(response)

    async def _take(self, body: dict[str, Any], ack: AsyncAck) -> BoltResponse:
        """Bolt's middleware, and its last: what is ours the dispatcher has before Slack is told that we have it.

        Slack switches an app's events off when too many stay unacknowledged, those we have no use for included.
        """
        try:
            return await self._taken(body, ack)
        except StateDown:
            log.warning("no state: an event is left to Slack, which delivers it again")
            return BoltResponse(status=503, body="")

    async def _taken(self, body: dict[str, Any], ack: AsyncAck) -> BoltResponse:
        kind = body.get("type")
        if kind == "url_verification":
            return BoltResponse(status=200, body={"challenge": string(body, "challenge")})
        if body.get("command") == self._command:
            return await self._obey(body, ack)
        if kind == "view_submission":
            return BoltResponse(status=200, body=await self._surfaces.submitted(body))
        if string(inner(body, "event"), "type") in ("app_uninstalled", "tokens_revoked"):
            await self._workspaces.gone(body)
        event = parse(body)
        receipt = await self._dispatcher.accept(event) if event else None
        if event and receipt:
            self._tell(body, event, receipt)
        self._surfaces.look(body, receipt)
        return await ack()

    async def _obey(self, body: dict[str, Any], ack: AsyncAck) -> BoltResponse:
        """A slash command, which Slack delivers once: what became of it is said in the acknowledgement."""
        command = from_slash(body)
        if isinstance(command, str):
            return await ack(command)
        try:
            receipt = await self._dispatcher.accept(command)
        except StateDown as error:
            return await ack(str(error) or NOT_REACHED["en"])
        searching = SEARCHING[language_of(command.text)] if isinstance(command, Turn) and receipt.new else ""
        return await ack(receipt.note or searching)

    def _tell(self, body: dict[str, Any], event: Event, receipt: Receipt) -> None:
        if isinstance(event, AskPerson) and receipt.case:
            self._helpdesk.hand(body, receipt.case)
        if receipt.note or receipt.offer:
            question = event.turn.text if isinstance(event, Edited) else ""
            self._notes.tell(body, note(receipt.note, receipt.offer, language_of(question)))


def _recipient(where: Mapping[str, str]) -> dict[str, str]:
    """Who reads a stream: Slack wants to know it in channels."""
    return {"recipient_team_id": where.get("home") or where["team"], "recipient_user_id": where["user"]}


async def _nobody() -> AuthorizeResult:
    """Nothing comes so far in bolt that it would need a token."""
    return AuthorizeResult(enterprise_id=None, team_id=None)


def _checkable(headers: Headers) -> bool:
    """Whether the signature can be checked at all: on other values slack_sdk raises instead of saying no."""
    stamp, signature = headers.get("x-slack-request-timestamp", "0"), headers.get("x-slack-signature", "")
    return re.fullmatch(r"[0-9]{1,12}", stamp) is not None and signature.isascii()


def _refused(status: int, reason: str) -> Response:
    log.warning("a request to /slack/events was refused", extra={"status": status, "reason": reason})
    return JSONResponse({"error": {"message": reason, "type": "invalid_request_error"}}, status)


async def _failed(error: Exception) -> BoltResponse:
    """An event that broke us, which Slack delivers again; the error's text may quote it."""
    log.error("an event was not taken", extra={"error": type(error).__name__})
    return BoltResponse(status=500, body="")
