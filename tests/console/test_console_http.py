"""The console over HTTP: who is served, what may be sent, what comes back."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from itertools import product
from typing import Any

import aiohttp
import pytest

from bot.answers import Answer
from bot.errors import Blocked, HausgeistError, ModelDown, StateDown
from bot.events import Feedback, Verdict
from tests.console.stage import ANNA, EXAMPLES, HOLIDAY_ANSWER, PEOPLE, Paper, Script, Shelf, ailing, console, served

ASKED = {"question": "How many days of holiday do I have?", "conversation": "tab-1"}
JUDGED = {"answer": "4f2a91c07be3d815", "verdict": "up"}
PAGES = ("/console", "/console/state", "/console/documents/hr/holidays.md")

BAD = [
    ("ask", {**ASKED, "question": ""}, "question"),
    ("ask", {**ASKED, "question": "  \n "}, "question"),
    ("ask", {**ASKED, "question": "x" * 8001}, "question"),
    ("ask", {**ASKED, "question": 5}, "question"),
    ("ask", {**ASKED, "question": None}, "question"),
    ("ask", {"question": "Hello?"}, "conversation"),
    ("ask", {**ASKED, "conversation": "a:b"}, "conversation"),
    ("ask", {**ASKED, "conversation": "x" * 65}, "conversation"),
    ("ask", {**ASKED, "person": ["demo:anna"]}, "person"),
    ("ask", ["question"], ""),
    ("feedback", {**JUDGED, "verdict": "sideways"}, "verdict"),
    ("feedback", {**JUDGED, "removed": "yes"}, "removed"),
    ("feedback", {"verdict": "up"}, "answer"),
]
FOREIGN = [
    ({"Sec-Fetch-Site": "cross-site"}, 403),
    ({"Sec-Fetch-Site": "same-site"}, 403),
    ({"Sec-Fetch-Site": "none"}, 403),
    ({"Origin": "https://evil.example"}, 403),
    ({"Origin": "null"}, 403),
    ({"Origin": "http://127.0.0.1:1"}, 403),
    ({"Sec-Fetch-Site": "", "Origin": "https://evil.example"}, 403),
    ({"Content-Type": "text/plain"}, 415),
    ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
]
HOSTS = [
    ("localhost:8080", 200),
    ("127.0.0.1", 200),
    ("127.9.9.9:80", 200),
    ("[::1]:8080", 200),
    ("LOCALHOST", 200),
    ("evil.example", 403),
    ("127.0.0.1.evil.example:8080", 403),
    ("localhost.evil.example", 403),
    ("192.168.1.5", 403),
    ("[::1", 403),
    ("0.0.0.0", 403),
]


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    timeout = aiohttp.ClientTimeout(total=8)
    async with aiohttp.ClientSession(timeout=timeout, headers={"Sec-Fetch-Site": "same-origin"}) as session:
        yield session


async def events(response: aiohttp.ClientResponse) -> list[tuple[str, dict[str, Any]]]:
    """The server-sent events of a whole response."""
    blocks = (await response.text()).strip().split("\n\n")
    found = [re.fullmatch(r"event: (\w+)\ndata: (.*)", block) for block in blocks]
    return [(match[1], json.loads(match[2])) for match in found if match]


async def test_the_root_leads_to_the_console(script: Script, http: aiohttp.ClientSession) -> None:
    async with served(console(script)) as base:
        response = await http.get(f"{base}/")
        assert (response.status, response.url.path) == (200, "/console")


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_runs_only_our_own_scripts_and_is_not_kept(
    script: Script, http: aiohttp.ClientSession, path: str
) -> None:
    async with served(console(script)) as base, http.get(f"{base}{path}") as response:
        html = await response.text()
    assert response.content_type == "text/html"
    assert "script-src 'self';" in response.headers["Content-Security-Policy"]
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "no-store"
    assert not re.search(r"<script(?![^>]*\bsrc=\"/console/static/)|\son\w+=|\sstyle=|<style", html)
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", html)


@pytest.mark.parametrize(
    ("file", "kind"), [("app.js", "text/javascript"), ("style.css", "text/css"), ("logo.svg", "image/svg+xml")]
)
async def test_static_files_say_what_they_are(
    script: Script, http: aiohttp.ClientSession, file: str, kind: str
) -> None:
    async with served(console(script)) as base, http.get(f"{base}/console/static/{file}") as response:
        assert response.content_type == kind
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cache-Control"] == "no-cache"


async def test_no_file_outside_the_static_folder_is_served(script: Script, http: aiohttp.ClientSession) -> None:
    async with served(console(script)) as base:
        for path in ("../__init__.py", "..%2f__init__.py", "%2e%2e/access.py", "../pages/chat.html", "."):
            async with http.get(f"{base}/console/static/{path}") as response:
                assert response.status == 404, path


async def test_a_question_is_answered_in_pieces_with_sources(script: Script, http: aiohttp.ClientSession) -> None:
    asked = {**ASKED, "person": ANNA.id}
    async with served(console(script)) as base, http.post(f"{base}/console/api/ask", json=asked) as response:
        told = await events(response)
    assert response.content_type == "text/event-stream"
    assert response.headers["Cache-Control"] == "no-store"
    names = [name for name, _ in told]
    assert names[0] == "status" and names[-1] == "answer" and set(names[1:-1]) == {"piece"}
    assert "".join(data["text"] for name, data in told if name == "piece") == HOLIDAY_ANSWER.text
    answer = told[-1][1]
    assert answer["trace_id"] == HOLIDAY_ANSWER.trace_id and answer["refused"] is False and answer["hidden"] == ""
    assert answer["sources"][0]["doc_id"] == "hr/holidays.md"
    [turn] = script.turns
    assert turn.person == ANNA and turn.private and turn.platform == "console" and turn.text == ASKED["question"]
    assert turn.conversation == "console:demo:anna:tab-1" and turn.history is None


@pytest.mark.parametrize(
    ("error", "again"), [(ModelDown("The model does not answer."), True), (Blocked("This seems to hold a key."), False)]
)
async def test_a_failure_is_told_with_its_trace_id(
    script: Script, http: aiohttp.ClientSession, error: HausgeistError, again: bool
) -> None:
    script.failures = [error]
    async with served(console(script)) as base, http.post(f"{base}/console/api/ask", json=ASKED) as response:
        told = await events(response)
    assert told[-1] == ("error", {"message": str(error), "trace_id": "badc0ffee0ddf00d", "again": again})


async def test_a_dispatcher_that_breaks_its_promise_is_not_silence(http: aiohttp.ClientSession) -> None:
    class Mute(Script):
        async def run(self, turn: object, reply: object) -> None:
            """Ends without an answer."""

    async with served(console(Mute())) as base, http.post(f"{base}/console/api/ask", json=ASKED) as response:
        [(name, data)] = await events(response)
    assert name == "error" and data["trace_id"]


async def test_half_a_character_in_an_answer_does_not_break_the_stream(
    script: Script, http: aiohttp.ClientSession
) -> None:
    script.answers[ASKED["question"]] = Answer("half \ud83d and whole 🏠", "t1")
    async with served(console(script)) as base, http.post(f"{base}/console/api/ask", json=ASKED) as response:
        assert (await events(response))[-1][1]["text"] == "half \ud83d and whole 🏠"


async def test_a_turn_ends_though_its_page_was_closed(script: Script, http: aiohttp.ClientSession) -> None:
    script.may_finish.clear()
    adapter = console(script)
    async with served(adapter) as base:
        async with http.post(f"{base}/console/api/ask", json=ASKED) as response:
            await response.content.readuntil(b"\n\n")
            response.close()
        script.may_finish.set()
        await script.has_ended.wait()
    assert script.ended == [ASKED["question"]]


async def test_stopping_waits_for_the_turns_under_way(script: Script, http: aiohttp.ClientSession) -> None:
    script.may_finish.clear()
    adapter = console(script)
    async with served(adapter) as base, http.post(f"{base}/console/api/ask", json=ASKED) as response:
        await response.content.readuntil(b"\n\n")
        stopping = asyncio.create_task(adapter.stop())
        assert not script.ended
        script.may_finish.set()
        await stopping
        assert script.ended == [ASKED["question"]]


async def test_bad_input_is_named_and_not_repeated(script: Script, http: aiohttp.ClientSession) -> None:
    async with served(console(script)) as base:
        for path, body, named in BAD:
            async with http.post(f"{base}/console/api/{path}", json=body) as response:
                assert response.status == 400, body
                error = (await response.json())["error"]
            assert named in error and "x" * 20 not in error and "sideways" not in error
    assert not script.turns and not script.feedback


async def test_what_is_no_json_or_too_large_is_turned_away(script: Script, http: aiohttp.ClientSession) -> None:
    async with served(console(script)) as base:
        address, kind = f"{base}/console/api/ask", {"Content-Type": "application/json"}
        async with http.post(address, data=b'{"question": ', headers=kind) as response:
            assert response.status == 400 and "error" in await response.json()
        async with http.post(address, data=b"\xff\xfe", headers=kind) as response:
            assert response.status == 400
        async with http.post(address, json={**ASKED, "question": "x" * 70_000}) as response:
            assert response.status == 413
        async with http.get(address) as response:
            assert response.status == 405
    assert not script.turns


@pytest.mark.parametrize("open_to_network", [False, True])
async def test_another_site_cannot_post(script: Script, http: aiohttp.ClientSession, open_to_network: bool) -> None:
    async with served(console(script, open_to_network=open_to_network)) as base:
        for (headers, status), (path, body) in product(FOREIGN, [("ask", ASKED), ("feedback", JUDGED)]):
            sent = {"Content-Type": "application/json", **headers}
            async with http.post(f"{base}/console/api/{path}", data=json.dumps(body), headers=sent) as response:
                assert response.status == status and "error" in await response.json(), headers
    assert not script.turns and not script.feedback


async def test_a_post_must_say_which_page_it_comes_from(script: Script) -> None:
    async with served(console(script)) as base, aiohttp.ClientSession() as bare:
        async with bare.post(f"{base}/console/api/ask", json=ASKED) as response:
            assert response.status == 403
        async with bare.post(f"{base}/console/api/ask", json=ASKED, headers={"Origin": base}) as response:
            assert response.status == 200 and await response.text()


async def test_only_loopback_names_are_answered(script: Script, http: aiohttp.ClientSession) -> None:
    paths = (*PAGES, "/console/api/setup", "/console/static/app.js")
    async with served(console(script)) as base:
        for (host, status), path in product(HOSTS, paths):
            async with http.get(f"{base}{path}", headers={"Host": host}) as response:
                assert response.status == status, (host, path)


@pytest.mark.parametrize("client", ["203.0.113.7", "192.168.1.20", "::ffff:203.0.113.7", "fe80::1", "nonsense"])
async def test_other_machines_are_served_only_when_told_so(
    script: Script, http: aiohttp.ClientSession, client: str
) -> None:
    async with served(console(script), client=client) as base:
        for path in ("/", *PAGES, "/console/api/state", "/console/static/app.js"):
            async with http.get(f"{base}{path}") as response:
                assert response.status == 403, path
    async with (
        served(console(script, open_to_network=True), client=client) as base,
        http.get(f"{base}/console", headers={"Host": "intranet.example"}) as response,
    ):
        assert response.status == 200


@pytest.mark.parametrize("client", ["127.0.0.1", "127.3.2.1", "::1", "::ffff:127.0.0.1"])
async def test_this_machine_is_served(script: Script, http: aiohttp.ClientSession, client: str) -> None:
    async with served(console(script), client=client) as base, http.get(f"{base}/console") as response:
        assert response.status == 200


async def test_what_a_proxy_passes_on_is_refused(script: Script, http: aiohttp.ClientSession) -> None:
    async with served(console(script)) as base:
        for header in ("X-Forwarded-For", "Forwarded", "X-Forwarded-Host", "X-Real-IP", "Via"):
            async with http.get(f"{base}/console", headers={header: "127.0.0.1"}) as response:
                assert response.status == 403, header
            async with http.post(f"{base}/console/api/ask", json=ASKED, headers={header: "127.0.0.1"}) as response:
                assert response.status == 403, header
    assert not script.turns


async def test_outside_the_demo_nobody_is_played(script: Script, http: aiohttp.ClientSession) -> None:
    async with served(console(script, demo=False)) as base:
        for extra in ({"person": ANNA.id}, {"groups": ["hr"]}):
            async with http.post(f"{base}/console/api/ask", json={**ASKED, **extra}) as response:
                assert response.status == 403
            async with http.post(f"{base}/console/api/feedback", json={**JUDGED, **extra}) as response:
                assert response.status == 403
        for query in (f"person={ANNA.id}", "groups=hr"):
            async with http.get(f"{base}/console/documents/hr/salaries.md?{query}") as response:
                assert response.status == 403
        async with http.post(f"{base}/console/api/ask", json=ASKED) as response:
            assert response.status == 200 and await response.text()
        async with http.get(f"{base}/console/api/setup") as response:
            assert (await response.json())["people"] == []
    [turn] = script.turns
    assert turn.person.id == "console:local" and turn.person.groups == frozenset()


async def test_in_the_demo_only_its_people_are_played_and_groups_never_chosen(
    script: Script, http: aiohttp.ClientSession
) -> None:
    async with served(console(script)) as base:
        for extra in ({"person": "demo:root"}, {"person": ANNA.id, "groups": ["board"]}):
            async with http.post(f"{base}/console/api/ask", json={**ASKED, **extra}) as response:
                assert response.status == 403
    assert not script.turns


async def test_a_verdict_reaches_the_dispatcher_under_the_trace_id(script: Script, http: aiohttp.ClientSession) -> None:
    async with served(console(script)) as base:
        for body in (JUDGED, {**JUDGED, "removed": True}, {**JUDGED, "verdict": "down", "person": ANNA.id}):
            async with http.post(f"{base}/console/api/feedback", json=body) as response:
                assert response.status == 202 and await response.json() == {"accepted": True}
    up, undone, down = script.feedback
    assert isinstance(up, Feedback) and up.message_id == JUDGED["answer"] and up.verdict is Verdict.UP
    assert undone.removed and not up.removed and down.verdict is Verdict.DOWN and down.person == ANNA
    assert len({up.event_id, undone.event_id, down.event_id}) == 3


async def test_a_verdict_that_cannot_be_kept_is_said_so(script: Script, http: aiohttp.ClientSession) -> None:
    script.state_down = StateDown("Redis does not answer.")
    async with served(console(script)) as base, http.post(f"{base}/console/api/feedback", json=JUDGED) as response:
        assert response.status == 503 and await response.json() == {"error": "Redis does not answer."}


async def test_a_document_is_shown_to_whom_it_is_meant_for(script: Script, http: aiohttp.ClientSession) -> None:
    async with served(console(script)) as base:
        address = f"{base}/console/documents/hr/salaries.md"
        async with http.get(f"{address}?person={ANNA.id}") as response:
            assert response.status == 200 and "Band A begins" in await response.text()
        async with http.get(f"{address}?person={ANNA.id}", headers={"Accept": "application/json"}) as response:
            assert (await response.json())["title"] == "Salary bands"
        unknown = f"{base}/console/documents/hr/nothing.md"
        for kind in ("text/html", "application/json"):
            answers = []
            for where in (address, f"{address}?person=demo:ben", unknown):
                async with http.get(where, headers={"Accept": kind}) as response:
                    answers.append((response.status, response.content_type, await response.read()))
            assert len(set(answers)) == 1 and answers[0][:2] == (404, kind)


async def test_a_hostile_document_is_shown_as_text(script: Script, http: aiohttp.ClientSession) -> None:
    hostile = Paper("<script>alert(1)</script>", "</pre><img src=x onerror=alert(1)>$title &amp;", '"><b>', "$x")
    async with (
        served(console(script, shelf=Shelf({"a b/ä#?.md": hostile}))) as base,
        http.get(f"{base}/console/documents/a b/ä%23%3F.md") as response,
    ):
        html = await response.text()
    assert response.status == 200
    assert "<script>alert" not in html and "<img src=x" not in html and "<b>" not in html
    assert "&lt;/pre&gt;&lt;img src=x onerror=alert(1)&gt;$title &amp;amp;" in html


async def test_the_page_learns_whom_it_may_play_and_what_to_offer(script: Script, http: aiohttp.ClientSession) -> None:
    async with served(console(script)) as base, http.get(f"{base}/console/api/setup") as response:
        setup = await response.json()
    assert setup["examples"] == list(EXAMPLES)
    assert setup["people"] == [{"id": p.id, "name": p.name, "groups": sorted(p.groups)} for p in PEOPLE]


async def test_the_state_is_plain_json(script: Script, http: aiohttp.ClientSession) -> None:
    async with served(console(script, state=ailing)) as base, http.get(f"{base}/console/api/state") as response:
        state = await response.json()
    assert state["documents"] == 46 and state["model_kind"] == "embedded"
    assert state["parts"][1] == {
        "name": "Model server",
        "ok": False,
        "detail": "does not answer at 127.0.0.1:8081",
    }


async def test_everything_a_page_loads_is_small(script: Script, http: aiohttp.ClientSession) -> None:
    async with served(console(script)) as base:
        names = ["api", "app", "highlight", "markdown", "panel", "theme", "turn"]
        paths = ["", "/static/style.css", "/static/logo.svg", *(f"/static/{name}.js" for name in names)]
        sizes = []
        for path in paths:
            async with http.get(f"{base}/console{path}") as response:
                sizes.append(len(await response.read()))
    assert sum(sizes) < 100_000
