"""The running service, seen from outside: platforms, a crash, a drain, two on one data directory."""

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from redis.asyncio import Redis

from tests.house_process import House, hausgeist, served
from tests.instant_model import InstantModel, instant_model
from tests.slack.desk import SECRET, Desk, recorded
from tests.slack.standin import SlackStandIn
from tests.teams.standin import BotConnector
from tests.teams.standin import serving as serving_connector

pytestmark = pytest.mark.timeout(120)

HANDBOOK = {
    "hotels.md": "# Hotels\n\nA hotel in Paris may cost EUR 180 a night.\n",
    "leave.md": "# Leave\n\nEverybody has 25 days of holiday a year.\n",
}


@pytest.fixture
async def model() -> AsyncIterator[InstantModel]:
    async with instant_model() as model:
        yield model


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """A home with a small handbook indexed."""
    (tmp_path / "handbook").mkdir()
    for name, text in HANDBOOK.items():
        (tmp_path / "handbook" / name).write_text(text)
    outcome = await hausgeist(tmp_path, "ingest", "handbook", "--json")
    assert json.loads(outcome.out) == {"indexed": 2, "unchanged": 0, "removed": 0, "failed": []}, outcome.err
    return tmp_path


async def until(true: Callable[[], Any]) -> None:
    """Waits for something to become true; the test's own limit ends it."""
    while not true():
        await asyncio.sleep(0.02)


def slack_settings(slack: SlackStandIn, model: InstantModel) -> dict[str, str]:
    return {
        "HAUSGEIST_MODEL_URL": model.url,
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_SIGNING_SECRET": SECRET,
        "SLACK_API_URL": slack.api_url,
    }


def direct(text: str, ts: str, thread: str = "") -> dict[str, Any]:
    """A direct message as Slack sends it."""
    payload = recorded("message_im")
    payload["event_id"] = f"Ev{ts}"
    payload["event"] |= {"text": text, "ts": ts} | ({"thread_ts": thread} if thread else {})
    return payload


async def test_after_kill_9_the_conversation_goes_on_and_nothing_is_orphaned(folder: Path, model: InstantModel) -> None:
    log, root = folder / "log", f"{time.time():.6f}"
    async with SlackStandIn() as slack, aiohttp.ClientSession() as session:
        settings = slack_settings(slack, model)
        async with served(folder, log, **settings) as house:
            first = direct("I am ann.meier@firm.example. How much may a hotel in Paris cost?", root)
            assert await Desk(session, f"{house.url}/slack/events").event(first) == 200
            channel = first["event"]["channel"]
            await until(lambda: any("Sources" in post.read for post in slack.thread(channel, root)))
            await asyncio.sleep(1.5)  # the append-only file is written once a second
            servers = [json.loads(path.read_text()) for path in (folder / "data" / "run").glob("*.json")]
            await house.end(signal.SIGKILL)
            await until(lambda: not any(map(alive, servers)))
        async with served(folder, log, **settings) as house:
            desk = Desk(session, f"{house.url}/slack/events")
            assert await desk.event(direct("And for a whole week there?", f"{time.time():.6f}", root)) == 200
            await until(lambda: len([post for post in slack.thread(channel, root) if "Sources" in post.read]) == 2)
    spoken = [message["content"] for message in model.asked[-1]]
    assert any("How much may a hotel in Paris cost?" in text for text in spoken[:-1])
    assert "ann.meier" not in json.dumps(model.asked) + log.read_text()


