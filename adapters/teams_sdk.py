"""Microsoft's Bot Framework SDK, and the only file that imports it: proves who calls, sends what we say.

botbuilder-core 4.17.1 is the last release, so each of its defects that stands in our way is mended here.
"""

import asyncio
import logging
import random
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import jwt
import msal  # type: ignore[import-untyped]  # ships no types
import requests
from azure.core.exceptions import DeserializationError
from botbuilder.core import BotAdapter, CloudAdapterBase, InvokeResponse, TurnContext
from botbuilder.schema import (
    Activity,
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
    ManagedIdentityAppCredentials,
    MicrosoftAppCredentials,
    ServiceClientCredentialsFactory,
)
from botframework.connector.auth.jwt_token_extractor import JwtTokenExtractor
from msrest.exceptions import ClientException, ClientRequestError
from msrest.universal_http.requests import ClientRetryPolicy
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from adapters.teams_events import Address
from adapters.teams_trust import CHANNEL, Distrusted, SigningKeys, refuse_at_sight
from bot.errors import Unavailable

_CALL_SECONDS: Final = 10
_LONGEST_WAIT: Final = 30.0
_TRIES: Final = 5
_TRY_AGAIN: Final = frozenset({412, 429, 502, 504})

Take = Callable[[], Awaitable[bool]]

log = logging.getLogger(__name__)


class TeamsBot:
    """Our bot as Microsoft knows it; without an app id nothing is checked and nothing signed."""

    def __init__(self, app_id: str, app_password: str, tenant_id: str, app_type: str) -> None:
        self._app_id = app_id
        self._http = _Session()
        self._credentials = _credentials(app_id, app_password, tenant_id, app_type, self._http)
        self._signing_in = asyncio.Lock()
        self._auth = BotFrameworkAuthenticationFactory.create(
            credential_factory=_OneCredential(self._credentials), auth_configuration=AuthenticationConfiguration()
        )
        self._adapter = CloudAdapterBase(self._auth)
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

    async def send(
        self,
        address: Address,
        text: str,
        entities: Sequence[Mapping[str, object]] = (),
        channel_data: Mapping[str, object] | None = None,
    ) -> str:
        """Sends a message as a reply and returns its id; Unavailable if Teams does not take it, even later."""
        activity = Activity(
            type="message",
            text=text,
            text_format="markdown",
            entities=[_Entity(additional_properties=dict(entity)) for entity in entities],
            channel_data=channel_data,
        )
        return await self._deliver(address, activity, _TRIES)

    async def show_typing(self, address: Address) -> None:
        """Lets Teams show for a few seconds that we are typing; Unavailable if it does not, at once."""
        await self._deliver(address, Activity(type="typing"), tries=1)

    def close(self) -> None:
        """Closes the connections to Microsoft's sign-in."""
        self._http.close()

    async def _proof(self, activity: Activity, authorization: str) -> AuthenticateRequestResult:
        if self._app_id:
            refuse_at_sight(authorization)
        try:
            return await self._auth.authenticate_request(activity, authorization if self._app_id else "")
        except (jwt.PyJWTError, PermissionError) as error:
            raise Distrusted(type(error).__name__) from error

    async def _deliver(self, address: Address, activity: Activity, tries: int) -> str:
        await self._sign_in()
        tried = 0
        while True:
            tried += 1
            try:
                async with asyncio.timeout(2 * _CALL_SECONDS):
                    return await self._post(address, activity)
            except (ClientException, DeserializationError, TimeoutError) as error:
                pause = _pause(error, tried)
                if pause is None or tried == tries:
                    log.warning("Teams did not take a %s: %s", activity.type, _reason(error))
                    raise Unavailable(_UNDELIVERED) from error
                await asyncio.sleep(pause)

    async def _sign_in(self) -> None:
        """Fetches the token off the loop, once for all; the SDK then asks for it in the loop, and finds it there."""
        if not self._app_id:
            return
        try:
            async with self._signing_in:
                await asyncio.to_thread(self._credentials.get_access_token)
        except (
            PermissionError,
            LookupError,
            ValueError,
            msal.exceptions.MsalError,
            requests.RequestException,
        ) as error:
            code = re.search(r"AADSTS\d+", str(error))
            log.error("no token to answer in Teams: %s", code[0] if code else type(error).__name__)
            raise Unavailable(_UNDELIVERED) from error

    async def _post(self, address: Address, activity: Activity) -> str:
        sent: list[str] = []

        async def logic(context: TurnContext) -> None:
            context.activity.id = address.activity  # else we would reply to an id that the SDK made up
            client = context.turn_state[BotAdapter.BOT_CONNECTOR_CLIENT_KEY]
            client.config.connection.timeout = _CALL_SECONDS
            client.config.redirect_policy.allow = False
            client.config.retry_policy.retries = 0
            async with client:
                response = await context.send_activity(activity)
            sent.append(response.id or "")

        await self._adapter.continue_conversation(_reference(address), logic, bot_app_id=self._app_id)
        return sent[0]


