"""Installing in several workspaces: through our pages, with the real SDK, Slack's side on loopback, a real Redis."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from adapters.slack_client import Lines
from adapters.slack_installs import STATES, Installations, States
from adapters.slack_oauth import SlackInstall
from adapters.slack_refusals import NotTaken
from adapters.slack_workspaces import Installed, OneWorkspace, Uninstalled
from bot.cabinet import Cabinet
from bot.errors import StateDown
from bot.seal import Seal
from tests.slack.grid import CLIENT_ID, CLIENT_SECRET, Browser, Grid, browsers, grid

# slack_sdk 3.47 sends the client's secret through a class of aiohttp's that goes with aiohttp 4, which we do not allow.
pytestmark = pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning")

SEAL = Seal(bytes(range(32)))
SOON = 3600  # less than the two hours before its end in which a token is renewed


@dataclass
class Company:
    """A company with several workspaces: Slack's side, our pages, and two replicas of ours."""

    slack: Grid
    browser: Browser
    other_browser: Browser
    replicas: Sequence[Installed]
    installs: Installations

    async def token(self, team: str, enterprise: str = "", replica: int = 0) -> str:
        """The token that a replica uses in a workspace."""
        return (await self.replicas[replica].client(team, enterprise)).token or ""


@pytest.fixture
async def company(redis: Redis) -> AsyncIterator[Company]:
    cabinet = Cabinet(redis, SEAL)
    installs = Installations(cabinet, CLIENT_ID, ("T0ONE", "T0TWO", "E0ORG"))
    async with grid() as slack:
        lines = Lines(slack.api_url)
        pages = SlackInstall(installs, States(cabinet), lines, CLIENT_SECRET, ["chat:write", "commands"])
        replicas = [Installed(installs, Lines(slack.api_url), CLIENT_SECRET) for _ in range(2)]
        async with browsers(pages.routes()) as (browser, other):
            yield Company(slack, browser, other, replicas, installs)
        for replica in replicas:
            await replica.close()
            await replica.close()
        await lines.close()


def event(kind: str, team: str = "T0ONE", **more: object) -> dict[str, object]:
    return {"type": "event_callback", "team_id": team, "enterprise_id": None, "event": {"type": kind, **more}}


async def test_each_workspace_gets_a_token_of_its_own(company: Company) -> None:
    for team in ("T0ONE", "T0TWO"):
        page = await company.browser.install(company.slack.allow(team))
        assert page.status == 200
        assert f"installed in &lt;b&gt;{team}&lt;/b&gt;." in page.text
    one, two = await company.token("T0ONE"), await company.token("T0TWO")
    assert one.startswith("xoxe.xoxb-")
    assert one != two
    assert await company.token("T0ONE", replica=1) == one
    assert (await (await company.replicas[0].client("T0TWO")).auth_test())["bot_id"] == "B0GEIST"


async def test_our_page_asks_slack_for_our_scopes_and_nothing_that_others_wrote(company: Company) -> None:
    page = await company.browser.get("/slack/install", team="T0ONE")
    assert page.status == 302
    assert page.headers["location"].startswith(company.slack.api_url.replace("/api/", "/oauth/v2/authorize?"))
    assert (page.asks["scope"], page.asks["client_id"], page.asks["team"]) == (
        "chat:write,commands",
        CLIENT_ID,
        "T0ONE",
    )
    cookie = page.headers["set-cookie"].lower()
    assert all(word in cookie for word in ("httponly", "secure", "samesite=lax", "max-age=600"))
    page = await company.browser.get("/slack/install", team="T0ONE&user_scope=admin")
    assert "admin" not in page.headers["location"]


async def test_an_organisation_s_install_holds_in_all_its_workspaces(company: Company) -> None:
    page = await company.browser.install(company.slack.allow("", "E0ORG", org=True))
    assert "installed in Rheinwerk. Now add it to workspaces" in page.text
    assert await company.token("T0ANY", "E0ORG") == await company.token("T0OTHER", "E0ORG")
    for team, enterprise in (("T0ANY", ""), ("T0ANY", "E0ELSE")):
        with pytest.raises(Uninstalled) as refused:
            await company.token(team, enterprise)
        assert refused.value.lasting


