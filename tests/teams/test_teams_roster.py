"""Who is in a group of Entra and who reads a channel, as Microsoft says it, and what holds where it does not."""

from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path

import pytest
from aiohttp import web

from adapters.teams_activity import Address
from adapters.teams_calls import NotTaken
from adapters.teams_entra import GRAPH, Graph
from adapters.teams_roster import TeamsRoster
from adapters.teams_sdk import TeamsBot
from adapters.teams_signin import SignIn as OurSignIn
from bot.events import Person, Turn
from bot.known import Unknown
from bot.people import PUBLIC, READERS
from tests.teams import standin
from tests.teams.standin import refusal
from tests.teams.wired import TENANT, Wired, wired

CHANNEL = "19:general@thread.tacv2"
ANNA, BEAT = f"teams:{TENANT}:aad-anna", f"teams:{TENANT}:aad-beat"


class Played:
    """A directory that says what it is told to say."""

    def __init__(self, **groups: frozenset[str]) -> None:
        self.groups = groups
        self.asked: list[str] = []

    async def groups_of(self, person: str) -> frozenset[str]:
        self.asked.append(person)
        if person not in self.groups:
            raise NotTaken("503")
        return self.groups[person]

    async def close(self) -> None: ...


@pytest.fixture
async def there() -> AsyncIterator[tuple[Wired, TeamsBot]]:
    async with wired() as both:
        yield both


def turn(address: Address, **more: str) -> Turn:
    where = {**asdict(address), **more}
    return Turn("e1", "m1", "teams", address.place, Person(ANNA), "How many days?", reply_to=where)


def member(name: str, **more: str) -> dict[str, str]:
    return {"id": f"29:{name}", "aadObjectId": f"aad-{name}", "tenantId": TENANT.upper(), **more}


async def test_a_channel_is_read_by_its_members_page_by_page(there: tuple[Wired, TeamsBot]) -> None:
    connector, bot = there
    roster = TeamsRoster(bot, None, 60)
    address = connector.address(conversation=f"{CHANNEL};messageid=1", kind="channel")
    connector.answers.append(web.json_response({"members": [member("anna")], "continuationToken": "a b"}))
    strangers = [member("beat"), member("gast", tenantId="another")]
    connector.answers.append(web.json_response({"members": strangers}))
    for _ in range(2):
        assert await roster.readers_of(turn(address)) == frozenset({ANNA, BEAT, "teams:another:aad-gast"})
    path = f"/emea/v3/conversations/{CHANNEL}/pagedmembers?pageSize=200"
    assert [called for _, called, _ in connector.calls] == [path, f"{path}&continuationToken=a b"]
    roster.forget()
    connector.answers.append(web.json_response({"members": [member("anna")]}))
    assert await roster.readers_of(turn(address)) == frozenset({ANNA})


async def test_where_others_read_or_too_many_nobody_is_counted(there: tuple[Wired, TeamsBot]) -> None:
    connector, bot = there
    address = connector.address(conversation=CHANNEL, kind="channel")
    assert await TeamsRoster(bot, None, 60).readers_of(turn(address, external="1")) is None
    assert connector.calls == []
    everybody = [member(str(number)) for number in range(READERS + 1)]
    connector.answers.append(web.json_response({"members": everybody, "continuationToken": "more"}))
    assert await TeamsRoster(bot, None, 60).readers_of(turn(address)) is None
    assert len(connector.calls) == 1


@pytest.mark.parametrize(
    "answer", [refusal(403), refusal(503), web.json_response({}), web.json_response({"members": []})]
)
async def test_what_teams_does_not_say_is_unknown(there: tuple[Wired, TeamsBot], answer: web.Response) -> None:
    connector, bot = there
    connector.answers.append(answer)
    with pytest.raises(Unknown):
        await TeamsRoster(bot, None, 60).readers_of(turn(connector.address(conversation=CHANNEL, kind="channel")))


async def test_entra_is_asked_of_our_people_alone_once_each(there: tuple[Wired, TeamsBot]) -> None:
    connector, bot = there
    entra = Played(**{"aad-anna": frozenset({"AB-1", "cd-2"}), "aad-beat": frozenset()})
    roster = TeamsRoster(bot, entra, 60, TENANT.upper())
    stranger = "teams:another:aad-anna"
    for _ in range(2):
        found = await roster.groups_of([ANNA, BEAT, stranger], turn(connector.address()))
        assert found == {ANNA: {"entra:ab-1", "entra:cd-2"}, BEAT: PUBLIC, stranger: PUBLIC}
    assert entra.asked == ["aad-anna", "aad-beat"]
    with pytest.raises(Unknown):
        await roster.groups_of([ANNA, f"teams:{TENANT}:aad-new"], turn(connector.address()))


async def test_without_the_operators_wish_entra_is_not_asked(there: tuple[Wired, TeamsBot]) -> None:
    connector, bot = there
    assert await TeamsRoster(bot, None, 60).groups_of([ANNA], turn(connector.address())) == {ANNA: PUBLIC}


async def test_graph_is_asked_as_the_app_in_its_tenant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[web.Response] = [
        web.json_response({"value": ["AB-1", "cd-2"]}),
        refusal(404, "Request_ResourceNotFound"),
        refusal(403, "Authorization_RequestDenied"),
        web.json_response({"value": "all"}),
    ]
    heard: list[tuple[str, str, object]] = []

    async def member_groups(request: web.Request) -> web.Response:
        heard.append((request.path, request.headers["Authorization"], await request.json()))
        return said.pop(0)

    sign_in = standin.SignIn()
    routes = [*sign_in.routes(), web.post("/v1.0/users/{person}/getMemberGroups", member_groups)]
    hosts = (standin.SIGN_IN, standin.LOGIN, GRAPH.removeprefix("https://"))
    async with standin.behind_proxy(tmp_path, routes, *hosts) as environment:
        for name in ("HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "CURL_CA_BUNDLE", *environment):
            monkeypatch.delenv(name, raising=False)
            monkeypatch.delenv(name.lower(), raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        signed = OurSignIn(standin.APP_ID, standin.PASSWORD, standin.TENANT, "MultiTenant", service=GRAPH)
        graph = Graph(signed)
        assert await graph.groups_of("aad/anna") == {"AB-1", "cd-2"}
        assert await graph.groups_of("aad-gone") == PUBLIC
        for _ in range(2):
            with pytest.raises(NotTaken):
                await graph.groups_of("aad-anna")
        await graph.close()
    [token] = sign_in.token_requests
    assert (token["tenant"], token["scope"]) == (standin.TENANT, f"{GRAPH}/.default")
    assert heard[0][1:] == (f"Bearer {standin.TOKEN}", {"securityEnabledOnly": False})
