"""Reads what a platform posts: no more than a bound, and not for ever, as nobody is proven yet."""

import asyncio
from typing import Final

from starlette.requests import ClientDisconnect, Request

LONGEST: Final = 1 << 20
SECONDS: Final = 10.0


class BadBody(ValueError):
    """The body is too long, or not all of it came."""


async def body_of(request: Request) -> bytes:
    """The whole body. Raises BadBody."""
    body = bytearray()
    try:
        async with asyncio.timeout(SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > LONGEST:
                    raise BadBody("longer than 1 MB")
    except (ClientDisconnect, TimeoutError) as error:
        raise BadBody("not all of it came") from error
    return bytes(body)
