"""How a host of Microsoft's fails: it hangs, drips, or says what nobody expects; and that none of it holds the loop."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def responsive() -> AsyncIterator[None]:
    """What happens meanwhile never holds the loop for long."""
    late = 0.0

    async def watch() -> None:
        nonlocal late
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            late = max(late, time.monotonic() - before - 0.01)

    watching = asyncio.create_task(watch())
    yield
    watching.cancel()
    assert late < 0.5


def saying(text: str, status: int = 200, kind: str = "application/json") -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(text=text, status=status, content_type=kind)

    return answer


async def hanging(request: web.Request) -> web.StreamResponse:
    while request.transport and not request.transport.is_closing():
        await asyncio.sleep(0.05)
    return web.Response()


async def dripping(request: web.Request) -> web.StreamResponse:
    """Says a little every now and then, so that no pause is long."""
    response = web.StreamResponse()
    await response.prepare(request)
    with suppress(ConnectionError):
        while request.transport and not request.transport.is_closing():
            await asyncio.sleep(0.05)
            await response.write(b" ")
    return response
