"""Microsoft on loopback: sign-in, signing keys and the Bot Connector over TLS, behind a proxy that plays the internet.

The real host names are asked for, so that the SDK's own validation and every default of ours run unchanged.
"""

import asyncio
import datetime as dt
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jwt
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import RSAAlgorithm

from tests.teams.connector import BotConnector as BotConnector
from tests.teams.connector import Sent as Sent
from tests.teams.connector import refusal as refusal

LOGIN: Final = "login.botframework.com"
SIGN_IN: Final = "login.microsoftonline.com"
CONNECTOR: Final = "smba.trafficmanager.net"
SERVICE_URL: Final = f"https://{CONNECTOR}/emea/"
APP_ID: Final = "0d4e5f60-0000-4000-8000-00000000b077"
TENANT: Final = "7e0a0000-0000-4000-8000-0000000000aa"
PASSWORD: Final = "pa55word-of-the-bot"
TOKEN: Final = "token-for-the-connector"


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class SignIn:
    """Publishes keys, signs tokens with the newest, and gives the bot its own token; `instead` answers for a path."""

    def __init__(self) -> None:
        self.instead: dict[str, Handler] = {}
        self.token_requests: list[dict[str, Any]] = []
        self.metadata_requests = 0
        self._keys: dict[str, rsa.RSAPrivateKey] = {}
        self._endorsed: dict[str, object] = {}
        self.rotate()

    @property
    def newest(self) -> rsa.RSAPrivateKey:
        """The key that tokens are signed with."""
        return self._keys[list(self._keys)[-1]]

    def rotate(self, endorsements: object = ("msteams", "webchat")) -> None:
        """Signs with a new key from now on; the old one stays published."""
        name = f"key-{len(self._keys)}"
        self._keys[name] = rsa.generate_private_key(65537, 2048)
        self._endorsed[name] = endorsements

    def withdraw(self, name: str) -> None:
        """Publishes a key no more."""
        del self._keys[name]

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
            web.get("/v1/.well-known/openidconfiguration", self._or_instead(self._metadata)),
            web.get("/v1/.well-known/keys", self._or_instead(self._jwks)),
            web.get("/common/discovery/instance", self._or_instead(self._clouds)),
            web.get("/{tenant}/v2.0/.well-known/openid-configuration", self._or_instead(self._authority)),
            web.post("/{tenant}/oauth2/v2.0/token", self._or_instead(self._token)),
        ]

    def _or_instead(self, usual: Handler) -> Handler:
        async def answer(request: web.Request) -> web.StreamResponse:
            return await self.instead.get(request.path, usual)(request)

        return answer

    async def _metadata(self, _: web.Request) -> web.Response:
        self.metadata_requests += 1
        return web.json_response({"issuer": LOGIN, "jwks_uri": f"https://{LOGIN}/v1/.well-known/keys"})

    async def _jwks(self, _: web.Request) -> web.Response:
        return web.json_response(
            {"keys": [_published(kid, key, self._endorsed[kid]) for kid, key in self._keys.items()]}
        )

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


def _published(kid: str, key: rsa.RSAPrivateKey, endorsements: object) -> dict[str, Any]:
    public = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**public, "kid": kid, "use": "sig", "endorsements": endorsements}


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
    routes = [*sign_in.routes(), *connector.routes()]
    async with behind_proxy(folder, routes, LOGIN, SIGN_IN, CONNECTOR) as environment:
        yield Microsoft(sign_in, connector, environment)


@asynccontextmanager
async def behind_proxy(folder: Path, routes: list[web.RouteDef], *hosts: str) -> AsyncIterator[dict[str, str]]:
    """Plays hosts over TLS behind a proxy; yields what a process must have in its environment to meet them."""
    async with serving(routes, _certify(folder, *hosts)) as port, _proxy(port) as proxy:
        yield {"HTTPS_PROXY": f"http://127.0.0.1:{proxy}", "REQUESTS_CA_BUNDLE": str(folder / "ca.pem")}


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