class _Session(requests.Session):
    """A session whose every request has a deadline."""

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        return super().request(*args, **{"timeout": _CALL_SECONDS, **kwargs})


class _AppCredentials(MicrosoftAppCredentials):  # type: ignore[misc]  # the SDK ships no types
    """Signs in over a session of ours: the SDK's has no deadline."""

    app: Any
    http: requests.Session

    def get_access_token(self, force_refresh: bool = False) -> str:
        self.app = self.app or msal.ConfidentialClientApplication(
            self.microsoft_app_id,
            client_credential=self.microsoft_app_password,
            authority=self.oauth_endpoint,
            http_client=self.http,
        )
        return str(super().get_access_token(force_refresh))


class _OneCredential(ServiceClientCredentialsFactory):  # type: ignore[misc]  # the SDK ships no types
    """Hands out one credential: the SDK makes one a turn, and each signs in anew."""

    def __init__(self, credential: MicrosoftAppCredentials) -> None:
        self._credential = credential

    async def is_valid_app_id(self, app_id: str) -> bool:
        return bool(app_id == self._credential.microsoft_app_id)

    async def is_authentication_disabled(self) -> bool:
        return not self._credential.microsoft_app_id

    async def create_credentials(self, *_: object, **__: object) -> MicrosoftAppCredentials:
        return self._credential


class _Entity(Entity):  # type: ignore[misc]  # the SDK ships no types
    """An entity that keeps its properties: the SDK's drops all but the type."""

    _attribute_map: Final = {**Entity._attribute_map, "additional_properties": {"key": "", "type": "{object}"}}


_UNDELIVERED: Final = "Teams did not take the answer."


def _credentials(
    app_id: str, password: str, tenant_id: str, app_type: str, http: requests.Session
) -> MicrosoftAppCredentials:
    scope = AuthenticationConstants.TO_CHANNEL_FROM_BOT_OAUTH_SCOPE
    if app_id and app_type == "UserAssignedMSI":
        credentials = ManagedIdentityAppCredentials(app_id, scope)
        identity = msal.UserAssignedManagedIdentity(client_id=app_id)
        credentials.app = msal.ManagedIdentityClient(identity, http_client=http)
        return credentials
    credentials = _AppCredentials(app_id, password, tenant_id if app_type == "SingleTenant" else None, scope)
    credentials.http = http
    return credentials


def _reference(address: Address) -> ConversationReference:
    return ConversationReference(
        activity_id=address.activity,
        channel_id=CHANNEL,
        service_url=address.service_url,
        conversation=ConversationAccount(id=address.conversation),
        user=ChannelAccount(id=address.user),
        bot=ChannelAccount(id=address.bot),
    )


def _pause(error: Exception, tried: int) -> float | None:
    """Seconds until the next try; None where it is no use, or might deliver a second time."""
    pause = 0.25 * 2**tried * random.uniform(0.8, 1.2)  # noqa: S311 - spreads load, guards nothing
    if isinstance(error, ErrorResponseException):
        pause = _seconds(error.response.headers.get("Retry-After", ""), pause)
        again = error.response.status_code in _TRY_AGAIN and pause <= _LONGEST_WAIT
    elif isinstance(error, DeserializationError):
        again = True  # a page of some proxy on the way: Teams itself answers in JSON
    else:
        again = isinstance(error, ClientRequestError) and _never_left(error.inner_exception)
    return pause if again else None


def _reason(error: Exception) -> str:
    if not isinstance(error, ErrorResponseException):
        return type(error).__name__
    code = getattr(getattr(error.error, "error", None), "code", None)
    return f"{error.response.status_code} {code or ''}"


def _seconds(retry_after: str, default: float) -> float:
    return float(retry_after) if re.fullmatch(r"\d{1,6}(\.\d+)?", retry_after) else default


def _never_left(error: Exception | None) -> bool:
    """Whether a request failed before it was sent; one that timed out later may have been delivered."""
    reason = getattr(error.args[0], "reason", None) if error and error.args else None
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)