async def test_forgeries_get_401_and_the_right_ones_an_answer_in_the_right_thread(
    folder: Path, model: InstantModel
) -> None:
    connector = BotConnector()
    async with (
        SlackStandIn() as slack,
        serving_connector(connector.routes()) as port,
        aiohttp.ClientSession() as session,
    ):
        settings = slack_settings(slack, model) | {
            "HAUSGEIST_TEAMS_INSECURE": "1",
            "HAUSGEIST_TEAMS_SERVICE_URLS": f"http://127.0.0.1:{port}/",
        }
        async with served(folder, folder / "log", **settings) as house:
            desk = Desk(session, f"{house.url}/slack/events")
            ts = f"{time.time():.6f}"
            question = direct("How much may a hotel in Paris cost?", ts)
            assert await desk.event(question, secret="wrong") == 401
            assert await desk.event(question) == 200
            await until(lambda: any("Sources" in post.read for post in slack.posts))
            assert [post.thread for post in slack.posts] == [ts]
            activity = json.loads((Path(__file__).parents[1] / "teams/payloads/personal_message.json").read_text())
            activity |= {"serviceUrl": f"http://127.0.0.1:{port}/teams/", "text": "How many days of holiday do I have?"}
            async with session.post(f"{house.url}/api/messages", json=activity) as response:
                assert response.status == 200
            await until(lambda: connector.answers)
    (sent,) = connector.answers
    assert sent.conversation == activity["conversation"]["id"]
    assert "25 days" in sent.activity["text"]


async def test_sigterm_lets_the_answer_under_way_finish(folder: Path) -> None:
    async with instant_model() as model, SlackStandIn() as slack, aiohttp.ClientSession() as session:
        async with served(folder, folder / "log", **slack_settings(slack, model)) as house:
            await Desk(session, f"{house.url}/slack/events").event(direct("Hotels in Paris?", f"{time.time():.6f}"))
            assert await house.end() == 0
        assert any("Sources" in post.read or "nothing in the documents" in post.read for post in slack.posts)


async def test_what_another_process_indexes_is_found_at_once(folder: Path, model: InstantModel) -> None:
    async with served(folder, folder / "log", HAUSGEIST_MODEL_URL=model.url) as house:
        (folder / "handbook" / "dogs.md").write_text("# Dogs\n\nDogs may come to the office on Fridays.\n")
        outcome = await hausgeist(folder, "ingest", "handbook", "--json")
        assert json.loads(outcome.out)["indexed"] == 1
        assert "Fridays" in await answer(house, "When may dogs come to the office?")
        assert (await hausgeist(folder, "admin", "delete-doc", "dogs.md")).status == 0
        assert "Fridays" not in await answer(house, "When may dogs come to the office?")


async def test_ask_shares_the_running_service_s_valkey(folder: Path, model: InstantModel) -> None:
    async with served(folder, folder / "log", HAUSGEIST_MODEL_URL=model.url):
        outcome = await hausgeist(folder, "ask", "How much may a hotel in Paris cost?", HAUSGEIST_MODEL_URL=model.url)
        line = json.loads(outcome.out)
        assert (line["refused"], line["sources"][0]["doc_id"]) == (False, "hotels.md"), outcome.err
        server = json.loads((folder / "data" / "run" / "valkey.json").read_text())
        async with Redis.from_url(server["url"]) as redis:
            assert await redis.exists(f"hg:answer:{line['trace_id']}")


@pytest.mark.model
@pytest.mark.timeout(300)
async def test_the_small_model_answers_with_its_source(folder: Path) -> None:
    settings = {"HAUSGEIST_MODEL_NAME": "small", "HAUSGEIST_CACHE_DIR": str(Path("~/.cache/hausgeist").expanduser())}
    outcome = await hausgeist(folder, "ask", "How many days of holiday does everybody have?", **settings)
    line = json.loads(outcome.out)
    assert "25" in line["answer"], outcome.err
    assert line["sources"][0]["doc_id"] == "leave.md"


async def test_a_taken_port_is_one_line(folder: Path) -> None:
    async with served(folder, folder / "log", HAUSGEIST_MODEL_NAME="none") as house:
        bind = house.url.removeprefix("http://")
        outcome = await hausgeist(folder, "serve", HAUSGEIST_MODEL_NAME="none", HAUSGEIST_BIND=bind)
    assert outcome.status == 1
    assert "HAUSGEIST_BIND" in outcome.err
    assert len(outcome.err.splitlines()) == 1


def alive(pid: int) -> bool:
    """Whether a process runs; one that nobody has buried yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def answer(house: House, question: str) -> str:
    """The API's answer to a question."""
    async with aiohttp.ClientSession() as session:
        body = {"messages": [{"role": "user", "content": question}]}
        async with session.post(f"{house.url}/v1/chat/completions", json=body) as response:
            return str((await response.json())["choices"][0]["message"]["content"])