async def test_a_workspace_s_own_install_comes_before_its_organisation_s(company: Company) -> None:
    await company.browser.install(company.slack.allow("", "E0ORG", org=True))
    await company.browser.install(company.slack.allow("T0ONE", "E0ORG"))
    assert await company.token("T0ONE", "E0ORG") != await company.token("T0TWO", "E0ORG")
    found = await company.installs.async_find_bot(enterprise_id="E0ORG", team_id="T0ONE", is_enterprise_install=True)
    assert found
    assert found.bot_token == await company.token("T0TWO", "E0ORG")


async def test_a_state_is_good_once(company: Company) -> None:
    begun = await company.browser.get("/slack/install")
    state, cookie = begun.asks["state"], company.browser.cookie
    assert (
        await company.browser.get("/slack/oauth_redirect", code=company.slack.allow("T0ONE"), state=state)
    ).status == 200
    company.browser.cookie = cookie
    again = await company.browser.get("/slack/oauth_redirect", code=company.slack.allow("T0ONE"), state=state)
    assert again.status == 401
    assert "finished before" in again.text
    assert company.slack.made("installed") == 1


async def test_a_state_that_we_never_gave_is_refused(company: Company) -> None:
    company.browser.cookie = "slack-app-oauth-state=forged"
    page = await company.browser.get("/slack/oauth_redirect", code=company.slack.allow("T0ONE"), state="forged")
    assert page.status == 401
    begun = await company.browser.get("/slack/install")  # the state of one browser, in the address of another
    lured = await company.other_browser.get("/slack/oauth_redirect", code="code-1", state=begun.asks["state"])
    assert (lured.status, "This browser did not begin" in lured.text) == (400, True)
    assert company.slack.calls == []


async def test_a_state_ends(company: Company, redis: Redis) -> None:
    begun = await company.browser.get("/slack/install")
    (name,) = await redis.keys("hg:cabinet:slack-state:*")
    assert 590 < await redis.ttl(name) <= 600
    assert begun.asks["state"].encode() not in name
    await redis.delete(name)
    late = await company.browser.get("/slack/oauth_redirect", code="code-1", state=begun.asks["state"])
    assert "longer than ten minutes" in late.text


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"error": "access_denied"}, "cancelled in Slack"),
        ({"error": "<script>alert(1)</script>"}, "did not confirm"),
        ({"code": "wrong"}, "did not confirm"),
        ({}, "did not confirm"),
    ],
)
async def test_pages_tell_what_went_wrong_and_nothing_else(
    company: Company, query: dict[str, str], told: str, caplog: pytest.LogCaptureFixture
) -> None:
    begun = await company.browser.get("/slack/install")
    page = await company.browser.get("/slack/oauth_redirect", state=begun.asks["state"], **query)
    assert page.status >= 400
    assert told in page.text
    assert "begin anew" in page.text
    assert "script" not in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "wrong" not in caplog.text
    assert "script" not in caplog.text


async def test_whoever_is_not_welcome_is_refused_and_gives_the_token_back(company: Company) -> None:
    page = await company.browser.install(company.slack.allow("T0STRANGE"))
    assert page.status == 403
    assert "HAUSGEIST_WORKSPACES" in page.text
    assert company.slack.made("auth.revoke") == 1
    assert await company.installs.cabinet.names("slack:") == []
    await company.browser.install(company.slack.allow("T0ONE"))
    fewer = Installations(company.installs.cabinet, CLIENT_ID, ("T0TWO",))
    assert await fewer.find("T0ONE") == []


