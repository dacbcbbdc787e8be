"""A bot of botbuilder as its documents show it, answering with the posts it is told: what any answer in Teams costs.

Of its defects one is mended that would have it say less than we do: its `Entity` drops all but the type. Those that
make it slow are left in `bare`; `cached` makes credentials once, where the SDK makes them, and signs in, for every
turn; `kept` makes its clients once as well, and so keeps its connections.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, Literal

from botbuilder.core import ActivityHandler, CloudAdapterBase, TurnContext
from botbuilder.schema import Activity, Attachment, Entity
from botframework.connector.auth import (
    AuthenticationConfiguration,
    BotFrameworkAuthenticationFactory,
    PasswordServiceClientCredentialFactory,
)
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ops.bench.teams_watch import replaced

Call = tuple[str, Mapping[str, Any]]
Mended = Literal["bare", "cached", "kept"]

# What a bot says itself; the rest is put on by the turn's context.
_OWN: Final = {
    "type": "type",
    "text": "text",
    "textFormat": "text_format",
    "summary": "summary",
    "channelData": "channel_data",
}


def bare_routes(app_id: str, password: str, calls: Mapping[str, Sequence[Call]], mended: Mended) -> list[Route]:
    """The one route of a bot that makes these calls, by the type of conversation, about each message that it hears."""
    credentials = (PasswordServiceClientCredentialFactory if mended == "bare" else _Credentials)(app_id, password)
    authentication = BotFrameworkAuthenticationFactory.create(
        credential_factory=credentials, auth_configuration=AuthenticationConfiguration()
    )
    adapter, bot = _Adapter(_Clients(authentication) if mended == "kept" else authentication), _Bot(calls)

    async def receive(request: Request) -> Response:
        activity = Activity().deserialize(await request.json())
        said = await adapter.process_activity(request.headers.get("Authorization", ""), activity, bot.on_turn)
        return JSONResponse(said.body, said.status) if said else Response(status_code=HTTPStatus.CREATED)

    return [Route("/api/messages", receive, methods=["POST"])]


class _Adapter(CloudAdapterBase):  # type: ignore[misc]  # the SDK ships no types
    """What the SDK's CloudAdapter adds to its base is the reading of requests by aiohttp."""


class _Bot(ActivityHandler):  # type: ignore[misc]  # the SDK ships no types
    def __init__(self, calls: Mapping[str, Sequence[Call]]) -> None:
        super().__init__()
        self._calls = calls

    async def on_message_activity(self, turn_context: TurnContext) -> None:
        asked = turn_context.activity
        own = {"$conversation": asked.conversation.id, "$activity": asked.id, "$user": asked.from_property.id}
        posted = 0
        for method, call in self._calls[asked.conversation.conversation_type]:
            about, said = replaced(call["about"], own), _activity(replaced(call["said"], own))
            if method == "delete":
                await turn_context.delete_activity(about)
            elif method == "edit":
                said.id = about
                await turn_context.update_activity(said)
            else:
                reply = await turn_context.send_activity(said)
                if reply and reply.id not in own.values():
                    own[f"${posted}"] = reply.id
                    posted += 1


class _Entity(Entity):  # type: ignore[misc]  # the SDK ships no types
    """One that is sent whole; the SDK's is sent with nothing but its type."""

    _attribute_map: Final = {
        "type": {"key": "type", "type": "str"},
        "additional_properties": {"key": "", "type": "{object}"},
    }

    def __init__(self, said: Mapping[str, Any]) -> None:
        super().__init__(type=said["type"])
        self.additional_properties = {key: it for key, it in said.items() if key != "type"}


class _Credentials(PasswordServiceClientCredentialFactory):  # type: ignore[misc]  # the SDK ships no types
    """Makes credentials once for each use; the SDK's makes them, and so signs in, for every turn."""

    def __init__(self, app_id: str, password: str) -> None:
        super().__init__(app_id, password)
        self._made: dict[tuple[str, ...], Any] = {}

    async def create_credentials(self, *use: Any, **named: Any) -> Any:
        key = tuple(map(str, (*use, *named.values())))
        if key not in self._made:
            self._made[key] = await super().create_credentials(*use, **named)
        return self._made[key]


class _Clients:
    """What an adapter asks of its authentication, with clients that are made once, not for every turn."""

    def __init__(self, authentication: Any) -> None:
        self._authentication = authentication
        self._connectors: dict[str, Any] = {}
        self._factory: Any = None
        self._tokens: Any = None

    async def authenticate_request(self, activity: Activity, auth_header: str) -> Any:
        result = await self._authentication.authenticate_request(activity, auth_header)
        self._factory, result.connector_factory = result.connector_factory, self
        return result

    async def create_user_token_client(self, claims_identity: Any) -> Any:
        if self._tokens is None:
            self._tokens = await self._authentication.create_user_token_client(claims_identity)
        return self._tokens

    async def create(self, service_url: str, audience: str) -> Any:
        if service_url not in self._connectors:
            self._connectors[service_url] = await self._factory.create(service_url, audience)
        return self._connectors[service_url]


def _activity(said: Mapping[str, Any]) -> Activity:
    """As a bot's code would make it."""
    activity = Activity(**{name: said[key] for key, name in _OWN.items() if key in said})
    if "entities" in said:
        activity.entities = [_Entity(it) for it in said["entities"]]
    if "attachments" in said:
        activity.attachments = [
            Attachment(content_type=it["contentType"], content=it["content"]) for it in said["attachments"]
        ]
    return activity
