"""The model client against a server on loopback that speaks, fails and falls silent as servers do."""

import asyncio
import gc
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import orjson
import pytest
from aiohttp import web

from bot.errors import ModelDown
from bot.language import BUSY
from bot.model import ExtractiveModel, Model, ModelBusy, OpenAIModel, Patience, ScriptedModel
from bot.prompt import NO_ANSWER, Prompt
from rag.passages import Passage

PASSAGE = Passage("a#1", "a.md", "Travel", "Hotels", "A hotel in Paris may cost EUR 180 a night.")
PROMPT = Prompt("How much may a hotel cost?", (PASSAGE,))
WORD = b'{"choices":[{"delta":{"content":"EUR 180"}}]}'
SHORT = Patience(connect=2.0, first=0.6, between=0.3)
Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def served(answer: Answering, patience: Patience | None = None, port: int = 0) -> AsyncIterator[OpenAIModel]:
    """A client of a server that answers so, to every request."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    async with aiohttp.ClientSession() as session:
        yield OpenAIModel(session, f"http://127.0.0.1:{runner.addresses[0][1]}/v1/", "tiny", "secret-key", patience)
    await runner.cleanup()


async def sse(request: web.Request, *lines: bytes) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for line in lines:
        await response.write(b"data: " + line + b"\n\n")
    return response


async def sse_end(response: web.StreamResponse) -> web.StreamResponse:
    await response.write(b"data: [DONE]\n\n")
    return response


async def said(model: Model) -> str:
    return "".join([piece async for piece in model.stream(PROMPT)])


async def test_it_streams_what_the_server_says() -> None:
    asked: list[dict[str, object]] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(await request.json())
        assert request.path == "/v1/chat/completions"
        assert request.headers["Authorization"] == "Bearer secret-key"
        pieces = (b'{"choices":[{"delta":{"content":"%s"}}]}' % word for word in (b"EUR ", b"180"))
        return await sse(
            request, b'{"choices":[]}', b'{"choices":[{"delta":{"role":"assistant"}}]}', *pieces, b"[DONE]"
        )

    async with served(answer) as model:
        assert await said(model) == "EUR 180"
    assert asked[0]["temperature"] == 0
    assert asked[0]["model"] == "tiny"


def chance(text: str, yes: float, no: float) -> bytes:
    likely = [{"token": "Yes", "logprob": yes}, {"token": "No", "logprob": no}]
    content = [{"token": text, "logprob": yes, "top_logprobs": likely}]
    return orjson.dumps({"choices": [{"delta": {"content": text}, "logprobs": {"content": content}}]})


async def test_the_odds_of_the_first_token_decide_whether_there_is_an_answer() -> None:
    asked: list[dict[str, object]] = []
    for yes, no, shown in ((-0.1, -2.5, "EUR 180"), (-0.69, -0.7, NO_ANSWER)):

        async def answer(request: web.Request, yes: float = yes, no: float = no) -> web.StreamResponse:
            asked.append(await request.json())
            rest = b'{"choices":[{"delta":{"content":". EUR 180"},"logprobs":null}]}'
            return await sse(request, chance("Yes", yes, no), rest, b"[DONE]")

        async with served(answer) as model:
            assert await said(model) == shown
    assert asked[0]["logprobs"] is True
    assert asked[0]["top_logprobs"] == 5


async def test_a_server_that_refuses_to_tell_odds_is_asked_without_from_then_on() -> None:
    asked: list[bool] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        asked.append("logprobs" in body or "top_logprobs" in body)
        if asked[-1]:
            return web.json_response({"error": {"message": "logprobs is not supported"}}, status=400)
        return await sse_end(await sse(request, WORD))

    async with served(answer) as model:
        assert await said(model) == "EUR 180"
        assert await said(model) == "EUR 180"
    assert asked == [True, False, False]


async def test_what_a_server_refuses_for_another_reason_costs_no_odds() -> None:
    asked: list[bool] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append("logprobs" in await request.json())
        if len(asked) < 3:
            return web.json_response({"error": {"message": "too long"}}, status=400)
        return await sse_end(await sse(request, WORD))

    async with served(answer) as model:
        with pytest.raises(ModelDown):
            await said(model)
        assert await said(model) == "EUR 180"
    assert asked == [True, False, True]


async def test_odds_that_make_no_sense_are_a_model_that_is_down() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return await sse(request, chance("Yes", -0.1, -2.5).replace(b"-0.1", b'"?"'), b"[DONE]")

    async with served(answer) as model:
        with pytest.raises(ModelDown):
            await said(model)


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
async def test_every_error_status_is_a_model_that_is_down_or_busy(status: int) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response({"error": "quoting the question"}, status=status)

    async with served(answer) as model:
        with pytest.raises(ModelDown, match="ask again") as told:
            await said(model)
    assert isinstance(told.value, ModelBusy) == (status in (429, 503))


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
            await said(OpenAIModel(session, "http://127.0.0.1:9/v1", "tiny", patience=Patience(connect=0.0)))


async def test_a_server_that_comes_back_within_seconds_was_never_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    async with aiohttp.ClientSession() as session:
        model = OpenAIModel(session, f"http://127.0.0.1:{port}/v1", "tiny", patience=SHORT)
        asking = asyncio.create_task(said(model))
        await asyncio.sleep(0.1)  # the first try has found nobody

        async def answer(request: web.Request) -> web.StreamResponse:
            return await sse(request, WORD, b"[DONE]")

        async with served(answer, port=port):
            assert await asking == "EUR 180"


async def test_a_server_that_hangs_up_before_its_first_word_is_asked_again_but_not_after_it() -> None:
    asked = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal asked
        asked += 1
        response = await sse(request, *([] if asked == 1 else [WORD]))
        if asked != 2:
            assert request.transport
            request.transport.abort()
            return response
        return await sse_end(response)

    async with served(answer, SHORT) as model:
        assert await said(model) == "EUR 180"
        with pytest.raises(ModelDown):
            await said(model)
    assert asked == 3


@pytest.mark.parametrize("words", [[], [WORD]])
async def test_a_server_that_falls_silent_is_down_before_its_first_word_and_after_it(words: list[bytes]) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = await sse(request, *words)
        while True:
            await response.write(b": still alive\n\n")  # a sign of life is no word
            await asyncio.sleep(0.02)

    async with served(answer, SHORT) as model:
        begun = asyncio.get_running_loop().time()
        with pytest.raises(ModelDown):
            await said(model)
        silent = asyncio.get_running_loop().time() - begun
    assert (0.25 if words else 0.55) < silent < 5


@pytest.mark.parametrize("how", ["closed", "dropped", "cancelled", "cancelled before the first word"])
async def test_leaving_early_hangs_up_on_the_server_at_once(how: str) -> None:
    begun, hung_up = asyncio.Event(), asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        begun.set()
        try:
            response = await sse(request, *([] if how.endswith("word") else [WORD]))
            while True:
                await response.write(b": still here\n\n")
                await asyncio.sleep(0.01)
        except (ConnectionError, asyncio.CancelledError):
            hung_up.set()
            raise

    async with served(answer) as model:
        stream = model.stream(PROMPT)
        if how.startswith("cancelled"):
            reading = asyncio.create_task(said(model))
            await begun.wait()
            reading.cancel()
        else:
            await anext(stream)
            if how == "closed":
                await stream.aclose()  # type: ignore[attr-defined]  # every stream is a generator
            else:
                del stream
                gc.collect()
        await asyncio.wait_for(hung_up.wait(), 5)


PAGES = {
    "sglang": b'# TYPE sglang:num_queue_reqs gauge\nsglang:num_queue_reqs{model_name="a",tp_rank="0"} 3.0\n'
    b'sglang:num_queue_reqs{model_name="b",tp_rank="0"} 4.0\nsglang:num_running_reqs{model_name="a"} 9.0\n',
    "vllm": b'vllm:num_requests_waiting{model_name="a"} 7.0\nvllm:num_requests_waiting_by_reason{reason="x"} 2.0\n',
    "llama.cpp": b"llamacpp:requests_processing 1\nllamacpp:requests_deferred 7\n",
}


@pytest.mark.parametrize("server", PAGES)
async def test_the_length_of_the_queue_is_asked_once_however_many_want_to_know(server: str) -> None:
    paths: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        paths.append(request.path)
        return web.Response(body=PAGES[server])

    async with served(answer) as model:
        assert await asyncio.gather(*(model.queue() for _ in range(50))) == [7] * 50
    assert paths == ["/metrics"]


async def test_a_server_that_does_not_tell_its_queue_is_not_asked_again_for_a_while() -> None:
    asked = 0

    async def answer(_: web.Request) -> web.StreamResponse:
        nonlocal asked
        asked += 1
        return web.Response(status=404)

    async with served(answer) as model:
        assert [await model.queue() for _ in range(3)] == [None] * 3
    assert asked == 1


async def test_a_page_that_hangs_delays_a_question_by_a_second_at_most() -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return await asyncio.Future()

    async with served(answer) as model:
        begun = asyncio.get_running_loop().time()
        assert set(await asyncio.gather(model.queue(), model.queue())) == {None}
        assert asyncio.get_running_loop().time() - begun < 1.8


@pytest.mark.parametrize("model", [ExtractiveModel(), ScriptedModel("EUR 180. [1]")])
async def test_every_model_cites_the_passage(model: Model) -> None:
    assert "[1]" in await said(model)
    assert model.name
    assert not await model.queue()


async def test_passages_without_generation_say_why() -> None:
    assert (await said(ExtractiveModel(BUSY))).startswith(BUSY["en"])
