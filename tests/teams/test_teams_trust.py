"""Only Teams, speaking of our tenant to our bot, is heard; answers go to Microsoft only."""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from adapters.teams import TeamsAdapter
from adapters.teams_trust import MICROSOFT_HOSTS, ServiceUrls
from tests.teams import standin
from tests.teams.conftest import FixedDispatcher, Teams, payload

EVIL = "https://evil.example/"
FOREIGN: dict[str, Any] = {"channelData": {"tenant": {"id": "foreign"}}}


async def test_without_a_token_nothing_is_heard(teams: Teams, caplog: pytest.LogCaptureFixture) -> None:
    response = await teams.post(payload("personal_message"), "")
    assert (response.status_code, response.content) == (401, b"")
    assert "no token" in caplog.text
    assert not teams.dispatcher.accepted
    assert not teams.connector.sent


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another-bot"},
        {"aud": None},
        {"aud": [standin.APP_ID]},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"iss": "https://sts.windows.net/d6d49420-f39b-4df7-a1dc-d59a935871db/", "ver": "1.0", "appid": standin.APP_ID},
        {"ver": "1.0", "appid": "a-skill"},
        {"exp": 1_700_000_000},
        {"exp": None},
        {"exp": "soon"},
        {"nbf": 4_000_000_000},
        {"serviceurl": EVIL},
        {"serviceurl": None},
        {"kid": "unknown"},
    ],
    ids=str,
)
async def test_a_token_that_says_something_else_is_refused(teams: Teams, claims: dict[str, Any]) -> None:
    response = await teams.post(payload("personal_message"), teams.sign_in.token(**claims))
    assert (response.status_code, response.content) == (401, b"")
    assert not teams.dispatcher.accepted


async def test_a_forged_token_is_refused(teams: Teams) -> None:
    good = teams.sign_in.token()
    head, body, signature = good.split(".")
    nobody = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).decode().rstrip("=")
    forged = teams.sign_in.token(key=rsa.generate_private_key(65537, 2048))
    for token in (
        forged,
        f"{nobody}.{body}.",
        f"{head}.{body}.",
        f"{head}.{body}.{signature[::-1]}",
        "x",
        "a.b.c",
        "ü",
    ):
        header = f"Bearer {token}".encode()
        response = await teams.client.post(
            "/api/messages", json=payload("personal_message"), headers={b"authorization": header}
        )
        assert response.status_code == 401, token
    for authorization in (good, f"Basic {good}", f"Bearer  {good}", f"Bearer {good} {good}", ""):
        response = await teams.post(payload("personal_message"), "", authorization=authorization)
        assert response.status_code == 401, authorization
    assert not teams.dispatcher.accepted


@pytest.mark.parametrize(
    "changes",
    [
        {"serviceUrl": EVIL},
        {"serviceUrl": "https://smba.trafficmanager.net.evil.example/"},
        {"serviceUrl": ""},
        {"serviceUrl": None, "ServiceUrl": standin.SERVICE_URL},
        {"channelId": "webchat"},
        {"channelId": None, "channelid": "msteams"},
        FOREIGN,
        {"channelData": None, "conversation": {"id": "a:1", "conversationType": "personal"}},
    ],
    ids=str,
)
async def test_an_activity_from_elsewhere_is_refused(teams: Teams, changes: dict[str, Any]) -> None:
    activity = payload("personal_message", **changes)
    token = teams.sign_in.token(serviceurl=activity["serviceUrl"] or standin.SERVICE_URL)
    assert (await teams.post(activity, token)).status_code == 401
    assert not teams.dispatcher.accepted


async def test_a_key_published_a_moment_ago_is_accepted(teams: Teams) -> None:
    assert (await teams.post(payload("personal_message"))).status_code == 200
    teams.sign_in.rotate()
    assert (await teams.post(payload("personal_message", id="2"))).status_code == 200


async def test_forged_key_ids_do_not_hammer_microsoft(teams: Teams) -> None:
    for number in range(20):
        assert (
            await teams.post(payload("personal_message"), teams.sign_in.token(kid=f"no-{number}"))
        ).status_code == 401
    assert teams.sign_in.metadata_requests <= 5
    assert (await teams.post(payload("personal_message"))).status_code == 200


