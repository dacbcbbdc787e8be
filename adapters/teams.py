"""Microsoft Teams: takes activities at /api/messages, and answers them in the conversation they came from."""

import asyncio
import logging
import time
from collections.abc import Coroutine, Mapping, Sequence
from functools import partial
from typing import Final
from weakref import WeakValueDictionary

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.access import from_this_machine
from adapters.body import BadBody, body_of
from adapters.teams_activity import PLATFORM, Activity, Address, Malformed, address_of, tenants, text_at
from adapters.teams_calls import NotTaken
from adapters.teams_cards import Manner
from adapters.teams_entra import GRAPH, Graph
from adapters.teams_events import events, helped
from adapters.teams_extension import TeamsExtension
from adapters.teams_files import TeamsFiles
from adapters.teams_helpdesk import TeamsHelpdesk
from adapters.teams_invokes import TeamsInvokes
from adapters.teams_marks import unsealed
from adapters.teams_members import TeamsMembers
from adapters.teams_message import Post, noted, offered
from adapters.teams_options import TeamsOptions
from adapters.teams_reply import TeamsReply
from adapters.teams_roster import TeamsRoster
from adapters.teams_sdk import TeamsBot
from adapters.teams_sharing import TeamsSharing
from adapters.teams_signin import SignIn
from adapters.teams_trust import CHANNEL, MICROSOFT_HOSTS, Distrusted, ServiceUrls
from bot.answers import Reply
from bot.dispatch import Dispatcher
from bot.errors import StateDown, Unavailable
from bot.events import AskPerson, Case, Command, Edited, Event, Receipt, Turn
from bot.language import language_of
from bot.ticket import Ticket

UNSTREAMED_SECONDS: Final = 600.0  # that answers are posted and edited for a company that does not let us stream

_SERVICES: Final = 1_000
_ASIDES: Final = 100  # at once
_ASIDE_SECONDS: Final = 8.0

log = logging.getLogger(__name__)


