"""Microsoft's Bot Framework SDK: proves who calls, sends what we say; it and `teams_signin` alone import it.

botbuilder-core 4.17.1 is the last release, so each of its defects that stands in our way is mended here.
"""

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from enum import Enum, auto
from typing import Any, Final

import jwt
import msal  # type: ignore[import-untyped]  # ships no types
import requests
from azure.core.exceptions import DeserializationError
from botbuilder.core import CloudAdapterBase, InvokeResponse, TurnContext
from botbuilder.schema import (
    Activity,
    Attachment,
    ChannelAccount,
    ConversationAccount,
    ConversationReference,
    Entity,
    ErrorResponseException,
)
from botframework.connector.auth import (
    AuthenticateRequestResult,
    AuthenticationConfiguration,
    AuthenticationConstants,
    BotFrameworkAuthenticationFactory,
)
from botframework.connector.auth.jwt_token_extractor import JwtTokenExtractor
from msrest.exceptions import ClientException, ClientRequestError
from msrest.universal_http.async_requests import AsyncRequestsClientResponse, AsyncRequestsHTTPSender
from msrest.universal_http.requests import ClientRetryPolicy
from requests.adapters import HTTPAdapter

from adapters.teams_events import Address
from adapters.teams_message import Post
from adapters.teams_signin import OneCredential, SignInSession, credentials_of
from adapters.teams_trust import CHANNEL, Distrusted, SigningKeys, refuse_at_sight
from bot.ticket import CALL_SECONDS

# Together less than a call may take in all.
_CONNECT_SECONDS: Final = 3.0
_READ_SECONDS: Final = 4.5
_THREADS: Final = 8
_SERVICES: Final = 32
_CARD: Final = "application/vnd.microsoft.card.adaptive"
_SIGNED_IN_SECONDS: Final = 60.0  # far less than a token is good for
_LATER: Final = frozenset({408, 412, 429})
_UNREACHABLE: Final = frozenset(
    {
        "BotDisabledByAdmin",
        "BotNotInConversationRoster",
        "BotNotRegistered",
        "ConversationBlockedByUser",
        "ConversationNotFound",
        "MessageWritesBlocked",
    }
)

Take = Callable[[], Awaitable[bool]]

log = logging.getLogger(__name__)


class Fate(Enum):
    """What becomes of a call that Teams did not take."""

    LATER = auto()  # it may be taken later
    GONE = auto()  # the message that it is about was deleted
    REFUSED = auto()  # not as it is
    UNREACHABLE = auto()  # nobody is there any more


class NotTaken(Exception):
    """Teams did not take a call, and wants none for `pause` seconds; where no answer came it may have."""

    def __init__(self, reason: str, fate: Fate = Fate.LATER, pause: float = 0.0) -> None:
        super().__init__(reason)
        self.fate = fate
        self.pause = pause


class TeamsBot:
    """Our bot as Microsoft knows it; without an app id nothing is checked and nothing signed."""

    def __init__(self, app_id: str, app_password: str, tenant_id: str, app_type: str) -> None:
        self._app_id = app_id
        self._http = SignInSession()
        self._credentials = credentials_of(app_id, app_password, tenant_id, app_type, self._http)
        self._signing_in = asyncio.Lock()
        self._auth = BotFrameworkAuthenticationFactory.create(
            credential_factory=OneCredential(self._credentials), auth_configuration=AuthenticationConfiguration()
        )
        self._adapter = CloudAdapterBase(self._auth)
        self._connectors = self._auth.create_connector_factory(self._adapter.create_claims_identity(app_id))
        self._clients: dict[str, Any] = {}
        self._threads = ThreadPoolExecutor(_THREADS, "teams")
        self._signed_in_until = 0.0
        keys_at = AuthenticationConstants.TO_BOT_FROM_CHANNEL_OPENID_METADATA_URL
        JwtTokenExtractor.metadataCache[keys_at] = SigningKeys(keys_at)
        # A list of 500, searched 999 times for every client: 9 ms of the event loop per message.
        ClientRetryPolicy.safe_codes = frozenset(ClientRetryPolicy.safe_codes)  # type: ignore[assignment]  # see above

    async def receive(self, kind: str, service_url: str, authorization: str, take: Take) -> int:
        """Has `take` look at an activity once its sender is proven, else raises Distrusted; the HTTP status to answer.

        `take` says whether an invoke is one of ours. The SDK is given only what it checks: its parser matches keys
        in any case, so of two spellings it could check one where we read the other.
        """
        activity = Activity(type=kind, channel_id=CHANNEL, service_url=service_url)

        async def logic(context: TurnContext) -> None:
            if await take():
                done = InvokeResponse(status=200, body={})
                await context.send_activity(Activity(type="invokeResponse", value=done))

        proof = await self._proof(activity, authorization)
        response = await self._adapter.process_activity(proof, activity, logic)
        return int(response.status) if response else 200

    async def send(self, address: Address, post: Post) -> str:
        """Posts a message as a reply and returns its id. Raises NotTaken; it may have arrived all the same."""
        response = await self._call(
            address,
            lambda chat: chat.reply_to_activity(address.conversation, address.activity, _activity(address, post)),
        )
        if not response or not response.id:
            raise NotTaken("an answer without an id")
        return str(response.id)

    async def update(self, address: Address, message: str, post: Post) -> None:
        """Replaces a message of ours. Raises NotTaken."""
        await self._call(
            address, lambda chat: chat.update_activity(address.conversation, message, _activity(address, post))
        )

    async def delete(self, address: Address, message: str) -> None:
        """Deletes a message of ours. Raises NotTaken."""
        await self._call(address, lambda chat: chat.delete_activity(address.conversation, message))

    def close(self) -> None:
        """Closes the connections to Microsoft; calls under way are not waited for."""
        self._http.close()
        for client in self._clients.values():
            client.config.pipeline._sender.driver.close()
        self._clients.clear()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _proof(self, activity: Activity, authorization: str) -> AuthenticateRequestResult:
        if self._app_id:
            refuse_at_sight(authorization)
        try:
            return await self._auth.authenticate_request(activity, authorization if self._app_id else "")
        except (jwt.PyJWTError, PermissionError) as error:
            raise Distrusted(type(error).__name__) from error

    async def _call(self, address: Address, call: Callable[[Any], Awaitable[Any]]) -> Any:
        await self._sign_in()
        client = await self._client(address.service_url)
        try:
            return await call(client.conversations)
        except (ClientException, DeserializationError) as error:
            raise _not_taken(error) from error

    async def _sign_in(self) -> None:
        """Fetches the token off the loop, once for all; the SDK then asks for it in the loop, and finds it there."""
        if not self._app_id or time.monotonic() < self._signed_in_until:
            return
        try:
            async with self._signing_in:
                await asyncio.to_thread(self._credentials.get_access_token)
            self._signed_in_until = time.monotonic() + _SIGNED_IN_SECONDS
        except (
            PermissionError,
            LookupError,
            ValueError,
            msal.exceptions.MsalError,
            requests.RequestException,
        ) as error:
            code = re.search(r"AADSTS\d+", str(error))
            log.error("no token to answer in Teams: %s", code[0] if code else type(error).__name__)
            raise NotTaken("no token") from error

    async def _client(self, service_url: str) -> Any:
        """One client for all calls to a service: a new one each time would shake hands anew."""
        if service_url not in self._clients:
            if len(self._clients) == _SERVICES:
                del self._clients[next(iter(self._clients))]
            client = await self._connectors.create(service_url)
            client.config.connection.timeout = _CONNECT_SECONDS, _READ_SECONDS
            client.config.redirect_policy.allow = False
            client.config.pipeline._sender.driver = _Sender(client.config, self._threads)
            self._clients[service_url] = client
        return self._clients[service_url]


