"""An OpenAI-compatible model server that answers at once, from the first passage it is given."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web


@dataclass
class InstantModel:
    """The server; `asked` holds the messages of every prompt."""

    url: str = ""
    asked: list[list[dict[str, Any]]] = field(default_factory=list)

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """Quotes the first sentence of the first passage."""
        messages = (await request.json())["messages"]
        self.asked.append(messages)
        passage = re.search(r"\[1\] (.*?)\n\n(?:\[2\]|Question:)", messages[-1]["content"], re.DOTALL)
        words = (passage[1].splitlines()[-1] if passage else "Nothing.").split(" ")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for piece in [*(f"{word} " for word in words), "[1]"]:
            await response.write(b"data: " + orjson.dumps({"choices": [{"delta": {"content": piece}}]}) + b"\n\n")
        await response.write(b"data: [DONE]\n\n")
        return response


@asynccontextmanager
async def instant_model() -> AsyncIterator[InstantModel]:
    """Serves on a free port of loopback."""
    model = InstantModel()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", model.chat)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    model.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    yield model
    await runner.cleanup()
