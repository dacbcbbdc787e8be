"""Files from Slack: named purely, fetched with the token from Slack alone, refused in our words."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web

from adapters.slack_files import SlackFiles, files_of
from bot.events import File, Person, Turn
from bot.files import LARGEST, NotFetched

TURN = Turn("Ev1", "m1", "slack", "slack:T1:D1:1.1", Person("slack:T1:U1"), "What does it say?")
SIGN_IN = "<!DOCTYPE html><html><title>Sign in</title></html>"


class Host:
    """A server of files; keeps the tokens that it was shown."""

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.answers: dict[str, Callable[[web.Request], Any]] = {}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"

    async def open(self) -> web.AppRunner:
        app = web.Application()
        app.router.add_get("/{name:.*}", self._file)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0, handler_cancellation=True)
        await runner.setup()
        await web.SockSite(runner, self._listener).start()
        return runner

    def close(self) -> None:
        self._listener.close()

    async def _file(self, request: web.Request) -> web.StreamResponse:
        self.tokens.append(request.headers.get("Authorization", ""))
        answer = self.answers[request.match_info["name"]](request)
        response: web.StreamResponse = await answer if asyncio.iscoroutine(answer) else answer
        return response


@pytest.fixture
async def hosts() -> AsyncIterator[tuple[Host, Host]]:
    """Slack's, and a stranger's."""
    hosts = Host(), Host()
    runners = [await host.open() for host in hosts]
    yield hosts
    for runner in runners:
        await runner.cleanup()


async def fetched(host: Host, name: str, kind: str = "text/plain", seconds: float = 5.0) -> bytes | str:
    """The file's bytes, or why there are none."""

    async def token(turn: Turn) -> str:
        return "xoxb-house"

    link = name if "://" in name or name.endswith(":") else host.url + name if name else ""
    try:
        return await SlackFiles(token, f"{host.url}api/", seconds=seconds).fetch(File("a.txt", kind, 0, link), TURN)
    except NotFetched as refusal:
        return refusal.reason


def moved(to: str) -> web.Response:
    return web.Response(status=302, headers={"Location": to})


def test_files_are_named_with_what_slack_tells_of_them() -> None:
    there = {"id": "F1", "name": "a.pdf", "mimetype": "application/pdf", "filetype": "pdf", "size": 42}
    links = {"url_private": "https://files.slack.com/p", "url_private_download": "https://files.slack.com/d"}
    event = {
        "files": [
            there | links,
            there | {"mode": "external", "url_private": "https://drive.example/x"},
            {"id": "F2", "mode": "tombstone"},
            there | links | {"mode": "hidden_by_limit"},
            {"id": "F3", "file_access": "check_file_info"},
        ]
    }
    links_of = [file.link for file in files_of(event)]
    assert files_of(event)[0] == File("a.pdf", "application/pdf", 42, "https://files.slack.com/d")
    assert links_of == ["https://files.slack.com/d", "https://drive.example/x", "", "", "slack-connect:"]


@pytest.mark.parametrize(
    "files", [None, "x", 7, {}, [None, 1, "x"], [{"name": 1, "size": -3, "mimetype": []}], [{"size": 1e400}]]
)
def test_garbage_is_no_file_or_one_without_a_link(files: object) -> None:
    assert all(not file.link and not file.size for file in files_of({"files": files}))
    assert files_of({}) == ()


async def test_the_bytes_come_with_our_token(hosts: tuple[Host, Host]) -> None:
    host, _ = hosts
    host.answers["f"] = lambda _: web.Response(body=b"30 days")
    host.answers["page.html"] = lambda _: web.Response(text="<p>30 days</p>", content_type="text/html")
    assert await fetched(host, "f") == b"30 days"
    assert await fetched(host, "page.html", "text/html") == b"<p>30 days</p>"
    assert host.tokens == ["Bearer xoxb-house"] * 2


@pytest.mark.parametrize(("status", "reason"), [(403, "scope"), (404, "gone"), (410, "gone"), (500, "unreachable")])
async def test_a_refusal_is_told_in_our_words(hosts: tuple[Host, Host], status: int, reason: str) -> None:
    hosts[0].answers["f"] = lambda _: web.Response(status=status)
    assert await fetched(hosts[0], "f") == reason


async def test_a_page_for_signing_in_is_a_missing_scope(hosts: tuple[Host, Host]) -> None:
    host, _ = hosts
    host.answers["f"] = lambda _: moved("/?redir=f")
    host.answers["g"] = host.answers[""] = lambda _: web.Response(text=SIGN_IN, content_type="text/html")
    assert await fetched(host, "g") == "scope"
    assert await fetched(host, "f", "text/html") == "scope"


async def test_the_token_goes_to_nobody_else(hosts: tuple[Host, Host]) -> None:
    host, stranger = hosts
    host.answers["f"] = lambda _: moved(stranger.url + "f")
    stranger.answers["f"] = lambda _: web.Response(body=b"stolen")
    assert await fetched(host, "f") == "external"
    assert await fetched(host, stranger.url + "f") == "external"
    assert not stranger.tokens


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("https://evil.example/f", "external"),
        ("https://slack.com.evil.example/f", "external"),
        ("https://evilslack.com/f", "external"),
        ("http://files.slack.com/f", "external"),
        ("https://files.slack.com@evil.example/f", "external"),
        ("file:///etc/passwd", "external"),
        ("https://[broken/f", "unreachable"),
        ("https://files.slack.com:port/f", "unreachable"),
        ("slack-connect:", "elsewhere"),
        ("", "gone"),
    ],
)
async def test_no_other_link_is_followed(hosts: tuple[Host, Host], link: str, reason: str) -> None:
    assert await fetched(hosts[0], link) == reason


async def test_what_is_too_large_or_too_slow_is_left(hosts: tuple[Host, Host]) -> None:
    host, _ = hosts

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(bytes(2**16))

    host.answers |= {"endless": endless, "silent": lambda _: asyncio.Event().wait()}
    host.answers["swelling"] = lambda _: web.Response(body=bytes(LARGEST * 4), headers={"Content-Encoding": "gzip"})
    assert await fetched(host, "endless") == "large"
    assert await fetched(host, "swelling") == "large"
    assert await fetched(host, "silent", seconds=0.2) == "unreachable"


async def test_in_circles_nobody_is_followed(hosts: tuple[Host, Host]) -> None:
    hosts[0].answers["f"] = lambda _: moved("/f")
    assert await fetched(hosts[0], "f") == "unreachable"
    assert len(hosts[0].tokens) == 3


async def test_nobody_there_is_unreachable() -> None:
    gone = Host()
    gone.close()
    assert await fetched(gone, "f") == "unreachable"