@pytest.mark.parametrize(("url", "status"), [("", 401), ("http://127.0.0.1:1/api/", 502)])
async def test_slack_away_is_said_on_the_page(
    company: Company, url: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    company.slack.away = True
    lines, states = Lines(url or company.slack.api_url), States(company.installs.cabinet)
    async with browsers(SlackInstall(company.installs, states, lines, CLIENT_SECRET, []).routes()) as (browser, _):
        page = await browser.install("code-9")
    assert (page.status, "begin anew" in page.text) == (status, True)
    assert "code-9" not in caplog.text
    await lines.close()


async def test_redis_away_is_said_on_the_page(company: Company) -> None:
    down = Redis(port=1, retry=Retry(NoBackoff(), 0))
    lines, states = Lines(company.slack.api_url), States(Cabinet(down, SEAL))
    async with browsers(SlackInstall(company.installs, states, lines, CLIENT_SECRET, []).routes()) as (browser, _):
        page = await browser.get("/slack/install")
    assert (page.status, "does not answer" in page.text) == (503, True)
    await lines.close()
    await down.aclose()


async def test_more_states_than_administrators_are_refused(redis: Redis) -> None:
    states = States(Cabinet(redis, SEAL))
    states._begun.extend([time.monotonic()] * STATES)
    pages = SlackInstall(
        Installations(Cabinet(redis, SEAL), CLIENT_ID, ()), states, lines := Lines(), CLIENT_SECRET, []
    )
    async with browsers(pages.routes()) as (browser, _):
        assert (await browser.get("/slack/install")).status == 429
    assert await redis.keys("*") == []
    await lines.close()


async def test_redis_holds_no_token_in_clear(company: Company, redis: Redis) -> None:
    company.slack.lifetime = SOON
    await company.browser.get("/slack/install")
    await company.browser.install(company.slack.allow("T0ONE"))
    await company.token("T0ONE")
    names = await redis.keys("*")
    assert [name for name in names if b"slack:111.222:T0ONE" in name]
    for name in names:
        held = b"".join(map(bytes, [name, await cast(Any, redis.dump(name)), await cast(Any, redis.get(name))]))
        assert not [word for word in (b"xoxe", b"xoxb", b"U0ADMIN", CLIENT_SECRET.encode()) if word in held]
    assert await redis.ttl("hg:cabinet:slack:111.222:T0ONE") == -1


async def test_two_replicas_renew_a_token_once(company: Company) -> None:
    company.slack.lifetime = SOON
    await company.browser.install(company.slack.allow("T0ONE"))
    company.slack.lifetime = 43_200
    asked = [company.token("T0ONE", replica=number % 2) for number in range(8)]
    tokens = await asyncio.gather(*asked)
    assert company.slack.made("renewed") == 1
    assert len(set(tokens)) == 1
    (bot,) = await company.installs.find("T0ONE")
    assert bot.bot_token == tokens[0]
    assert (bot.bot_token_expires_at or 0) > time.time() + 40_000
    record = await company.installs.async_find_installation(enterprise_id=None, team_id="T0ONE")
    assert record
    assert record.user_id == "U0ADMIN"


async def test_a_client_is_kept_for_a_while(company: Company, redis: Redis) -> None:
    await company.browser.install(company.slack.allow("T0ONE"))
    first = await company.replicas[0].client("T0ONE")
    await redis.flushall()
    assert await company.replicas[0].client("T0ONE") is first
    with pytest.raises(Uninstalled):
        await company.replicas[1].client("T0ONE")


async def test_a_token_that_still_holds_is_used_while_slack_is_away(company: Company) -> None:
    company.slack.lifetime = SOON
    await company.browser.install(company.slack.allow("T0ONE"))
    company.slack.away = True
    assert await company.token("T0ONE")
    (bot,) = await company.installs.find("T0ONE")
    bot.bot_token_expires_at = int(time.time()) - 1
    await company.installs.renew(bot)
    with pytest.raises(NotTaken) as refused:
        await company.token("T0ONE", replica=1)
    assert not refused.value.lasting
    company.slack.away = False
    assert await company.token("T0ONE", replica=1) != bot.bot_token


async def test_a_token_that_slack_will_never_renew_is_as_good_as_none(company: Company) -> None:
    company.slack.lifetime = -1
    await company.browser.install(company.slack.allow("T0ONE"))
    company.slack.revoke()
    with pytest.raises(Uninstalled):
        await company.token("T0ONE")


async def test_a_renewed_token_is_not_lost_with_redis(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slack takes the old refresh token for the new one; what could not be saved is saved as soon as it can."""
    company.slack.lifetime = SOON
    await company.browser.install(company.slack.allow("T0ONE"))
    (old,) = await company.installs.find("T0ONE")

    async def away(*_: object) -> bool:
        raise StateDown

    with monkeypatch.context() as patch:
        patch.setattr(company.installs.cabinet, "replace", away)
        assert await company.token("T0ONE") == old.bot_token
    company.replicas[0]._clients.clear()
    company.slack.lifetime = 43_200
    new = await company.token("T0ONE")
    assert new != old.bot_token
    (kept,) = await company.installs.find("T0ONE")
    assert kept.bot_token == new


async def test_who_stops_waiting_does_not_cost_the_token(company: Company) -> None:
    company.slack.lifetime = SOON
    await company.browser.install(company.slack.allow("T0ONE"))
    company.slack.lifetime = 43_200
    async with company.slack.held():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await company.token("T0ONE")
    await company.replicas[0].close()
    assert await company.token("T0ONE", replica=1) in company.slack.places
    assert company.slack.made("renewed") == 1


async def test_an_uninstalled_workspace_is_forgotten(company: Company) -> None:
    for team in ("T0ONE", "T0TWO"):
        await company.browser.install(company.slack.allow(team))
    token = await company.token("T0ONE")
    del company.slack.places[token]
    await company.replicas[0].gone(event("app_uninstalled"))
    await company.replicas[0].gone(event("app_uninstalled"))
    assert await company.installs.cabinet.names("slack:") == ["slack:111.222:T0TWO"]
    with pytest.raises(Uninstalled):
        await company.token("T0ONE")
    assert await company.token("T0TWO")


async def test_news_of_an_old_token_does_not_take_the_new_one(company: Company) -> None:
    await company.browser.install(company.slack.allow("T0ONE"))
    await company.replicas[0].gone(event("tokens_revoked", tokens={"bot": ["U0GEIST"]}))
    await company.replicas[0].gone(event("tokens_revoked", tokens={"oauth": ["U0ADMIN"]}))
    company.slack.away = True
    await company.replicas[0].gone(event("app_uninstalled"))
    company.slack.away = False
    assert await company.token("T0ONE")


async def test_the_store_does_what_the_sdk_expects(company: Company) -> None:
    await company.browser.install(company.slack.allow("T0ONE"))
    where: dict[str, Any] = {"enterprise_id": None, "team_id": "T0ONE"}
    store = company.installs
    bot = await store.async_find_bot(**where)
    assert bot
    await store.async_delete_installation(**where, user_id="U0ELSE")
    assert await store.async_find_installation(**where, user_id="U0ADMIN")
    assert await store.async_find_installation(**where, user_id="U0ELSE") is None
    await store.async_delete_all(**where)
    assert await store.async_find_bot(**where) is None
    await store.async_save_bot(bot)
    found = await store.async_find_bot(**where)
    assert found
    assert vars(found) == vars(bot)


async def test_one_workspace_has_one_client(caplog: pytest.LogCaptureFixture) -> None:
    lines = Lines("http://127.0.0.1:1/api/")
    workspaces = OneWorkspace(lines, "xoxb-1")
    client = await workspaces.client("T1")
    assert await workspaces.client("T2", "E1") is client
    assert (client.token, client.base_url, client.proxy) == ("xoxb-1", "http://127.0.0.1:1/api/", None)
    with caplog.at_level(logging.ERROR):
        await workspaces.gone(event("app_uninstalled"))
    assert "install it again" in caplog.text
    await workspaces.close()
