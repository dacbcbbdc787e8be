"""Signing in: by password, certificate and managed identity, once for all calls, and without holding anybody up."""

import asyncio
import base64
import hashlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from adapters import teams_signin
from adapters.teams_activity import Address
from adapters.teams_calls import Fate, NotTaken
from adapters.teams_message import Post
from adapters.teams_sdk import TeamsBot
from tests.teams import standin
from tests.teams.certificates import KEY, certificate, private, written
from tests.teams.conftest import Teams, payload
from tests.teams.hosts import hanging, responsive, saying

HERE = Address(standin.SERVICE_URL, "a:1", "m1", "29:anna", "28:bot", "personal", standin.TENANT)
OF_TENANT = f"/{standin.TENANT}/oauth2/v2.0/token"
SCOPE = "https://api.botframework.com/.default"


class Bots:
    """Makes bots, and closes them when the test is over."""

    def __init__(self) -> None:
        self.made: list[TeamsBot] = []

    def __call__(
        self, *, password: str = "", tenant: str = standin.TENANT, kind: str = "SingleTenant", **more: Any
    ) -> TeamsBot:
        self.made.append(TeamsBot(standin.APP_ID, password, tenant, kind, **more))
        return self.made[-1]


@pytest.fixture
async def bots(microsoft: standin.Microsoft) -> AsyncIterator[Bots]:
    made = Bots()
    yield made
    for bot in made.made:
        await bot.close()


def granting(granted: list[dict[str, Any]], token: str = standin.TOKEN, **more: object) -> Any:
    """A login host that gives a token to everybody, and keeps what they asked with."""

    async def answer(request: web.Request) -> web.StreamResponse:
        granted.append(dict(await request.post()))
        given = {"token_type": "Bearer", "expires_in": 3600, "access_token": f"{token}-{len(granted)}", **more}
        return web.json_response(given)

    return answer


async def test_one_tenant_signs_in_with_its_password(microsoft: standin.Microsoft, bots: Bots) -> None:
    await bots(password=standin.PASSWORD).send(HERE, Post("hello"))
    (asked,) = microsoft.sign_in.token_requests
    assert (asked["tenant"], asked["client_id"], asked["scope"]) == (standin.TENANT, standin.APP_ID, SCOPE)
    assert microsoft.connector.sent[0].authorization == f"Bearer {standin.TOKEN}"


async def test_a_bot_of_many_tenants_signs_in_with_the_bot_framework(microsoft: standin.Microsoft, bots: Bots) -> None:
    await bots(password=standin.PASSWORD, kind="MultiTenant").send(HERE, Post("hello"))
    assert [asked["tenant"] for asked in microsoft.sign_in.token_requests] == ["botframework.com"]


