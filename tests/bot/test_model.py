"""The model client against a server on loopback that speaks, fails and falls silent as servers do."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from bot.errors import ModelDown
from bot.events import Message
from bot.model import ExtractiveModel, Model, OpenAIModel, ScriptedModel
from bot.prompt import EXAMPLES, HISTORY_CHARACTERS, Prompt
from rag.passages import Passage

PASSAGE = Passage("a#1", "a.md", "Travel", "Hotels", "A hotel in Paris may cost EUR 180 a night.")
PROMPT = Prompt("How much may a hotel cost?", (PASSAGE,))
Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def served(answer: Answering) -> AsyncIterator[OpenAIModel]:
    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with aiohttp.ClientSession() as session:
        yield OpenAIModel(session, f"http://127.0.0.1:{runner.addresses[0][1]}/v1/", "tiny", "secret-key")
    await runner.cleanup()


async def sse(request: web.Request, *lines: bytes) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for line in lines:
        await response.write(b"data: " + line + b"\n\n")
    return response


async def said(model: Model) -> str:
    return "".join([piece async for piece in model.stream(PROMPT)])


async def test_it_streams_what_the_server_says() -> None:
    asked: list[dict[str, object]] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(await request.json())
        assert request.headers["Authorization"] == "Bearer secret-key"
        pieces = (b'{"choices":[{"delta":{"content":"%s"}}]}' % word for word in (b"EUR ", b"180"))
        return await sse(
            request, b'{"choices":[]}', b'{"choices":[{"delta":{"role":"assistant"}}]}', *pieces, b"[DONE]"
        )

    async with served(answer) as model:
        assert await said(model) == "EUR 180"
    assert asked[0]["temperature"] == 0
    assert asked[0]["model"] == "tiny"


async def test_a_stream_is_whole_with_a_finish_reason_and_broken_without_any_end() -> None:
    for last, whole in ((b'{"choices":[{"delta":{},"finish_reason":"stop"}]}', True), (b'{"choices":[]}', False)):

        async def answer(request: web.Request, last: bytes = last) -> web.StreamResponse:
            begin = b'{"choices":[{"delta":{"content":"EUR"},"finish_reason":null}]}'
            return await sse(request, begin, last)

        async with served(answer) as model:
            if whole:
                assert await said(model) == "EUR"
            else:
                with pytest.raises(ModelDown):
                    await said(model)


@pytest.mark.parametrize("status", [400, 404, 429, 500, 503])
async def test_every_error_status_is_a_model_that_is_down(status: int) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response({"error": "quoting the question"}, status=status)

    async with served(answer) as model:
        with pytest.raises(ModelDown, match="does not answer"):
            await said(model)


async def test_an_error_or_garbage_in_mid_stream_is_a_model_that_is_down() -> None:
    for line in (b'{"error":{"message":"out of memory"}}', b"{garbage", b"[1]"):

        async def answer(request: web.Request, line: bytes = line) -> web.StreamResponse:
            return await sse(request, b'{"choices":[{"delta":{"content":"EUR"}}]}', line)

        async with served(answer) as model:
            with pytest.raises(ModelDown):
                await said(model)


async def test_nobody_listening_is_a_model_that_is_down() -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(ModelDown):
            await said(OpenAIModel(session, "http://127.0.0.1:9/v1", "tiny"))


async def test_leaving_early_hangs_up_on_the_server() -> None:
    hung_up = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        response = await sse(request, b'{"choices":[{"delta":{"content":"EUR"}}]}')
        try:
            while True:
                await response.write(b": still here\n\n")
                await asyncio.sleep(0.01)
        except (ConnectionError, asyncio.CancelledError):
            hung_up.set()
            raise

    async with served(answer) as model:
        stream = model.stream(PROMPT)
        async for _ in stream:
            break
        await stream.aclose()  # type: ignore[attr-defined]  # every stream is a generator
        await asyncio.wait_for(hung_up.wait(), 5)


@pytest.mark.parametrize("model", [ExtractiveModel(), ScriptedModel("EUR 180. [1]")])
async def test_every_model_cites_the_passage(model: Model) -> None:
    assert "[1]" in await said(model)
    assert model.name


def test_the_prompt_keeps_its_beginning_and_a_bounded_history() -> None:
    history = tuple(Message("user", f"{n} " + "x" * 300) for n in range(50))
    one, two = Prompt("a", (), "de").messages(), Prompt("b", (PASSAGE,), "en", history).messages()
    begins = 1 + len(EXAMPLES)
    assert one[:begins] == two[:begins]
    assert sum(len(m["content"]) for m in two[begins:-1]) <= HISTORY_CHARACTERS
    assert two[-2]["content"].startswith("49 ")
    assert "German" in one[-1]["content"]
