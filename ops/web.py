"""One ASGI application for everything over HTTP: the adapters' routes, probes, metrics."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.routing import BaseRoute

# No platform's event comes near it; Slack's SDK reads JSON before it checks who sent it.
BODY_BYTES: Final = 1 << 20

Ready = Callable[[], Awaitable[dict[str, bool]]]
Metrics = Callable[[], Awaitable[bytes]]


class Adapter(Protocol):
    """What the composition root knows of a platform's adapter."""

    name: str

    def routes(self) -> Sequence[BaseRoute]:
        """The routes it serves."""

    async def start(self) -> None:
        """Opens what it needs beyond HTTP."""

    def health(self) -> bool | None:
        """Whether its events reach us; None where only the next one can tell."""

    async def stop_taking(self) -> None:
        """Takes nothing more, while replies go on; HTTP has ended by then."""

    async def stop(self) -> None:
        """Closes it; safe to call twice."""


def application(adapters: Sequence[Adapter], metrics: Metrics, ready: Ready, version: str) -> FastAPI:
    """The application; `ready` tells which parts work: all of them, and we take questions."""
    app = FastAPI(title="Hausgeist", version=version, docs_url=None, redoc_url=None, max_body_size=BODY_BYTES)

    @app.get("/healthz", tags=["probes"])
    async def healthz() -> dict[str, bool]:
        """The process lives."""
        return {"ok": True}

    @app.get("/readyz", tags=["probes"])
    async def readyz() -> JSONResponse:
        """Every part works; 503 names those that do not."""
        parts = await ready()
        return JSONResponse({"ok": all(parts.values()), "parts": parts}, 200 if all(parts.values()) else 503)

    @app.get("/metrics", tags=["probes"])
    async def exposition() -> Response:
        """Metrics for Prometheus."""
        return PlainTextResponse(await metrics(), media_type="text/plain; version=0.0.4")

    for adapter in adapters:
        app.router.routes.extend(adapter.routes())
    app.exception_handler(StarletteHTTPException)(_refused)
    app.exception_handler(RequestValidationError)(_malformed)
    return app


async def _refused(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, StarletteHTTPException)
    return _problem(error.status_code, str(error.detail), error.headers)


async def _malformed(_request: Request, error: Exception) -> JSONResponse:
    """400 naming the fields; what was sent is not repeated."""
    assert isinstance(error, RequestValidationError)
    problems = "; ".join(f"{'.'.join(str(part) for part in p['loc'])}: {p['msg']}" for p in error.errors())
    return _problem(400, problems)


def _problem(status: int, message: str, headers: object = None) -> JSONResponse:
    body = {"error": {"message": message, "type": "invalid_request_error" if status < 500 else "server_error"}}
    return JSONResponse(body, status, headers=headers if isinstance(headers, dict) else None)