async def test_a_certificate_signs_what_only_its_key_can(
    microsoft: standin.Microsoft, bots: Bots, tmp_path: Path
) -> None:
    granted: list[dict[str, Any]] = []
    microsoft.sign_in.instead[OF_TENANT] = granting(granted)
    own = certificate()
    await bots(certificate=written(tmp_path / "bot.pem", certificate(), private(), own)).send(HERE, Post("hello"))
    (asked,) = granted
    assert asked["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    assert "client_secret" not in asked
    audience = f"https://{standin.SIGN_IN}{OF_TENANT}"
    assertion = asked["client_assertion"]
    said = jwt.decode(assertion, KEY.public_key(), algorithms=["PS256"], audience=audience, issuer=standin.APP_ID)
    assert said["sub"] == standin.APP_ID
    assert said["exp"] - time.time() <= 600
    header = jwt.get_unverified_header(assertion)
    used = x509.load_der_x509_certificate(base64.b64decode(header["x5c"][0]))
    der = used.public_bytes(serialization.Encoding.DER)
    assert used.public_key() == KEY.public_key()
    assert header["x5t#S256"].rstrip("=") == base64.urlsafe_b64encode(hashlib.sha256(der).digest()).decode().rstrip("=")
    assert microsoft.connector.sent[0].authorization == f"Bearer {standin.TOKEN}-1"


async def test_a_managed_identity_asks_the_machine(
    microsoft: standin.Microsoft, bots: Bots, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[web.Request] = []

    async def token(request: web.Request) -> web.StreamResponse:
        asked.append(request)
        if len(asked) == 1:
            return web.json_response({"statusCode": 400, "message": "no such identity"}, status=400)
        expires = str(int(time.time()) + 3600)
        return web.json_response({"access_token": "of-the-machine", "expires_on": expires, "token_type": "Bearer"})

    async with standin.serving([web.get("/msi/token", token)]) as port:
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{port}/msi/token")
        monkeypatch.setenv("IDENTITY_HEADER", "machine-secret")
        bot = bots(kind="UserAssignedMSI")
        with pytest.raises(NotTaken, match="no token"):
            await bot.send(HERE, Post("hello"))
        for _ in range(3):
            await bot.send(HERE, Post("hello"))
    assert len(asked) == 2
    assert asked[1].query["resource"] == "https://api.botframework.com"
    assert asked[1].query["client_id"] == standin.APP_ID
    assert asked[1].headers["X-IDENTITY-HEADER"] == "machine-secret"
    assert {call.authorization for call in microsoft.connector.sent} == {"Bearer of-the-machine"}
    assert not microsoft.sign_in.token_requests


async def test_five_turns_in_a_row_need_one_token(teams: Teams) -> None:
    for number in range(5):
        await teams.post(payload("personal_message", id=str(number)))
    await teams.dispatcher.answer_all()
    assert len(teams.sign_in.token_requests) == 1


async def test_five_turns_at_once_need_one_token(teams: Teams) -> None:
    await asyncio.gather(*(teams.post(payload("personal_message", id=str(number))) for number in range(5)))
    turns = teams.dispatcher.accepted
    await asyncio.gather(*(teams.dispatcher.reply_to(turn).finish(teams.dispatcher.answer) for turn in turns))  # type: ignore[arg-type]
    assert len(teams.sign_in.token_requests) == 1


async def test_a_token_is_renewed_before_it_is_over(
    microsoft: standin.Microsoft, bots: Bots, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teams_signin, "KNOWN_SECONDS", 0.0)
    granted: list[dict[str, Any]] = []
    bot = bots(password=standin.PASSWORD)
    microsoft.sign_in.instead[OF_TENANT] = granting(granted, expires_in=240)
    await bot.send(HERE, Post("hello"))
    microsoft.sign_in.instead[OF_TENANT] = granting(granted)
    for _ in range(3):
        await bot.send(HERE, Post("hello"))
    assert [call.authorization[-2:] for call in microsoft.connector.sent] == ["-1", "-2", "-2", "-2"]


async def test_a_token_that_is_refused_is_replaced_once(
    microsoft: standin.Microsoft, bots: Bots, monkeypatch: pytest.MonkeyPatch
) -> None:
    granted: list[dict[str, Any]] = []
    microsoft.sign_in.instead[OF_TENANT] = granting(granted)
    bot = bots(password=standin.PASSWORD)
    await bot.send(HERE, Post("hello"))
    monkeypatch.setattr(teams_signin, "YOUNG_SECONDS", 0.0)
    microsoft.connector.refusals.append(standin.refusal(401, "Unauthorized"))
    with pytest.raises(NotTaken) as refused:
        await bot.send(HERE, Post("hello"))
    assert refused.value.fate is Fate.LATER
    await bot.send(HERE, Post("hello"))
    assert microsoft.connector.sent[-1].authorization == f"Bearer {standin.TOKEN}-2"
    monkeypatch.setattr(teams_signin, "YOUNG_SECONDS", 30.0)
    microsoft.connector.refusals.append(standin.refusal(401, "Unauthorized"))
    with pytest.raises(NotTaken) as refused:
        await bot.send(HERE, Post("hello"))
    assert refused.value.fate is Fate.REFUSED


@pytest.mark.parametrize(
    "answer",
    [
        saying('{"error": "invalid_client", "error_description": "AADSTS700016: pa55word-of-the-bot"}', 400),
        saying('{"error": "temporarily_unavailable"}', 400),
        saying("<html>", kind="text/html"),
        saying("oops", 500),
        saying("[]"),
        saying("{}"),
        saying('{"access_token": ""}'),
        saying('{"access_token": "two\\nlines"}'),
    ],
)
async def test_who_is_not_signed_in_speaks_later_and_nothing_crashes(
    microsoft: standin.Microsoft, bots: Bots, answer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    microsoft.sign_in.instead[OF_TENANT] = answer
    with pytest.raises(NotTaken) as refused:
        await bots(password=standin.PASSWORD).send(HERE, Post("hello"))
    assert refused.value.fate is Fate.LATER
    assert "no token to answer in Teams" in caplog.text
    assert standin.PASSWORD not in caplog.text
    assert not microsoft.connector.calls


async def test_a_login_host_that_hangs_holds_nobody_up(
    microsoft: standin.Microsoft, bots: Bots, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teams_signin, "WAIT_SECONDS", 0.3)
    monkeypatch.setattr(teams_signin, "_REQUEST_SECONDS", 1)
    microsoft.sign_in.instead[OF_TENANT] = hanging
    bot = bots(password=standin.PASSWORD)
    async with responsive():
        for _ in range(2):
            with pytest.raises(NotTaken, match="in time"):
                await bot.send(HERE, Post("hello"))
        microsoft.sign_in.instead.clear()
        while not microsoft.connector.sent:
            try:
                await bot.send(HERE, Post("hello"))
            except NotTaken:
                await asyncio.sleep(0.1)
    assert len(microsoft.sign_in.token_requests) == 1


async def test_another_authority_than_the_environment_names_is_not_believed(
    microsoft: standin.Microsoft, bots: Bots, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(NotTaken):
        await bots(password=standin.PASSWORD).send(HERE, Post("hello"))
    assert not microsoft.sign_in.token_requests


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
async def test_the_authority_that_the_environment_names_is_believed(
    microsoft: standin.Microsoft, bots: Bots, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    bundle = microsoft.environment["REQUESTS_CA_BUNDLE"]
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    monkeypatch.setenv(name, bundle)
    await bots(password=standin.PASSWORD).send(HERE, Post("hello"))
    assert microsoft.connector.texts == ["hello"]
