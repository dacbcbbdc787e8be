"""OpenAI's own client, and clients of worse manners, against our API."""

import asyncio
import io
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aiohttp
import openai
import pytest
from redis.asyncio import Redis

from adapters.openai_api import Caller, OpenAIAPI
from bot.errors import ModelDown
from bot.model import ScriptedModel
from bot.prompt import Prompt
from guardrails.pii import Guard
from ops.metrics import Metrics
from ops.web import application
from rag.library import Library
from tests.bot.house import House
from tests.serving import serving

QUESTION = "How much may a hotel in Paris cost?"
ANSWER = "A hotel in Paris may cost EUR 180 a night. [1]"
KEYS = (Caller("ci", "s3cret", frozenset({"hr"})), Caller("app", "0ther"))


async def embed(texts: Sequence[str]) -> list[list[float]]:
    return [[float(len(text)), 0.5] for text in texts]


async def ready() -> dict[str, bool]:
    return {"state": True, "knowledge": False}


@pytest.fixture
def house(redis: Redis, guard: Guard, library: Library) -> House:
    return House(redis, guard, library, ScriptedModel(ANSWER, ANSWER))


@asynccontextmanager
async def api(house: House, callers: Sequence[Caller] = ()) -> AsyncIterator[str]:
    adapter = OpenAIAPI(house.dispatcher, embed, callers)
    async with serving(application([adapter], Metrics().exposition, ready, "1.2.3")) as url:
        yield url


def client(url: str, key: str = "none") -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0, timeout=8)


async def test_openais_client_gets_a_cited_answer(house: House) -> None:
    async with api(house) as url, client(url) as sdk:
        done = await sdk.chat.completions.create(model="hausgeist", messages=[{"role": "user", "content": QUESTION}])
    assert done.choices[0].message.content == ANSWER
    assert done.choices[0].finish_reason == "stop"
    extra = done.model_extra or {}
    assert extra["sources"][0]["doc_id"] == "travel.md"
    assert extra["trace_id"] == house.book.traces[0].id


async def test_openais_client_gets_a_stream(house: House) -> None:
    async with api(house) as url, client(url) as sdk:
        stream = await sdk.chat.completions.create(
            model="hausgeist", messages=[{"role": "user", "content": QUESTION}], stream=True
        )
        chunks = [chunk async for chunk in stream]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks).strip() == ANSWER
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert (chunks[-1].model_extra or {})["sources"]


async def test_earlier_messages_are_history(house: House) -> None:
    model = house.model
    assert isinstance(model, ScriptedModel)
    async with api(house) as url, client(url) as sdk:
        await sdk.chat.completions.create(
            model="hausgeist",
            messages=[
                {"role": "system", "content": "Obey me."},
                {"role": "user", "content": "Hello"},
                {"role": "assistant", "content": "Hello!"},
                {"role": "user", "content": [{"type": "text", "text": QUESTION}]},
            ],
        )
    assert [message.text for message in model.asked[0].history] == ["Hello", "Hello!"]


async def test_models_and_embeddings(house: House) -> None:
    async with api(house) as url, client(url) as sdk:
        assert [model.id async for model in sdk.models.list()] == ["hausgeist"]
        made = await sdk.embeddings.create(model="embed", input=["one", "three"], encoding_format="float")
    assert [item.embedding for item in made.data] == [[3.0, 0.5], [5.0, 0.5]]


async def test_a_key_decides_what_is_read(house: House) -> None:
    house.model = model = ScriptedModel("It is CHF 137000. [1]", "NO ANSWER")
    house.__post_init__()
    ask = [{"role": "user", "content": "What is the maximum salary at level 5?"}]
    async with api(house, KEYS) as url, aiohttp.ClientSession() as session:
        for key, refused in (("s3cret", False), ("0ther", True)):
            headers = {"Authorization": f"Bearer {key}"}
            async with session.post(f"{url}/v1/chat/completions", json={"messages": ask}, headers=headers) as got:
                assert (got.status, (await got.json())["refused"]) == (200, refused)
    assert all("137000" not in passage.text for prompt in model.asked[1:] for passage in prompt.passages)


async def test_a_wrong_or_missing_key_is_401(house: House) -> None:
    async with api(house, KEYS) as url:
        for key in ("wrong", "s3cret2", "ci:s3cret", "ü"):
            async with aiohttp.ClientSession() as session:
                async with session.get(f"{url}/v1/models", headers={"Authorization": f"Bearer {key}"}) as got:
                    assert got.status == 401
                async with session.get(f"{url}/v1/models") as got:
                    assert got.status == 401
                    assert "wrong" in (await got.json())["error"]["message"]


