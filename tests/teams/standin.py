"""Microsoft on loopback: sign-in, signing keys and the Bot Connector over TLS, behind a proxy that plays the internet.

The real host names are asked for, so that the SDK's own validation and every default of ours run unchanged.
"""

import asyncio
import datetime as dt
import ssl
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import jwt
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import RSAAlgorithm

LOGIN: Final = "login.botframework.com"
SIGN_IN: Final = "login.microsoftonline.com"
CONNECTOR: Final = "smba.trafficmanager.net"
SERVICE_URL: Final = f"https://{CONNECTOR}/emea/"
APP_ID: Final = "0d4e5f60-0000-4000-8000-00000000b077"
TENANT: Final = "7e0a0000-0000-4000-8000-0000000000aa"
PASSWORD: Final = "pa55word-of-the-bot"
TOKEN: Final = "token-for-the-connector"


@dataclass(frozen=True, slots=True)
class Sent:
    """A call that the bot made to the connector; `id` is the message's, `reply_to` what a post replies to."""

    method: str
    service_url: str
    conversation: str
    reply_to: str
    activity: dict[str, Any]
    authorization: str
    id: str

    @property
    def text(self) -> str:
        """What people read, in a card or not."""
        cards = [attachment["content"] for attachment in self.activity.get("attachments", [])]
        return "\n".join(filter(None, [self.activity.get("text"), *(card["body"][0]["text"] for card in cards)]))


@dataclass
class BotConnector:
    """Keeps all it takes; answers the next calls with `refusals` (None hangs up), then accepts again.

    The answers to the next `lost` calls get lost on their way, though what they say was taken.
    """

    sent: list[Sent] = field(default_factory=list)
    refusals: deque[web.Response | None] = field(default_factory=deque)
    lost: int = 0
    calls: int = 0
    _shown: dict[str, Sent] = field(default_factory=dict)

    @property
    def messages(self) -> list[Sent]:
        """What people can read now, as it was edited last, in the order in which it was posted."""
        return list(self._shown.values())

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.messages]

    @property
    def answers(self) -> list[Sent]:
        """The messages that are answers: what the AI label is on."""
        return [message for message in self.messages if message.activity.get("entities")]

    @property
    def methods(self) -> list[str]:
        return [call.method for call in self.sent]

    def remove(self, message: str) -> None:
        """Someone deletes a message of ours."""
        del self._shown[message]

    def routes(self) -> list[web.RouteDef]:
        path = "{region:.*}/v3/conversations/{conversation}/activities"
        return [web.route(method, "/" + path + end, self._take) for method, end in _CALLS]

    async def _take(self, request: web.Request) -> web.Response:
        self.calls += 1
        if self.refusals:
            return self.refusals.popleft() or _hang_up(request)
        where = request.match_info
        known = where.get("activity", "")
        if request.method != "POST" and known not in self._shown:
            return refusal(404, "ActivityNotFoundInConversation")
        said = await request.json() if request.can_read_body else {}
        if said.get("text") and said.get("attachments"):
            return refusal(400, "BadSyntax")  # "Activity resulted into multiple skype activities"
        call = Sent(
            request.method,
            f"{request.scheme}://{request.host}/{where['region']}",
            where["conversation"],
            known if request.method == "POST" else "",
            said,
            request.headers.get("Authorization", ""),
            f"answer-{1 + self.methods.count('POST')}" if request.method == "POST" else known,
        )
        self.sent.append(call)
        if request.method == "DELETE":
            del self._shown[known]
        else:
            self._shown[call.id] = call
        if self.lost:
            self.lost -= 1
            return _hang_up(request)
        return web.json_response({"id": call.id}, status=201 if request.method == "POST" else 200)


_CALLS: Final = (("POST", ""), ("POST", "/{activity}"), ("PUT", "/{activity}"), ("DELETE", "/{activity}"))


def refusal(status: int, code: str = "Refused", **headers: str) -> web.Response:
    """What Teams says when it does not take a message."""
    body = {"error": {"code": code, "message": "not now"}}
    return web.json_response(body, status=status, headers={name.replace("_", "-"): it for name, it in headers.items()})


def _hang_up(request: web.Request) -> web.Response:
    assert request.transport
    request.transport.abort()
    return web.Response()


