"""Every way to forge a token that we know of: refused with 401 and not a word, and nothing is accepted or sent."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import RSAAlgorithm

from tests.teams import standin
from tests.teams.conftest import Teams, payload

EVIL = "https://evil.example/"
OTHER = rsa.generate_private_key(65537, 2048)
MICROSOFT = "https://sts.windows.net/d6d49420-f39b-4df7-a1dc-d59a935871db/"
MICROSOFT_V2 = "https://login.microsoftonline.com/d6d49420-f39b-4df7-a1dc-d59a935871db/v2.0"
BIG = "1" + "0" * 400  # no float holds it

Forge = Callable[[standin.SignIn], str]


def segment(said: object) -> str:
    text = said if isinstance(said, str) else json.dumps(said)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def claims(**changes: object) -> dict[str, object]:
    now = int(time.time())
    usual = {"iss": "https://api.botframework.com", "aud": standin.APP_ID, "serviceurl": standin.SERVICE_URL}
    said = {**usual, "nbf": now - 60, "exp": now + 3600, **changes}
    return {name: value for name, value in said.items() if value is not None}


def saying(**changes: Any) -> Forge:
    """A token that Microsoft signed, with other claims."""
    return lambda sign_in: sign_in.token(**changes)


def writing(key: str, value: str) -> Forge:
    """The same, with a claim that no JSON writer of ours would write."""

    def forge(sign_in: standin.SignIn) -> str:
        said = json.dumps(claims(**{key: "HERE"})).replace('"HERE"', value)
        signed = f"{segment({'alg': 'RS256', 'kid': 'key-0'})}.{segment(said)}"
        made = RSAAlgorithm(RSAAlgorithm.SHA256).sign(signed.encode(), sign_in.newest)
        return f"{signed}.{base64.urlsafe_b64encode(made).decode().rstrip('=')}"

    return forge


def headed(key: rsa.RSAPrivateKey | None = None, algorithm: str = "RS256", **header: Any) -> Forge:
    """A token with other headers, signed by Microsoft or with the key."""

    def forge(sign_in: standin.SignIn) -> str:
        with_key = {name: value for name, value in {"kid": "key-0", **header}.items() if value is not None}
        return jwt.encode(claims(), key or sign_in.newest, algorithm, headers=with_key)

    return forge


def with_the_public_key_as_secret(sign_in: standin.SignIn) -> str:
    public = sign_in.newest.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    signed = f"{segment({'alg': 'HS256', 'kid': 'key-0'})}.{segment(claims())}"
    made = hmac.new(public, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(made).decode().rstrip('=')}"


def unsigned(algorithm: str) -> Forge:
    return lambda _: f"{segment({'alg': algorithm, 'kid': 'key-0'})}.{segment(claims())}."


def tampered(sign_in: standin.SignIn) -> str:
    head, _, signature = sign_in.token(aud="another-bot").split(".")
    return f"{head}.{segment(claims())}.{signature}"


def own_jwk(**_: object) -> dict[str, Any]:
    return {**RSAAlgorithm.to_jwk(OTHER.public_key(), as_dict=True), "kid": "key-0", "endorsements": ["msteams"]}


FORGERIES: dict[str, Forge] = {
    "for another bot": saying(aud="another-bot"),
    "for nobody": saying(aud=None),
    "for us and others": saying(aud=[standin.APP_ID, "another-bot"]),
    "for a list of us": saying(aud=[standin.APP_ID]),
    "for the service itself": saying(aud="https://api.botframework.com"),
    "of another issuer": saying(iss="https://evil.example"),
    "of no issuer": saying(iss=None),
    "of a list of issuers": writing("iss", '["https://api.botframework.com"]'),
    "of an issuer with a slash": saying(iss="https://api.botframework.com/"),
    "of the emulator": saying(iss=MICROSOFT, ver="1.0", appid=standin.APP_ID),
    "of the emulator, second version": saying(iss=MICROSOFT_V2, ver="2.0", azp=standin.APP_ID),
    "of a skill": saying(ver="1.0", appid="a-skill"),
    "of a skill, second version": saying(ver="2.0", azp="a-skill"),
    "of a skill without a name": saying(appid="AnonymousSkill"),
    "long over": saying(exp=1_700_000_000),
    "over for ten minutes": saying(exp=int(time.time()) - 600),
    "without an end": saying(exp=None),
    "ending soon, in words": saying(exp="soon"),
    "ending in a list": saying(exp=[4_000_000_000]),
    "ending in a century": saying(exp=4_900_000_000),
    "ending never": writing("exp", "1e999"),
    "ending after all numbers": writing("exp", BIG),
    "ending at no number": writing("exp", "NaN"),
    "beginning later": saying(nbf=int(time.time()) + 86_400),
    "beginning never": writing("nbf", "1e999"),
    "made in the future": saying(iat=int(time.time()) + 86_400),
    "made at no time": writing("iat", "1e999"),
    "of a subject that is a list": saying(sub=["x"]),
    "for another service": saying(serviceurl=EVIL),
    "for no service": saying(serviceurl=None),
    "for a list of services": saying(serviceurl=[standin.SERVICE_URL]),
    "for a service in capitals": saying(serviceurl=standin.SERVICE_URL.upper()),
    "for a service without its slash": saying(serviceurl=standin.SERVICE_URL.rstrip("/")),
    "with a claim in other words": saying(serviceurl=None, serviceUrl=standin.SERVICE_URL),
    "by an unknown key": saying(kid="unknown"),
    "by no key in particular": headed(kid=None),
    "by a key without a name": headed(kid=""),
    "by a key with a number": lambda _: f"{segment({'alg': 'RS256', 'kid': 7})}.{segment(claims())}.x",
    "by another key of the same name": headed(OTHER),
    "by a key that it brings": headed(OTHER, jwk=own_jwk()),
    "by a key that lies elsewhere": headed(OTHER, jku="https://evil.example/keys"),
    "by a certificate that lies elsewhere": headed(OTHER, x5u="https://evil.example/certificate"),
    "by a certificate that it brings": headed(OTHER, x5c=["MIIB"]),
    "by a key that lies elsewhere, signed well": headed(jku="https://evil.example/keys"),
    "by a key that it brings, signed well": headed(jwk=own_jwk()),
    "with words that we must understand": headed(crit=["never_heard"], never_heard=1),
    "by nobody": unsigned("none"),
    "by nobody, in capitals": unsigned("None"),
    "with no signature": unsigned("RS256"),
    "with the public key as a secret": with_the_public_key_as_secret,
    "by another sum": headed(algorithm="RS512"),
    "by another padding": headed(algorithm="PS256"),
    "by an elliptic curve": lambda _: jwt.encode(
        claims(), ec.generate_private_key(ec.SECP256R1()), "ES256", headers={"kid": "key-0"}
    ),
    "changed after it was signed": tampered,
    "of five thousand brackets": lambda _: f"{segment('[' * 5000)}.{segment('[' * 5000)}.x",
    "with claims of five thousand brackets": lambda _: (
        f"{segment({'alg': 'RS256', 'kid': 'k'})}.{segment('[' * 5000)}.x"
    ),
    "with claims that are a list": lambda _: f"{segment({'alg': 'RS256', 'kid': 'k'})}.{segment([1])}.x",
    "with a header that is a list": lambda _: f"{segment(['RS256'])}.{segment(claims())}.x",
    "of a megabyte": lambda _: f"{segment({'alg': 'RS256', 'kid': 'k'})}.{'A' * (1 << 20)}.x",
    "in two parts": lambda sign_in: sign_in.token().rpartition(".")[0],
    "in four parts": lambda sign_in: f"{sign_in.token()}.x",
}


@pytest.mark.parametrize("name", FORGERIES)
async def test_a_forged_token_is_refused_without_a_word(teams: Teams, name: str) -> None:
    response = await teams.post(payload("personal_message"), FORGERIES[name](teams.sign_in))
    assert (response.status_code, response.content) == (401, b"")
    assert not teams.dispatcher.accepted
    assert not teams.connector.calls


async def test_a_key_that_is_not_for_teams_is_refused(teams: Teams) -> None:
    for number, endorsements in enumerate((["webchat"], [], None, "msteams", ["msteams-not"], [["msteams"]])):
        teams.sign_in.rotate(endorsements)
        response = await teams.post(payload("personal_message", id=str(number)))
        assert (response.status_code, response.content) == (401, b""), endorsements
    assert not teams.dispatcher.accepted


@pytest.mark.parametrize(
    ("changes", "claim"),
    [
        ({"serviceUrl": EVIL}, EVIL),
        ({"serviceUrl": EVIL}, standin.SERVICE_URL),
        ({"serviceUrl": "https://smba.trafficmanager.net.evil.example/"}, None),
        ({"serviceUrl": "https://smba.trafficmanager.net@evil.example/"}, None),
        ({"serviceUrl": "https://smba.trafficmanager.net:8443/emea/"}, None),
        ({"serviceUrl": "https://smba.trafficmanager.net//emea/"}, None),
        ({"serviceUrl": "https://smba.trafficmanager.net/emea/../x/"}, None),
        ({"serviceUrl": "https://smba.trafficmanager.net/emea/?"}, None),
        ({"serviceUrl": "https://smba.trafficmanager.net/emea/ "}, None),
        ({"serviceUrl": "https://smba.trafficmanager.net/emea/\n"}, None),
        ({"serviceUrl": "https://smba.trafficmanager.net:\u0664\u0664\u0663/"}, None),
        ({"serviceUrl": "https://smba.trafficmanager.net/amer/"}, standin.SERVICE_URL),
        ({"serviceUrl": [standin.SERVICE_URL]}, standin.SERVICE_URL),
        ({"serviceUrl": None, "serviceurl": standin.SERVICE_URL}, standin.SERVICE_URL),
        ({"channelId": "emulator"}, standin.SERVICE_URL),
        ({"channelId": "MSTEAMS"}, standin.SERVICE_URL),
        ({"channelId": ["msteams"]}, standin.SERVICE_URL),
        ({"channelData": {"tenant": {"id": "foreign"}}}, standin.SERVICE_URL),
        ({"conversation": {"id": "a:1", "tenantId": "foreign"}}, standin.SERVICE_URL),
    ],
    ids=str,
)
async def test_a_body_changed_after_it_was_signed_for_is_refused(
    teams: Teams, changes: dict[str, Any], claim: str | None
) -> None:
    token = teams.sign_in.token(serviceurl=claim or changes["serviceUrl"])
    response = await teams.post(payload("personal_message", **changes), token)
    assert (response.status_code, response.content) == (401, b"")
    assert not teams.dispatcher.accepted


async def test_of_a_key_in_two_spellings_ours_alone_counts(teams: Teams) -> None:
    evil = {"ServiceUrl": EVIL, "serviceurl": EVIL, "ChannelData": {"tenant": {"id": "foreign"}}, "CHANNELID": "x"}
    assert (await teams.post({**evil, **payload("personal_message"), **evil})).status_code == 200
    await teams.dispatcher.answer_all()
    assert {call.service_url for call in teams.connector.sent} == {standin.SERVICE_URL.rstrip("/")}


async def test_of_two_values_of_a_key_the_same_is_checked_and_used(teams: Teams) -> None:
    good, body = standin.SERVICE_URL, json.dumps(payload("personal_message"))
    doubled = body[:-1] + f', "serviceUrl": "{EVIL}"' + "}"
    assert (await teams.post(doubled, teams.sign_in.token(serviceurl=good))).status_code == 401
    assert (await teams.post(doubled, teams.sign_in.token(serviceurl=EVIL))).status_code == 401
    first = "{" + f'"serviceUrl": "{EVIL}", ' + body[1:]
    assert (await teams.post(first)).status_code == 200
    await teams.dispatcher.answer_all()
    assert {call.service_url for call in teams.connector.sent} == {good.rstrip("/")}


async def test_two_authorization_headers_are_none(teams: Teams) -> None:
    good, bad = (f"Bearer {teams.sign_in.token()}".encode(), b"Bearer x.y.z")
    for pair in ((good, bad), (bad, good), (good, good)):
        headers = [(b"authorization", one) for one in pair]
        response = await teams.client.post("/api/messages", json=payload("personal_message"), headers=headers)
        assert (response.status_code, response.content) == (401, b"")
    assert not teams.dispatcher.accepted


async def test_a_token_of_words_that_are_no_ascii_is_refused(teams: Teams) -> None:
    for token in ("ü.ü.ü", "é" * 3000, "\x01"):
        headers = {b"authorization": f"Bearer {token}".encode()}
        response = await teams.client.post("/api/messages", json=payload("personal_message"), headers=headers)
        assert (response.status_code, response.content) == (401, b"")


async def test_clocks_may_differ_by_minutes(teams: Teams) -> None:
    now = int(time.time())
    fair: list[dict[str, Any]] = [{"exp": now - 200}, {"nbf": now + 200}, {"exp": now + 24 * 3600}, {"nbf": None}]
    for number, times in enumerate(fair):
        response = await teams.post(payload("personal_message", id=str(number)), teams.sign_in.token(**times))
        assert response.status_code == 200, times


def test_there_are_at_least_twenty_three_ways() -> None:
    assert len(FORGERIES) >= 23