class _Sender(AsyncRequestsHTTPSender):
    """Sends from threads of our own: the SDK takes those that all parts share, and Teams may hold them for long.

    What waited too long for a thread, or in a process that was stopped, is not sent any more.
    """

    def __init__(self, config: Any, threads: ThreadPoolExecutor) -> None:
        super().__init__(config)
        for scheme in ("https://", "http://"):
            self.session.mount(scheme, HTTPAdapter(pool_maxsize=_THREADS))  # one that tries nothing again by itself
        self._threads = threads

    async def send(self, request: Any, **config: Any) -> Any:  # type: ignore[override]  # as the SDK's does
        said = self._configure_send(request, **config)
        session, valid_until = self.session, time.monotonic() + CALL_SECONDS

        def speak() -> Any:
            if time.monotonic() > valid_until:
                raise requests.Timeout("too late")
            return session.request(request.method, request.url, **said)

        try:
            answer = await asyncio.get_running_loop().run_in_executor(self._threads, speak)
        except requests.RequestException as error:
            raise ClientRequestError("not sent, or no answer", error) from error
        return AsyncRequestsClientResponse(request, answer)  # type: ignore[no-untyped-call]  # msrest's


class _Entity(Entity):  # type: ignore[misc]  # the SDK ships no types
    """An entity that keeps its properties: the SDK's drops all but the type."""

    _attribute_map: Final = {**Entity._attribute_map, "additional_properties": {"key": "", "type": "{object}"}}


def _activity(address: Address, post: Post) -> Activity:
    shown: dict[str, object] = {"text": post.text, "text_format": "markdown"}
    if card := post.card:
        shown = {"attachments": [Attachment(content_type=_CARD, content=card)], "summary": post.text}
    activity = Activity(
        type="message",
        entities=[_Entity(additional_properties=dict(entity)) for entity in post.entities],
        channel_data=post.channel_data,
        **shown,
    )
    return TurnContext.apply_conversation_reference(activity, _reference(address))


def _reference(address: Address) -> ConversationReference:
    return ConversationReference(
        activity_id=address.activity,
        channel_id=CHANNEL,
        service_url=address.service_url,
        conversation=ConversationAccount(id=address.conversation),
        user=ChannelAccount(id=address.user),
        bot=ChannelAccount(id=address.bot),
    )


def _not_taken(error: Exception) -> NotTaken:
    if not isinstance(error, ErrorResponseException):  # unreadable: a page of some proxy on the way
        return NotTaken(type(error).__name__)
    status, wanted = error.response.status_code, error.response.headers.get("Retry-After", "")
    code = getattr(getattr(error.error, "error", None), "code", None) or ""
    pause = float(wanted) if re.fullmatch(r"\d{1,6}(\.\d+)?", wanted) else 0.0
    return NotTaken(f"{status} {code}", _fate(status, code), pause)


def _fate(status: int, code: str) -> Fate:
    if code in _UNREACHABLE:
        return Fate.UNREACHABLE
    if status == 404:
        return Fate.GONE
    return Fate.LATER if status in _LATER or status >= 500 else Fate.REFUSED