class SignIn:
    """Publishes keys, signs tokens with the newest, and gives the bot its own token."""

    def __init__(self) -> None:
        self.token_requests: list[dict[str, Any]] = []
        self.metadata_requests = 0
        self._keys: dict[str, rsa.RSAPrivateKey] = {}
        self.rotate()

    def rotate(self) -> None:
        """Signs with a new key from now on; the old one stays published."""
        self._keys[f"key-{len(self._keys)}"] = rsa.generate_private_key(65537, 2048)

    def token(self, *, key: rsa.RSAPrivateKey | None = None, kid: str = "", **claims: object) -> str:
        """A token as Teams' calls carry it; `claims` change it, None leaves one out."""
        now = int(time.time())
        usual = {"iss": "https://api.botframework.com", "aud": APP_ID, "serviceurl": SERVICE_URL}
        said = {**usual, "nbf": now - 60, "exp": now + 3600, **claims}
        newest = list(self._keys)[-1]
        kept = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(kept, key or self._keys[newest], "RS256", headers={"kid": kid or newest})

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v1/.well-known/openidconfiguration", self._metadata),
            web.get("/v1/.well-known/keys", self._jwks),
            web.get("/common/discovery/instance", self._clouds),
            web.get("/{tenant}/v2.0/.well-known/openid-configuration", self._authority),
            web.post("/{tenant}/oauth2/v2.0/token", self._token),
        ]

    async def _metadata(self, _: web.Request) -> web.Response:
        self.metadata_requests += 1
        return web.json_response({"issuer": LOGIN, "jwks_uri": f"https://{LOGIN}/v1/.well-known/keys"})

    async def _jwks(self, _: web.Request) -> web.Response:
        return web.json_response({"keys": [_published(kid, key) for kid, key in self._keys.items()]})

    async def _clouds(self, _: web.Request) -> web.Response:
        return web.json_response({"metadata": [{"preferred_network": SIGN_IN, "aliases": [SIGN_IN]}]})

    async def _authority(self, request: web.Request) -> web.Response:
        base = f"https://{SIGN_IN}/{request.match_info['tenant']}"
        endpoints = {"authorization_endpoint": f"{base}/authorize", "token_endpoint": f"{base}/oauth2/v2.0/token"}
        return web.json_response({"issuer": f"{base}/v2.0", **endpoints})

    async def _token(self, request: web.Request) -> web.Response:
        asked = {"tenant": request.match_info["tenant"], **await request.post()}
        self.token_requests.append(asked)
        if asked.get("client_secret") != PASSWORD:
            body = {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided."}
            return web.json_response(body, status=401)
        return web.json_response({"token_type": "Bearer", "expires_in": 3600, "access_token": TOKEN})


def _published(kid: str, key: rsa.RSAPrivateKey) -> dict[str, Any]:
    public = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**public, "kid": kid, "use": "sig", "endorsements": ["msteams", "webchat"]}


@dataclass
class Microsoft:
    """All of it, and what a process must have in its environment to meet it."""

    sign_in: SignIn
    connector: BotConnector
    environment: dict[str, str]


@asynccontextmanager
async def microsoft(folder: Path) -> AsyncIterator[Microsoft]:
    """Runs until the block ends; `folder` takes the throw-away certificates."""
    sign_in, connector = SignIn(), BotConnector()
    tls = _certify(folder, LOGIN, SIGN_IN, CONNECTOR)
    async with serving([*sign_in.routes(), *connector.routes()], tls) as port, _proxy(port) as proxy:
        environment = {"HTTPS_PROXY": f"http://127.0.0.1:{proxy}", "REQUESTS_CA_BUNDLE": str(folder / "ca.pem")}
        yield Microsoft(sign_in, connector, environment)


@asynccontextmanager
async def serving(routes: list[web.RouteDef], tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Serves on a free port of loopback and yields it."""
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _proxy(to: int) -> AsyncIterator[int]:
    """An HTTP proxy that leads every CONNECT to one port of loopback."""
    tasks: set[asyncio.Task[None]] = set()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", to)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        for ends in ((reader, up_writer), (up_reader, writer)):
            tasks.add(asyncio.create_task(_pump(*ends)))

    server = await asyncio.start_server(connect, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


def _certify(folder: Path, *hosts: str) -> ssl.SSLContext:
    """A throw-away authority in `ca.pem`, and a server that it vouches for."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = _signed("Throw-away CA", ca_key, "Throw-away CA", ca_key, x509.BasicConstraints(ca=True, path_length=None))
    names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
    certificate = _signed("Microsoft, played", key, "Throw-away CA", ca_key, names)
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "ca.pem").write_bytes(ca.public_bytes(pem))
    (folder / "server.pem").write_bytes(secret + certificate.public_bytes(pem))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "server.pem")
    return context


def _signed(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    named = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]) for name in (subject, issuer)]
    builder = x509.CertificateBuilder(subject_name=named[0], issuer_name=named[1], public_key=key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).add_extension(extension, critical=False)
    builder = builder.not_valid_before(now - dt.timedelta(hours=1)).not_valid_after(now + dt.timedelta(days=1))
    return builder.sign(issuer_key, hashes.SHA256())
