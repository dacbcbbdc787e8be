"""Microsoft Teams: takes activities at /api/messages, and answers them in the conversation they came from."""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.access import from_this_machine
from adapters.teams_events import (
    FEEDBACK_INVOKE,
    PLATFORM,
    Activity,
    Address,
    Malformed,
    address_of,
    parse,
    tenants,
    text_at,
)
from adapters.teams_message import Post, noted, offered
from adapters.teams_reply import TeamsReply
from adapters.teams_sdk import NotTaken, TeamsBot
from adapters.teams_trust import CHANNEL, MICROSOFT_HOSTS, Distrusted, ServiceUrls
from bot.dispatch import Dispatcher
from bot.errors import Unavailable
from bot.events import Edited, Event, Receipt, Turn
from bot.language import language_of
from bot.ticket import CALL_SECONDS, Ticket

_LONGEST_BODY: Final = 1 << 20
_ASIDES: Final = 100  # at once

log = logging.getLogger(__name__)


class TeamsAdapter:
    """Teams as a platform. `insecure` takes anything this machine sends and signs nothing: for tries without Azure."""

    name = PLATFORM

    def __init__(
        self,
        dispatcher: Dispatcher,
        *,
        app_id: str,
        app_password: str = "",
        tenant_id: str = "",
        app_type: str = "SingleTenant",
        service_urls: Sequence[str] = MICROSOFT_HOSTS,
        insecure: bool = False,
    ) -> None:
        if not app_id and not insecure:
            raise ValueError("Teams needs an app id: without one nothing could be checked.")
        self._dispatcher = dispatcher
        self._bot = TeamsBot("" if insecure else app_id, app_password, tenant_id, app_type)
        self._service_urls = ServiceUrls(service_urls, loopback=insecure)
        self._tenant = tenant_id.lower()
        self._insecure = insecure
        self._asides: set[asyncio.Task[None]] = set()
        dispatcher.register(PLATFORM, self.reply)

    def routes(self) -> list[Route]:
        """What Microsoft calls."""
        return [Route("/api/messages", self._receive, methods=["POST"])]

    async def start(self) -> None:
        """Says aloud what is not checked; nothing needs to run between requests."""
        if self._insecure:
            log.warning("Teams activities are taken unchecked from this machine: HAUSGEIST_TEAMS_INSECURE is set")
        elif not self._tenant:
            log.warning("Teams activities of every tenant are taken: MICROSOFT_APP_TENANT_ID is not set")

    async def stop_taking(self) -> None:
        """Nothing to close: Teams comes over HTTP."""

    async def stop(self) -> None:
        """Closes what is open to Microsoft; call it when all answers are out. Safe to call twice."""
        if self._asides:
            await asyncio.wait(self._asides)
        self._bot.close()

    def reply(self, turn: Turn, ticket: Ticket) -> TeamsReply:
        """Opens a reply to a turn, wherever the turn was taken."""
        return TeamsReply(self._bot, Address(**turn.reply_to), ticket, language_of(turn.text))

    def health(self) -> None:
        """Whether Teams reaches us, nobody can tell over HTTP."""

    async def _receive(self, request: Request) -> Response:
        """Answers Microsoft at once; what the person asked is answered by the dispatcher in its own time."""
        try:
            self._look_at(request)
            activity = await _activity(request)
            event = parse(activity)
            return await self._take(activity, event, request.headers.get("authorization", ""))
        except Distrusted as error:
            log.warning("Teams activity refused: %s", error)
            return Response(status_code=401, headers={"WWW-Authenticate": "Bearer"})
        except Malformed as error:
            log.warning("Teams activity malformed: %s", error)
            return Response(f"Malformed activity: {error}", status_code=400)
        except Unavailable as error:
            log.error("Teams activity not taken: %s", error)
            return Response(status_code=503, headers={"Retry-After": "5"})

    def _look_at(self, request: Request) -> None:
        if self._insecure and not from_this_machine(request):
            raise Distrusted("not from this machine")
        if not self._insecure and "authorization" not in request.headers:
            raise Distrusted("no token")

    async def _take(self, activity: Activity, event: Event | None, authorization: str) -> Response:
        service_url = text_at(activity, "serviceUrl")
        if not self._service_urls.allow(service_url):
            raise Distrusted("a service URL that is not on the list")
        if text_at(activity, "channelId") != CHANNEL:
            raise Distrusted("another channel")
        if self._tenant and {tenant.lower() for tenant in tenants(activity)} != {self._tenant}:
            raise Distrusted("another tenant")

        async def take() -> bool:
            if event:
                self._say_aside(activity, event, await self._dispatcher.accept(event))
            return text_at(activity, "name") == FEEDBACK_INVOKE

        status = await self._bot.receive(text_at(activity, "type"), service_url, authorization, take)
        is_invoke = text_at(activity, "type") == "invoke"
        return JSONResponse({}, status_code=status) if is_invoke else Response(status_code=status)

    def _say_aside(self, activity: Activity, event: Event, receipt: Receipt) -> None:
        """Shows what came of an event once it is acknowledged; Teams has no messages for one person's eyes."""
        posts = [noted(receipt.note)] if receipt.note else []
        if receipt.offer:
            question = event.turn.text if isinstance(event, Edited) else ""
            posts.append(offered(receipt.offer, language_of(question)))
        if posts and len(self._asides) < _ASIDES:
            task = asyncio.create_task(self._post_aside(address_of(activity), posts))
            self._asides.add(task)
            task.add_done_callback(self._asides.discard)

    async def _post_aside(self, address: Address, posts: Sequence[Post]) -> None:
        with contextlib.suppress(NotTaken, TimeoutError):
            async with asyncio.timeout(CALL_SECONDS):
                for post in posts:
                    await self._bot.send(address, post)


async def _activity(request: Request) -> Activity:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Malformed("Content-Type must be application/json")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_BODY:
            raise Malformed("longer than 1 MB")
    try:
        activity = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Malformed("not JSON") from error
    if not isinstance(activity, dict):
        raise Malformed("not an object")
    return activity
