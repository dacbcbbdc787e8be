"""An OpenAI-compatible model that answers at once, and can be told to stall, to queue and to refuse.

Run as `python -m ops.bench.instant_model PORT [DELAY]`: a process of its own, which can be killed. It repeats the
numbers of the questions put to it (`Q17-3`), so that whoever reads the answer knows what was answered.
"""

import asyncio
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import orjson
from aiohttp import web

MARK: Final = re.compile(r"\bQ\d+-\d+\b")


@dataclass(slots=True)
class Switches:
    """What POST /switches sets, by these names; `delay` are the seconds that one answer takes."""

    stalled: bool = False  # each answer stops after its first words until this is taken back
    capacity: int = 10_000  # answers at a time
    queue: int = 10_000  # requests that may wait; 429 beyond
    delay: float = 0.0


@dataclass(slots=True)
class InstantModel:
    """The server, and what GET /counts tells about it."""

    switches: Switches = field(default_factory=Switches)
    running: int = 0
    waiting: int = 0
    finished: int = 0
    refused: int = 0
    left: int = 0  # requests whose caller went away
    _turns: asyncio.Condition = field(default_factory=asyncio.Condition)

    def application(self) -> web.Application:
        """The routes; a caller that goes away ends its answer."""
        app = web.Application()
        app.add_routes(
            [
                web.post("/v1/chat/completions", self._chat),
                web.get("/v1/models", self._models),
                web.get("/metrics", self._metrics),
                web.get("/counts", self._counts),
                web.post("/switches", self._switch),
            ]
        )
        return app

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        asked = orjson.loads(await request.read())
        if self.running >= self.switches.capacity and self.waiting >= self.switches.queue:
            self.refused += 1
            return web.json_response({"error": {"message": "queue is full"}}, status=429)
        self.waiting += 1
        async with self._turns:
            try:
                await self._turns.wait_for(lambda: self.running < self.switches.capacity)
                self.running += 1
            finally:
                self.waiting -= 1
        try:
            response = await self._stream(request, list(_pieces(asked["messages"][-1]["content"])))
            self.finished += 1
            return response
        except (asyncio.CancelledError, ConnectionError):
            self.left += 1
            raise
        finally:
            self.running -= 1
            async with self._turns:
                self._turns.notify_all()

    async def _stream(self, request: web.Request, pieces: list[str]) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for number, piece in enumerate(pieces):
            if number:
                await self._goes_on()
            await asyncio.sleep(self.switches.delay / len(pieces))
            await response.write(b"data: " + orjson.dumps({"choices": [{"delta": {"content": piece}}]}) + b"\n\n")
        await response.write(b"data: [DONE]\n\n")
        return response

    async def _goes_on(self) -> None:
        async with self._turns:
            await self._turns.wait_for(lambda: not self.switches.stalled)

    async def _models(self, _: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": "instant", "object": "model"}]})

    async def _metrics(self, _: web.Request) -> web.Response:
        lines = [f"sglang:num_running_reqs {self.running}", f"sglang:num_queue_reqs {self.waiting}"]
        return web.Response(text="\n".join(lines) + "\n")

    async def _counts(self, _: web.Request) -> web.Response:
        counted = ("running", "waiting", "finished", "refused", "left")
        return web.json_response({name: getattr(self, name) for name in counted})

    async def _switch(self, request: web.Request) -> web.Response:
        for name, value in orjson.loads(await request.read()).items():
            setattr(self.switches, name, value)
        async with self._turns:
            self._turns.notify_all()
        return web.json_response({})


def _pieces(prompt: str) -> Iterator[str]:
    """The answer in pieces: the marks of the question, which alone is not asked in the passages."""
    marks = " and ".join(dict.fromkeys(MARK.findall(prompt))) or "that"
    yield "The answer to "
    yield f"{marks} "
    yield "stands in the handbook. "
    yield "[1]"


def main() -> None:
    """Serves until it is killed."""
    port, delay = (*sys.argv[1:], "0")[:2]
    app = InstantModel(Switches(delay=float(delay))).application()
    web.run_app(app, host="127.0.0.1", port=int(port), print=None, access_log=None, handler_cancellation=True)


if __name__ == "__main__":
    main()
