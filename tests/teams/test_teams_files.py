"""Files from Teams: fetched from SharePoint without our token, and from nowhere else, whatever a link says."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from adapters.teams_files import TeamsFiles
from bot.events import File, Person, Turn
from bot.files import LARGEST, NotFetched
from tests.teams import standin

TURN = Turn("e1", "m1", "teams", "teams:a:1", Person("teams:t:anna"), "What does it say?")
SHARED = "contoso.sharepoint.com"
MY = "contoso-my.sharepoint.com"
SIGN_IN = "<!DOCTYPE html><html><title>Sign in</title></html>"


class Host:
    """SharePoint, played on loopback behind the proxy; keeps what it was asked with."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.tokens: list[str] = []
        self.answers: dict[str, Callable[[web.Request], Any]] = {}

    async def file(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.host, request.raw_path))
        self.tokens.append(request.headers.get("Authorization", "") + request.headers.get("Cookie", ""))
        answer = self.answers[request.match_info["name"]](request)
        response: web.StreamResponse = await answer if asyncio.iscoroutine(answer) else answer
        return response


@pytest.fixture
async def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Host]:
    for name in ("HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    played = Host()
    async with standin.behind_proxy(tmp_path, [web.get("/{name:.*}", played.file)], SHARED, MY) as environment:
        for name, value in environment.items():
            monkeypatch.delenv(name.lower(), raising=False)
            monkeypatch.setenv(name, value)
        yield played


async def fetched(link: str, *, name: str = "holidays.txt", **more: Any) -> bytes | str:
    """The file's bytes, or why there are none."""
    try:
        return await TeamsFiles(**more).fetch(File(name, link=link), TURN)
    except NotFetched as refusal:
        return refusal.reason


def moved(where: str) -> web.Response:
    return web.Response(status=302, headers={"Location": where})


async def test_a_file_is_fetched_with_what_its_link_holds_and_nothing_of_ours(host: Host) -> None:
    host.answers["download.aspx"] = lambda _: web.Response(body=b"25 days")
    link = f"https://{MY}/download.aspx?UniqueId=1%2F2&tempauth=v1.eyJ%2B~.%3d"
    assert await fetched(link) == b"25 days"
    assert host.asked == [(MY, "/download.aspx?UniqueId=1%2F2&tempauth=v1.eyJ%2B~.%3d")]
    assert host.tokens == [""]


async def test_a_redirect_is_followed_as_far_as_it_stays_where_files_are(host: Host) -> None:
    host.answers["a"] = lambda _: moved(f"https://{SHARED}/b")
    host.answers["b"] = lambda _: web.Response(body=b"moved")
    assert await fetched(f"https://{MY}/a") == b"moved"
    host.answers["b"] = lambda _: moved("/b")
    assert await fetched(f"https://{MY}/a") == "unreachable"


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:8080/admin",
        "https://127.0.0.1/",
        "https://localhost/",
        "http://169.254.169.254/metadata/instance",
        "https://169.254.169.254/metadata/instance",
        "https://[::1]/",
        "https://[fd00::1]/",
        "https://2130706433/",
        "https://0x7f.1/",
        f"http://{SHARED}/plain",
        f"https://{SHARED}:8443/",
        f"https://{SHARED}@evil.example/",
        f"https://evil.example#@{SHARED}/",
        f"https://evil.example\\@{SHARED}/",
        f"https://user:word@{SHARED}/",
        f"https://{SHARED}.evil.example/",
        "https://evilsharepoint.com/",
        "https://sharepoint.com.evil.example/",
        "https://sharepoint.com/",
        "https://contoso.sharepoint.com\u3002evil.example/",
        "https://contoso\u2024sharepoint.com/",
        f"https://{SHARED}%00.evil.example/",
        f"https://{SHARED}%2eevil.example/",
        f"//{SHARED}/",
        f"ftp://{SHARED}/",
        "file:///etc/passwd",
        "data:text/plain,hello",
        "javascript:alert(1)",
        f"https://{SHARED}/\r\nHost: evil.example",
        f" https://{SHARED}/",
        f"https://{SHARED}/" + "x" * 10_000,
        f"https://{SHARED}:port/",
        "https://[/",
        "https://smba.trafficmanager.net/emea/v3/attachments/1/views/original",
        "https://graph.microsoft.com/v1.0/me",
        "x",
    ],
)
async def test_a_link_that_leads_elsewhere_is_not_followed_from_the_start_nor_later(host: Host, target: str) -> None:
    assert await fetched(target) in {"external", "unreachable"}
    assert not host.asked
    if re.fullmatch(r"[ -~]+", target) and not target.startswith((" ", "//", "x")):
        host.answers["a"] = lambda _: moved(target)
        assert await fetched(f"https://{SHARED}/a") in {"external", "unreachable"}
        assert host.asked == [(SHARED, "/a")]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda _: web.Response(status=401), "external"),
        (lambda _: web.Response(status=403), "external"),
        (lambda _: web.Response(status=404), "gone"),
        (lambda _: web.Response(status=410), "gone"),
        (lambda _: web.Response(status=429), "unreachable"),
        (lambda _: web.Response(status=500), "unreachable"),
        (lambda _: web.Response(status=302), "unreachable"),
        (lambda _: web.Response(text=SIGN_IN, content_type="text/html"), "external"),
        (lambda _: web.Response(body=b"x" * (LARGEST + 1)), "large"),
    ],
)
async def test_why_a_file_could_not_be_had(host: Host, answer: Any, reason: str) -> None:
    host.answers["a"] = answer
    assert await fetched(f"https://{SHARED}/a") == reason


async def test_a_page_that_was_sent_as_a_file_is_one(host: Host) -> None:
    host.answers["a"] = lambda _: web.Response(text=SIGN_IN, content_type="text/html")
    assert await fetched(f"https://{SHARED}/a", name="page.html") == SIGN_IN.encode()


async def test_without_a_link_there_is_no_file(host: Host) -> None:
    assert await fetched("") == "external"
    assert not host.asked


async def test_who_never_ends_is_not_listened_to_forever(host: Host) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 2**20)
        except ConnectionError:
            return response

    async def silent(request: web.Request) -> web.Response:
        while request.transport and not request.transport.is_closing():
            await asyncio.sleep(0.05)
        return web.Response()

    host.answers.update(endless=endless, silent=silent)
    assert await fetched(f"https://{SHARED}/endless") == "large"
    assert await fetched(f"https://{SHARED}/silent", seconds=0.3) == "unreachable"


async def test_a_file_that_would_swell_is_taken_as_it_is(host: Host) -> None:
    import gzip

    packed = gzip.compress(b"x" * 2**20)
    host.answers["a"] = lambda _: web.Response(body=packed, headers={"Content-Encoding": "gzip"})
    assert await fetched(f"https://{SHARED}/a") == packed


async def test_this_machine_is_a_host_of_files_in_a_try_alone() -> None:
    played = Host()
    played.answers["a"] = lambda _: web.Response(body=b"25 days")
    async with standin.serving([web.get("/{name:.*}", played.file)]) as port:
        link = f"http://127.0.0.1:{port}/a"
        assert await fetched(link) == "external"
        assert await fetched(link, insecure=True) == b"25 days"
        assert await fetched("http://169.254.169.254/", insecure=True) == "external"
        assert await fetched(f"http://anna@127.0.0.1:{port}/a", insecure=True) == "external"
