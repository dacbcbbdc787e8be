"""Our bot as Microsoft knows it: the SDK proves who calls and runs the turn, what we say goes out as plain JSON.

botbuilder-core 4.17.1 is the last release. Its connector is not used: it makes a client and signs in for every turn,
drops what it does not know, and blocks the loop. This and `teams_signin` alone import the SDK.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Literal
from urllib.parse import quote

import jwt
from botbuilder.core import CloudAdapterBase, InvokeResponse, TurnContext
from botbuilder.schema import Activity
from botframework.connector.auth import (
    AuthenticateRequestResult,
    AuthenticationConfiguration,
    AuthenticationConstants,
    BotFrameworkAuthenticationFactory,
)
from botframework.connector.auth.jwt_token_extractor import JwtTokenExtractor

from adapters.teams_activity import Address
from adapters.teams_calls import Fate, NotTaken, limits, limits_of_reading, taken
from adapters.teams_message import Post
from adapters.teams_signin import OneBot, SignIn
from adapters.teams_trust import CHANNEL, Distrusted, SigningKeys, refuse_at_sight
from adapters.teams_wire import FAILURES, Wire
from bot.pace import FreePace, Limit, Pace

WITHIN: Final = 1.0  # seconds that a call waits for its turn where its caller says nothing
READ_WITHIN: Final = 5.0
_PAGE: Final = 200  # members of a channel; Teams gives 500 at most
_CARD: Final = "application/vnd.microsoft.card.adaptive"
# What the SDK raises for tokens of which it expected something else, beside its own errors.
_FORGED: Final = (jwt.PyJWTError, PermissionError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError)

Take = Callable[[], Awaitable[Mapping[str, object] | None]]
StreamKind = Literal["informative", "streaming", "final"]


class TeamsBot:
    """Our bot; without an app id nothing is checked and nothing signed.

    `certificate` is a PEM file to sign in with in place of the password, `pace` is shared by all that call there.
    What waits for its turn longer than `within` seconds is NotTaken.
    """

    def __init__(
        self,
        app_id: str,
        app_password: str,
        tenant_id: str,
        app_type: str,
        *,
        certificate: str = "",
        pace: Pace | None = None,
    ) -> None:
        self._app_id = app_id
        self._sign_in = SignIn(app_id, app_password, tenant_id, app_type, certificate)
        self._pace = pace or FreePace()
        self._wire = Wire()
        self._auth = BotFrameworkAuthenticationFactory.create(
            credential_factory=OneBot(app_id), auth_configuration=AuthenticationConfiguration()
        )
        self._adapter = CloudAdapterBase(_NoClients())
        keys_at = AuthenticationConstants.TO_BOT_FROM_CHANNEL_OPENID_METADATA_URL
        JwtTokenExtractor.metadataCache[keys_at] = SigningKeys(keys_at)

    async def receive(self, kind: str, service_url: str, authorization: str, take: Take) -> Mapping[str, object]:
        """Has `take` look at an activity once its sender is proven, else raises Distrusted; what an invoke is answered.

        `take` returns the body for an invoke, None for nothing. The SDK is given only what it checks: its parser
        matches keys in any case, so of two spellings it could check one where we read the other.
        """
        activity = Activity(type=kind, channel_id=CHANNEL, service_url=service_url)

        async def turn(context: TurnContext) -> None:
            body = await take()
            if kind == "invoke":
                done = InvokeResponse(status=200, body=dict(body or {}))
                await context.send_activity(Activity(type="invokeResponse", value=done))

        proof = await self._proof(activity, authorization)
        response = await self._adapter.process_activity(proof, activity, turn)
        return response.body or {} if response else {}

    async def send(self, address: Address, post: Post, *, within: float = WITHIN) -> str:
        """Posts a message as a reply and returns its id, "" where Teams tells none.

        Raises NotTaken; it may have arrived all the same.
        """
        said = {**_message(address, post), "replyToId": address.activity}
        return _named(await self._call(address, "POST", _activities(address, address.activity), said, within))

    async def update(self, address: Address, message: str, post: Post, *, within: float = WITHIN) -> None:
        """Replaces a message of ours. Raises NotTaken."""
        said = {**_message(address, post), "id": message, "replyToId": address.activity}
        await self._call(address, "PUT", _activities(address, message), said, within)

    async def delete(self, address: Address, message: str, *, within: float = WITHIN) -> None:
        """Deletes a message of ours. Raises NotTaken."""
        await self._call(address, "DELETE", _activities(address, message), None, within)

    async def stream(
        self, address: Address, text: str, kind: StreamKind, sequence: int, stream: str = "", *, within: float = WITHIN
    ) -> str:
        """Shows what we are doing, or all words so far, in the stream that the first call begins; returns its id.

        `sequence` counts the calls from 1. Raises NotTaken, where the stream is over with `Fate.ENDED`.
        """
        info = {"streamType": kind, "streamSequence": sequence, **({"streamId": stream} if stream else {})}
        said = {**_envelope(address, "typing"), "text": text, "textFormat": "markdown", **_streamed(info)}
        reply = await self._call(address, "POST", _activities(address), said, within)
        return _id(reply, stream)  # another one where the stream is unknown: to that connector these are messages

    async def end_stream(self, address: Address, stream: str, post: Post, *, within: float = WITHIN) -> str:
        """Makes the stream a message, with all that belongs to one; returns the message's id. Raises NotTaken.

        Text and a card may stand in it together, which they may in no other message.
        """
        said = {**_message(address, post), **_streamed({"streamType": "final", "streamId": stream}, *post.entities)}
        said |= {"text": post.text, "textFormat": "markdown"}
        said.pop("summary", None)
        reply = await self._call(address, "POST", _activities(address), said, within)
        return _id(reply, stream)

    async def open(self, address: Address, *, within: float = WITHIN) -> str:
        """The conversation that we have with the person of an address alone, which may begin here. Raises NotTaken."""
        wanted = {
            "bot": {"id": address.bot},
            "members": [{"id": address.user}],
            "isGroup": False,
            "tenantId": address.tenant,
            "channelData": {"tenant": {"id": address.tenant}},
        }
        return _id(await self._call(address, "POST", _conversations(address), wanted, within))

    async def member(self, address: Address, *, within: float = READ_WITHIN) -> Mapping[str, object]:
        """What Teams says of the person of an address, as it says it. Raises NotTaken.

        In a channel its members are asked for, whatever the thread.
        """
        channel, _, _ = address.conversation.partition(";messageid=")
        url = f"{_conversations(address)}/{quote(channel, safe='')}/members/{quote(address.user, safe='')}"
        return await self._call(address, "GET", url, None, within)

    async def members(
        self, address: Address, more: str = "", *, within: float = READ_WITHIN
    ) -> tuple[list[Mapping[str, object]], str]:
        """People who read a channel or chat, as Teams says it, and what to give for `more` of them. Raises NotTaken."""
        channel, _, _ = address.conversation.partition(";messageid=")
        url = f"{_conversations(address)}/{quote(channel, safe='')}/pagedmembers?pageSize={_PAGE}"
        url += f"&continuationToken={quote(more, safe='')}" if more else ""
        said = await self._call(address, "GET", url, None, within)
        people, more = said.get("members"), said.get("continuationToken") or ""
        if not isinstance(people, list) or not people or not isinstance(more, str):
            raise NotTaken("an answer without members")
        return [one for one in people if isinstance(one, dict)], more

    async def close(self) -> None:
        """Closes the connections to Microsoft; calls under way are not waited for. Safe to call twice."""
        self._sign_in.close()
        await self._wire.close()

    async def _proof(self, activity: Activity, authorization: str) -> AuthenticateRequestResult:
        """Whose activity it is. Raises Distrusted."""
        if self._app_id:
            refuse_at_sight(authorization)
        try:
            proof = await self._auth.authenticate_request(activity, authorization if self._app_id else "")
        except _FORGED as error:
            raise Distrusted(type(error).__name__) from error
        proof.connector_factory = _NoClients()
        return proof

    async def _call(self, address: Address, method: str, url: str, said: object, within: float) -> Mapping[str, Any]:
        places = limits_of_reading(address) if method == "GET" else limits(address)
        await self._queue(places, within)
        token = await self._sign_in.token()
        try:
            reply = await self._wire.call(method, url, token, said)
        except FAILURES as error:
            raise NotTaken(type(error).__name__) from error
        try:
            return taken(reply)
        except NotTaken as refusal:
            if reply.status == 429 and refusal.pause:
                await self._pace.hold(places[0], refusal.pause)
            if reply.status == 401 and refusal.fate is Fate.REFUSED:
                refusal.fate = self._sign_in.forget()
            raise

    async def _queue(self, places: list[Limit], within: float) -> None:
        """Waits for our turn. Raises NotTaken where that is too far away."""
        pause = await self._pace.claim(places, within)
        if pause is None:
            raise NotTaken("our own pace", pause=WITHIN)
        if pause:
            await asyncio.sleep(pause)


class _NoClients:
    """Stands where the SDK would make two clients for every turn: half of what an activity costs, for nothing."""

    async def create(self, *_: object) -> "_NoClients":
        return self

    async def create_user_token_client(self, *_: object) -> None:
        return None


def _conversations(address: Address) -> str:
    return f"{address.service_url.rstrip('/')}/v3/conversations"


def _activities(address: Address, activity: str = "") -> str:
    """Where a conversation's messages are; its id with the thread in it is what puts a message there."""
    url = f"{_conversations(address)}/{quote(address.conversation, safe='')}/activities"
    return f"{url}/{quote(activity, safe='')}" if activity else url