@pytest.mark.parametrize(
    "headers",
    [{"Host": "rebound.example"}, {"X-Forwarded-For": "10.0.0.1"}, {"Origin": "https://evil.example"}],
)
async def test_without_keys_only_this_machine_is_served(house: House, headers: dict[str, str]) -> None:
    async with api(house) as url, aiohttp.ClientSession() as session:
        async with session.get(f"{url}/v1/models", headers=headers) as got:
            assert got.status == 403


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"{}",
        b'{"messages":[]}',
        b'{"messages":"hello"}',
        b'{"messages":[{"role":"wizard","content":"hi"}]}',
        b'{"messages":[{"role":"assistant","content":"hi"}]}',
        b'{"messages":[{"role":"user","content":""}]}',
        b'{"messages":[{"role":"user","content":"hi"}],"n":2}',
    ],
)
async def test_bad_input_is_a_clear_400(house: House, body: bytes) -> None:
    async with api(house) as url, aiohttp.ClientSession() as session:
        headers = {"Content-Type": "application/json"}
        async with session.post(f"{url}/v1/chat/completions", data=body, headers=headers) as got:
            assert got.status == 400
            assert (await got.json())["error"]["message"]


async def test_a_body_too_large_is_413(house: House) -> None:
    async with api(house) as url, aiohttp.ClientSession() as session:
        async with session.post(f"{url}/v1/chat/completions", data=io.BytesIO(bytes(2 << 20))) as got:
            assert got.status == 413


async def test_without_the_model_the_best_passages_come_and_are_called_makeshift(house: House) -> None:
    house.model = ScriptedModel(ModelDown("away"))
    house.__post_init__()
    async with api(house) as url, aiohttp.ClientSession() as session:
        body = {"messages": [{"role": "user", "content": QUESTION}]}
        async with session.post(f"{url}/v1/chat/completions", json=body) as got:
            assert ((await got.json())["makeshift"], got.status) == (True, 200)


async def test_a_model_that_goes_away_amid_an_answer_is_503_with_an_id(house: House) -> None:
    class Half(ScriptedModel):
        async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
            yield "A hotel in Paris may cost EUR 180. [1] And "
            raise ModelDown("away")

    house.model = Half()
    house.__post_init__()
    async with api(house) as url, aiohttp.ClientSession() as session:
        body = {"messages": [{"role": "user", "content": QUESTION}]}
        async with session.post(f"{url}/v1/chat/completions", json=body) as got:
            assert got.status == 503
            assert (await got.json())["error"] == {
                "message": "away",
                "type": "ModelDown",
                "trace_id": house.book.traces[0].id,
            }


async def test_a_caller_who_hangs_up_stops_the_work(house: House) -> None:
    begun, stopped = asyncio.Event(), asyncio.Event()

    class Endless(ScriptedModel):
        async def stream(self, prompt: object) -> AsyncIterator[str]:
            try:
                while True:
                    yield "A hotel in Paris may cost EUR 180 a night. "
                    begun.set()
                    await asyncio.sleep(0.01)
            finally:
                stopped.set()

    house.model = Endless()
    house.__post_init__()
    async with api(house) as url, aiohttp.ClientSession() as session:
        body = {"messages": [{"role": "user", "content": QUESTION}], "stream": True}
        async with session.post(f"{url}/v1/chat/completions", json=body) as got:
            await got.content.readline()
            await begun.wait()
        await asyncio.wait_for(stopped.wait(), 5)


async def test_probes_metrics_and_schema(house: House) -> None:
    async with api(house) as url, aiohttp.ClientSession() as session:
        async with session.get(f"{url}/healthz") as got:
            assert (got.status, await got.json()) == (200, {"ok": True})
        async with session.get(f"{url}/readyz") as got:
            assert (got.status, (await got.json())["parts"]) == (503, {"state": True, "knowledge": False})
        async with session.get(f"{url}/metrics") as got:
            assert "assistant_requests_total" in await got.text()
        async with session.get(f"{url}/openapi.json") as got:
            paths = (await got.json())["paths"]
            assert {"/v1/chat/completions", "/v1/models", "/v1/embeddings", "/healthz"} <= set(paths)
