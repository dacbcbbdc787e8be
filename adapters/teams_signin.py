"""Signs our bot in with Microsoft: by password, certificate or managed identity; one token for all calls.

The SDK makes one credential a turn, which signs in anew each time, on the event loop and without a deadline.
"""

import asyncio
import logging
import re
import time
from typing import Any, Final

import msal  # type: ignore[import-untyped]  # ships no types
import requests
from botframework.connector.auth import (
    AuthenticationConstants,
    ManagedIdentityAppCredentials,
    MicrosoftAppCredentials,
    ServiceClientCredentialsFactory,
)
from requests.adapters import HTTPAdapter

from adapters.teams_calls import Fate, NotTaken
from adapters.teams_certificate import Certificate
from adapters.teams_wire import authorities

KNOWN_SECONDS: Final = 60.0  # that a token is used unasked; MSAL renews what has less than five minutes left
WAIT_SECONDS: Final = 6.0  # for a token, less than a call may take
YOUNG_SECONDS: Final = 30.0  # a token refused so soon will not be taken after another sign-in either
_REQUEST_SECONDS: Final = 5

# What MSAL raises, also over an answer that is not what it expected.
_FAILURES: Final = (
    PermissionError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    msal.exceptions.MsalError,
    requests.RequestException,
)

log = logging.getLogger(__name__)


class SignIn:
    """Our bot's token, fetched off the loop, once for all who wait for it; without an app id there is none.

    `service` is for whom the token is, as an address; where it is not given, the Bot Connector.
    """

    def __init__(
        self, app_id: str, password: str, tenant_id: str, app_type: str, certificate: str = "", service: str = ""
    ) -> None:
        self._app_id = app_id
        self._http = _Session()
        secret = _secret(certificate) if certificate else password
        self._credentials = _credentials(app_id, secret, tenant_id, app_type, self._http, service)
        self._token = ""
        self._since = self._until = 0.0
        self._anew = False
        self._fetching: asyncio.Task[str] | None = None

    async def token(self) -> str:
        """The token to speak with. Raises NotTaken."""
        if not self._app_id or (self._token and time.monotonic() < self._until):
            return self._token
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.create_task(self._fetch())
            self._fetching.add_done_callback(_seen)
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                return await asyncio.shield(self._fetching)
        except TimeoutError:
            raise NotTaken("no token in time") from None

    def forget(self) -> Fate:
        """Signs in anew next time, for our token was refused; whether that may help."""
        young = not self._app_id or time.monotonic() - self._since < YOUNG_SECONDS
        self._until, self._anew = 0.0, not young
        return Fate.REFUSED if young else Fate.LATER

    def close(self) -> None:
        """Closes the connections; who waits for a token gets none. Safe to call twice."""
        if self._fetching:
            self._fetching.cancel()
        self._http.close()

    def _ask(self) -> str:
        """What MSAL has, or fetches; all of it may wait for Microsoft."""
        if self._anew and isinstance(self._credentials.app, msal.ConfidentialClientApplication):
            self._credentials.app.remove_tokens_for_client()
        token = self._credentials.get_access_token()
        self._anew = False
        return str(token)

    async def _fetch(self) -> str:
        try:
            token = await asyncio.to_thread(self._ask)
            if not token or not token.isascii() or not token.isprintable():
                raise ValueError("no token")
        except _FAILURES as error:
            code = re.search(r"AADSTS\d+", str(error))
            log.error("no token to answer in Teams: %s", code[0] if code else type(error).__name__)
            raise NotTaken("no token") from error
        now = time.monotonic()
        if token != self._token:
            self._since = now
        self._token, self._until = token, now + KNOWN_SECONDS
        return self._token


class OneBot(ServiceClientCredentialsFactory):  # type: ignore[misc]  # the SDK ships no types
    """Whom the SDK checks a token for."""

    def __init__(self, app_id: str) -> None:
        self._app_id = app_id

    async def is_valid_app_id(self, app_id: str) -> bool:
        """Whether a token is meant for us; a list of several is meant for others too."""
        return bool(app_id == self._app_id)

    async def is_authentication_disabled(self) -> bool:
        """Whether nothing is checked, as there is no app id."""
        return not self._app_id

    async def create_credentials(self, *_: object, **__: object) -> MicrosoftAppCredentials:
        """None that could sign anything: the SDK only listens."""
        return MicrosoftAppCredentials.empty()


def _credentials(
    app_id: str, secret: str | dict[str, str], tenant_id: str, app_type: str, http: requests.Session, service: str
) -> Any:
    scope = service or AuthenticationConstants.TO_CHANNEL_FROM_BOT_OAUTH_SCOPE
    if app_id and app_type == "UserAssignedMSI":
        return _ManagedIdentity(app_id, scope, http)
    return _AppCredentials(app_id, secret, tenant_id if service or app_type == "SingleTenant" else None, scope, http)


def _secret(path: str) -> dict[str, str]:
    """The certificate as MSAL takes it: SHA-256 for its thumbprint, and the chain for those who trust its issuer."""
    certificate = Certificate.read(path)
    return {"private_key": certificate.key, "public_certificate": certificate.chain}


class _Session(requests.Session):
    """A session whose every request has a deadline, and believes whom all our calls believe."""

    def __init__(self) -> None:
        super().__init__()
        self.mount("https://", _Believing())

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        return super().request(*args, **{"timeout": _REQUEST_SECONDS, "allow_redirects": False, **kwargs})


class _Believing(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, ssl_context=authorities())

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        return super().proxy_manager_for(*args, **kwargs, ssl_context=authorities())


class _AppCredentials(MicrosoftAppCredentials):  # type: ignore[misc]  # the SDK ships no types
    """Signs in over a session of ours, with a password or a certificate."""

    app: Any

    def __init__(
        self, app_id: str, secret: str | dict[str, str], tenant_id: str | None, scope: str, http: requests.Session
    ) -> None:
        super().__init__(app_id, "", tenant_id, scope)
        self._secret = secret
        self._http = http

    def get_access_token(self, force_refresh: bool = False) -> str:
        self.app = self.app or msal.ConfidentialClientApplication(
            self.microsoft_app_id,
            client_credential=self._secret,
            authority=self.oauth_endpoint,
            http_client=self._http,
        )
        return str(super().get_access_token(force_refresh))


class _ManagedIdentity(ManagedIdentityAppCredentials):  # type: ignore[misc]  # the SDK ships no types
    """Signs in as the machine that we run on; of a refusal the SDK's would keep nothing but that there was one."""

    app: Any

    def __init__(self, app_id: str, scope: str, http: requests.Session) -> None:
        super().__init__(app_id, scope)
        self._client = msal.UserAssignedManagedIdentity(client_id=app_id)
        self._http = http

    def get_access_token(self, force_refresh: bool = False) -> str:  # noqa: ARG002 - as the SDK's
        self.app = self.app or msal.ManagedIdentityClient(self._client, http_client=self._http)
        said = self.app.acquire_token_for_client(resource=self.oauth_scope)
        if "access_token" not in said:
            raise PermissionError(
                f"no token for the managed identity: {said.get('error')} {said.get('error_description')}"
            )
        return str(said["access_token"])


def _seen(fetching: asyncio.Task[str]) -> None:
    """A failure that nobody waited for is in the log already."""
    if not fetching.cancelled():
        fetching.exception()
