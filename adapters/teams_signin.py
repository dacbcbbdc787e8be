"""Signs our bot in with Microsoft, over a session of ours: the SDK's has no deadline and signs in anew each turn."""

from typing import Any, Final

import msal  # type: ignore[import-untyped]  # ships no types
import requests
from botframework.connector.auth import (
    AuthenticationConstants,
    ManagedIdentityAppCredentials,
    MicrosoftAppCredentials,
    ServiceClientCredentialsFactory,
)

_CALL_SECONDS: Final = 10


def credentials_of(
    app_id: str, password: str, tenant_id: str, app_type: str, http: requests.Session
) -> MicrosoftAppCredentials:
    """What the bot signs in with: its password, or the managed identity of the machine."""
    scope = AuthenticationConstants.TO_CHANNEL_FROM_BOT_OAUTH_SCOPE
    if app_id and app_type == "UserAssignedMSI":
        credentials = ManagedIdentityAppCredentials(app_id, scope)
        identity = msal.UserAssignedManagedIdentity(client_id=app_id)
        credentials.app = msal.ManagedIdentityClient(identity, http_client=http)
        return credentials
    credentials = _AppCredentials(app_id, password, tenant_id if app_type == "SingleTenant" else None, scope)
    credentials.http = http
    return credentials


class SignInSession(requests.Session):
    """A session whose every request has a deadline."""

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        return super().request(*args, **{"timeout": _CALL_SECONDS, **kwargs})


class OneCredential(ServiceClientCredentialsFactory):  # type: ignore[misc]  # the SDK ships no types
    """Hands out one credential: the SDK makes one a turn, and each signs in anew."""

    def __init__(self, credential: MicrosoftAppCredentials) -> None:
        self._credential = credential

    async def is_valid_app_id(self, app_id: str) -> bool:
        return bool(app_id == self._credential.microsoft_app_id)

    async def is_authentication_disabled(self) -> bool:
        return not self._credential.microsoft_app_id

    async def create_credentials(self, *_: object, **__: object) -> MicrosoftAppCredentials:
        return self._credential


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