class TeamsAdapter:
    """Teams as a platform. `insecure` takes anything this machine sends and signs nothing: for tries without Azure."""

    name = PLATFORM

    def __init__(  # noqa: PLR0913 - what Azure tells of a bot, and the options
        self,
        dispatcher: Dispatcher,
        *,
        app_id: str,
        app_password: str = "",
        tenant_id: str = "",
        app_type: str = "SingleTenant",
        service_urls: Sequence[str] = MICROSOFT_HOSTS,
        insecure: bool = False,
        options: TeamsOptions | None = None,
    ) -> None:
        if not app_id and not insecure:
            raise ValueError("Teams needs an app id: without one nothing could be checked.")
        options = options or TeamsOptions()
        self._dispatcher = dispatcher
        self._bot = TeamsBot(
            "" if insecure else app_id,
            app_password,
            tenant_id,
            app_type,
            certificate=options.certificate,
            pace=options.pace,
        )
        self._service_urls = ServiceUrls(service_urls, loopback=insecure)
        self._tenant = tenant_id.lower()
        self._insecure = insecure
        self._options = options
        self._asides: set[asyncio.Task[None]] = set()
        self._replies: WeakValueDictionary[str, TeamsReply] = WeakValueDictionary()  # by conversation
        self._unstreamed: dict[tuple[str, str], float] = {}  # until when answers are not streamed there
        admit = TeamsMembers(self._bot, options.outsiders, tenant_id).admit
        self._entra = None
        if options.groups and app_id and not insecure:
            signed = SignIn(app_id, app_password, tenant_id, app_type, options.certificate, GRAPH)
            self._entra = Graph(signed)
        roster = TeamsRoster(self._bot, self._entra, options.rights_seconds, tenant_id)
        self._helpdesk = TeamsHelpdesk(self._bot, admit, options.helpdesk)
        extension = TeamsExtension(dispatcher, self._bot, admit)
        self._invokes = TeamsInvokes(dispatcher, extension, self._helpdesk)
        dispatcher.register(PLATFORM, self.reply, admit, TeamsFiles(insecure=insecure).fetch, roster)

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
        await self._bot.close()
        if self._entra:
            await self._entra.close()

    def reply(self, turn: Turn, ticket: Ticket) -> Reply:
        """Opens a reply to a turn, wherever the turn was taken."""
        where, there = turn.reply_to, Address.of(turn.reply_to)
        named = unsealed(self._options.seal, where.get("kept", ""), where.get("replaces", ""))
        replaced = [*dict.fromkeys([*named, *where.get("pressed", "").split()])]
        reply = TeamsReply(self._bot, there, ticket, language_of(turn.text), replaced=replaced)
        reply.stopped = partial(self._stopped, turn, ticket.key)
        reply.refused = partial(self._unstream, there)
        reply.holds = bool(named)  # what stands there is an answer
        reply.streams = there.personal and self._unstreamed.get(_service(there), 0) < time.monotonic()
        reply.manner = Manner(self._options.sensitivity, where.get("from", ""), self._options.seal)
        reply.former, self._replies[turn.conversation] = self._replies.get(turn.conversation), reply
        if not turn.shares:
            return reply
        return TeamsSharing(self._bot, reply, there, where.get("chat", ""), ticket, self._dispatcher.own)

    def health(self) -> None:
        """Whether Teams reaches us, nobody can tell over HTTP."""

    async def _receive(self, request: Request) -> Response:
        """Answers Microsoft at once; what the person asked is answered by the dispatcher in its own time."""
        try:
            self._look_at(request)
            activity = await _activity(request)
            return await self._take(activity, request.headers.get("authorization", ""))
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
        if not self._insecure and len(request.headers.getlist("authorization")) != 1:
            raise Distrusted("no token, or several")

    async def _take(self, activity: Activity, authorization: str) -> Response:
        """Has the activity followed once it is proven whose it is: until then nothing of it is looked at but that."""
        kind, service_url = text_at(activity, "type"), text_at(activity, "serviceUrl")
        if not self._service_urls.allow(service_url):
            raise Distrusted("a service URL that is not on the list")
        if text_at(activity, "channelId") != CHANNEL:
            raise Distrusted("another channel")
        if self._tenant and {tenant.lower() for tenant in tenants(activity)} != {self._tenant}:
            raise Distrusted("another tenant")
        body = await self._bot.receive(kind, service_url, authorization, partial(self._follow, activity))
        return JSONResponse(body) if kind == "invoke" else Response()

    async def _follow(self, activity: Activity) -> Mapping[str, object] | None:
        """Takes what happened, and only then returns; what an invoke is answered. Raises Malformed, StateDown."""
        if text_at(activity, "type") == "invoke":
            return await self._invokes.answer(activity)
        told = events(activity)
        for event in told:
            self._tell(activity, event, await self._dispatcher.accept(event))
        if not told and (line := helped(activity)):
            address = address_of(activity)
            if await self._dispatcher.first(address.message(address.activity)):
                self._aside(self._post(address, [noted(line)]))
        return None

    def _tell(self, activity: Activity, event: Event, receipt: Receipt) -> None:
        """Shows what came of an event once it is acknowledged; Teams has no messages for one person's eyes."""
        address = address_of(activity)
        if isinstance(event, AskPerson) and receipt.case:
            self._aside(self._hand(activity, event, receipt.case))
        posts = [noted(receipt.note)] if receipt.note else []
        if receipt.offer:
            question = event.turn.text if isinstance(event, Edited) else ""
            posts.append(offered(receipt.offer, language_of(question)))
        if posts:
            self._aside(self._post(address, posts))

    async def _hand(self, activity: Activity, event: AskPerson, case: Case) -> None:
        line = await self._helpdesk.hand(activity, case, event.message_id)
        await self._post(address_of(activity), [noted(line)])

    async def _post(self, address: Address, posts: Sequence[Post]) -> None:
        for post in posts:
            await self._bot.send(address, post)

    def _aside(self, work: Coroutine[object, object, None]) -> None:
        """Does it in the background, as best we can; beyond the limit it is left out."""
        if len(self._asides) >= _ASIDES:
            work.close()
            log.warning("a line beside answers was left out")
            return
        task = asyncio.create_task(_seen_to(work))
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)

    def _unstream(self, there: Address) -> None:
        """Spares a service that does not let us stream for a while."""
        if len(self._unstreamed) >= _SERVICES:
            self._unstreamed.clear()
        self._unstreamed[_service(there)] = time.monotonic() + UNSTREAMED_SECONDS

    async def _stopped(self, turn: Turn, key: str) -> None:
        """The person stopped the growing message in Teams itself: so does the answer."""
        stop = Command(f"{PLATFORM}:stopped:{key}:{turn.fence}", "stop", turn.person, turn.conversation)
        await self._dispatcher.accept(stop)


def _service(there: Address) -> tuple[str, str]:
    return there.service_url, there.tenant


async def _seen_to(work: Coroutine[object, object, None]) -> None:
    try:
        async with asyncio.timeout(_ASIDE_SECONDS):
            await work
    except (NotTaken, StateDown, TimeoutError) as error:
        log.info("a line beside answers was not shown", extra={"error": type(error).__name__})


async def _activity(request: Request) -> Activity:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Malformed("Content-Type must be application/json")
    try:
        activity = orjson.loads(await body_of(request))
    except BadBody as error:
        raise Malformed(str(error)) from error
    except orjson.JSONDecodeError as error:
        raise Malformed("not JSON") from error
    if not isinstance(activity, dict):
        raise Malformed("not an object")
    return activity