async def test_without_keys_it_is_our_fault_and_teams_may_come_again(
    teams: Teams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    assert (await teams.post(payload("personal_message"))).status_code == 503
    assert not teams.dispatcher.accepted


async def test_with_redis_away_teams_may_come_again(teams: Teams) -> None:
    teams.dispatcher.down = True
    assert (await teams.post(payload("personal_message"))).status_code == 503


@pytest.mark.parametrize("body", ["[]", "[{}]", '"text"', "null", "7", "{", "", "[" * 5000, "\udc80"])
async def test_what_is_no_activity_is_a_bad_request(teams: Teams, body: str) -> None:
    content = body.encode("utf-8", "surrogatepass")
    headers = {"authorization": f"Bearer {teams.sign_in.token()}", "content-type": "application/json"}
    assert (await teams.client.post("/api/messages", content=content, headers=headers)).status_code == 400


@pytest.mark.parametrize("body", [{}, {"type": 7}, {"type": "message"}])
async def test_what_names_no_service_cannot_be_what_the_token_is_for(teams: Teams, body: dict[str, Any]) -> None:
    assert (await teams.post(body)).status_code == 401


@pytest.mark.parametrize("key", ["id", "conversation", "from", "recipient"])
async def test_a_message_that_lacks_an_id_is_a_bad_request(teams: Teams, key: str) -> None:
    nonsenses: tuple[Any, ...] = (None, 7, [], {}, {"id": 7}, {"id": "a\nb"}, "é")
    for nonsense in nonsenses:
        response = await teams.post(payload("personal_message", **{key: nonsense}))
        assert (response.status_code, key in response.text) == (400, True)


async def test_another_content_type_or_too_long_a_body_is_a_bad_request(teams: Teams) -> None:
    for headers in ({"content-type": "text/plain"}, {"content-type": ""}):
        assert (await teams.post(payload("personal_message"), **headers)).status_code == 400
    assert (await teams.post(payload("personal_message", text="x" * (1 << 20)))).status_code == 400


@pytest.mark.parametrize(
    ("name", "status", "accepted"),
    [
        ("feedback_like", 200, 1),
        ("submit_of_another_kind", 200, 0),
    ],
)
async def test_an_invoke_gets_the_body_that_teams_insists_on(
    teams: Teams, name: str, status: int, accepted: int
) -> None:
    response = await teams.post(payload(name))
    assert (response.status_code, response.json()) == (status, {})
    assert len(teams.dispatcher.accepted) == accepted


async def test_what_does_not_concern_us_is_acknowledged(teams: Teams) -> None:
    assert (await teams.post(payload("member_added"))).status_code == 200
    assert not teams.dispatcher.accepted


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://smba.trafficmanager.net/emea/", True),
        ("https://SMBA.trafficmanager.net:443/teams", True),
        ("https://smba.infra.gcc.teams.microsoft.com/teams", True),
        ("https://proxy.example/bots/v1/x", True),
        ("https://proxy.example/bots", True),
        ("https://proxy.example/botsandmore/", False),
        ("https://proxy.example/bots/../other", False),
        ("https://proxy.example/bots/%2e%2e/other", False),
        ("http://smba.trafficmanager.net/emea/", False),
        ("https://smba.trafficmanager.net:8443/", False),
        ("https://smba.trafficmanager.net.evil.example/", False),
        ("https://evil.example/smba.trafficmanager.net/", False),
        ("https://smba.trafficmanager.net@evil.example/", False),
        ("https://evil.example\\@smba.trafficmanager.net/", False),
        ("https://smba.trafficmanager.net/?x=https://evil.example", False),
        ("https://smba.trafficmanager.net/\n", False),
        ("http://127.0.0.1:9000/", False),
    ],
)
def test_service_urls(url: str, allowed: bool) -> None:
    assert ServiceUrls([*MICROSOFT_HOSTS, "https://proxy.example/bots/"]).allow(url) is allowed


def test_a_wrong_service_url_stops_the_start_and_no_app_id_too() -> None:
    with pytest.raises(ValueError, match="smba"):
        ServiceUrls(["smba.trafficmanager.net"])
    with pytest.raises(ValueError, match="app id"):
        TeamsAdapter(FixedDispatcher(), app_id="")
