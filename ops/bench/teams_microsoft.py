"""Microsoft's login hosts on loopback, over TLS behind a proxy, so that the SDK's own checks run unchanged."""

import asyncio
import datetime as dt
import ssl
import time
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final, Self

import jwt
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import RSAAlgorithm

APP_ID: Final = "0d4e5f60-0000-4000-8000-00000000beac"
PASSWORD: Final = "password-of-the-bench"  # noqa: S105 - opens nothing: our own stand-in takes it
ISSUER: Final = "https://api.botframework.com"
LOGIN: Final = "login.botframework.com"
SIGN_IN: Final = "login.microsoftonline.com"

_KEY_ID: Final = "key-of-the-bench"
_CHUNK: Final = 1 << 16


class Microsoft:
    """Publishes a key, signs tokens with it, and gives bots theirs; an async context manager.

    `folder` takes the certificates, `environment` is what a process needs to meet it, `asked` counts the requests.
    """

    def __init__(self, folder: Path) -> None:
        self.asked: Counter[str] = Counter()
        self.environment: dict[str, str] = {}
        self._folder = folder
        self._key = rsa.generate_private_key(65537, 2048)
        self._tasks: set[asyncio.Task[None]] = set()
        self._port = 0

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/v1/.well-known/openidconfiguration", self._metadata)
        app.router.add_get("/v1/.well-known/keys", self._keys)
        app.router.add_get("/common/discovery/instance", self._clouds)
        app.router.add_get("/{tenant}/v2.0/.well-known/openid-configuration", self._authority)
        app.router.add_post("/{tenant}/oauth2/v2.0/token", self._token)
        async with AsyncExitStack() as stack:
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=_certify(self._folder, LOGIN, SIGN_IN)).start()
            self._port = runner.addresses[0][1]
            proxy = await asyncio.start_server(self._connect, "127.0.0.1", 0)
            stack.callback(proxy.close)
            stack.callback(self._hang_up)
            self._open = stack.pop_all()
        to = f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
        self.environment = {"HTTPS_PROXY": to, "REQUESTS_CA_BUNDLE": str(self._folder / "ca.pem")}
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    def token(self, service_url: str) -> str:
        """A token as Teams' calls carry it, good for an hour."""
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": APP_ID, "serviceurl": service_url, "nbf": now - 60, "exp": now + 3600}
        return jwt.encode(claims, self._key, "RS256", headers={"kid": _KEY_ID})

    async def _metadata(self, _: web.Request) -> web.Response:
        self.asked["keys"] += 1
        return web.json_response({"issuer": ISSUER, "jwks_uri": f"https://{LOGIN}/v1/.well-known/keys"})

    async def _keys(self, _: web.Request) -> web.Response:
        public = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        key = {**public, "kid": _KEY_ID, "use": "sig", "endorsements": ["msteams", "webchat"]}
        return web.json_response({"keys": [key]})

    async def _clouds(self, _: web.Request) -> web.Response:
        self.asked["discovery"] += 1
        return web.json_response({"metadata": [{"preferred_network": SIGN_IN, "aliases": [SIGN_IN]}]})

    async def _authority(self, request: web.Request) -> web.Response:
        self.asked["discovery"] += 1
        base = f"https://{SIGN_IN}/{request.match_info['tenant']}"
        ends = {"authorization_endpoint": f"{base}/authorize", "token_endpoint": f"{base}/oauth2/v2.0/token"}
        return web.json_response({"issuer": f"{base}/v2.0", **ends})

    async def _token(self, request: web.Request) -> web.Response:
        self.asked["token"] += 1
        if (await request.post()).get("client_secret") != PASSWORD:
            return web.json_response({"error": "invalid_client"}, status=401)
        told = {"token_type": "Bearer", "expires_in": 3600, "access_token": jwt.encode({}, self._key, "RS256")}
        return web.json_response(told)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Leads every CONNECT to our one port."""
        await reader.readuntil(b"\r\n\r\n")
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        for ends in ((reader, up_writer), (up_reader, writer)):
            task = asyncio.create_task(_pump(*ends))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _hang_up(self) -> None:
        for task in self._tasks:
            task.cancel()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


def _certify(folder: Path, *hosts: str) -> ssl.SSLContext:
    """A throw-away authority in `ca.pem`, and a server that it vouches for."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = _vouched("ca", ca_key, ca_key, x509.BasicConstraints(ca=True, path_length=None))
    server = _vouched("server", key, ca_key, x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]))
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "ca.pem").write_bytes(ca.public_bytes(pem))
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    (folder / "server.pem").write_bytes(secret + server.public_bytes(pem))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "server.pem")
    return context


def _vouched(
    name: str, key: ec.EllipticCurvePrivateKey, by: ec.EllipticCurvePrivateKey, more: x509.ExtensionType
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    subject, issuer = (x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, it)]) for it in (name, "ca"))
    unsigned = x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=key.public_key())
    unsigned = unsigned.serial_number(x509.random_serial_number()).add_extension(more, critical=False)
    unsigned = unsigned.not_valid_before(now - dt.timedelta(hours=1)).not_valid_after(now + dt.timedelta(days=1))
    return unsigned.sign(by, hashes.SHA256())


def settings(service_url: str) -> dict[str, str]:
    """The settings of our own processes with which they meet it."""
    return {
        "HAUSGEIST_TEAMS_INSECURE": "0",
        "HAUSGEIST_TEAMS_SERVICE_URLS": service_url,
        "MICROSOFT_APP_ID": APP_ID,
        "MICROSOFT_APP_PASSWORD": PASSWORD,
        "MICROSOFT_APP_TYPE": "MultiTenant",
    }