def _envelope(address: Address, kind: str) -> dict[str, object]:
    return {
        "type": kind,
        "channelId": CHANNEL,
        "serviceUrl": address.service_url,
        "from": {"id": address.bot},
        "recipient": {"id": address.user},
        "conversation": {"id": address.conversation, **({"conversationType": address.kind} if address.kind else {})},
    }


def _message(address: Address, post: Post) -> dict[str, object]:
    """A message with a card in place of its text, where there is one: Teams would make two messages of them."""
    shown: dict[str, object] = {"text": post.text, "textFormat": "markdown"}
    if card := post.card:
        shown = {"attachments": [{"contentType": _CARD, "content": card}], "summary": post.text}
    if post.entities:
        shown["entities"] = list(post.entities)
    if post.channel_data:
        shown["channelData"] = post.channel_data
    return {**_envelope(address, "message"), **shown}


def _streamed(info: Mapping[str, object], *entities: Mapping[str, object]) -> dict[str, object]:
    """What makes a message a piece of a stream, beside what is on it already."""
    return {"entities": [*entities, {"type": "streaminfo", **info}]}


def _id(reply: Mapping[str, Any], known: str = "") -> str:
    if found := _named(reply) or known:
        return found
    raise NotTaken("an answer without an id", Fate.REFUSED)


def _named(reply: Mapping[str, Any]) -> str:
    found = reply.get("id")
    return str(found) if isinstance(found, str) or type(found) is int else ""
