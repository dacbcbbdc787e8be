"""Who may talk to the console: a browser on this machine, and no page of another site through that browser."""

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from adapters.access import from_our_own_page, from_this_machine
from bot.errors import HausgeistError

_HEADERS: Final = {
    # Trusted Types: the browser itself refuses innerHTML and its like, whatever our scripts do.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Declined(Exception):
    """A request we do not serve; the text says why and may be shown."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Gate:
    """Lets through what may be served, turns errors into JSON and gives every response its protective headers."""

    def __init__(self, app: ASGIApp, open_to_network: bool) -> None:
        self._app = app
        self._open_to_network = open_to_network

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await WebSocketClose()(scope, receive, send)
        request = Request(scope)
        guarded = _guarded(send, "no-cache" if scope["path"].startswith("/console/static/") else "no-store")
        try:
            self._check(request)
            await self._app(scope, receive, guarded)
        except Declined as declined:
            await JSONResponse({"error": str(declined)}, declined.status)(scope, receive, guarded)
        except HausgeistError as error:
            await JSONResponse({"error": str(error)}, 503)(scope, receive, guarded)
        return None

    def _check(self, request: Request) -> None:
        if not self._open_to_network:
            _check_local(request)
        if request.method == "POST":
            _check_own_page(request)


def _guarded(send: Send, caching: str) -> Send:
    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(_HEADERS)
            headers["Cache-Control"] = caching
        await send(message)

    return guarded


def _check_local(request: Request) -> None:
    if not from_this_machine(request):
        raise Declined(403, "The console serves only the machine it runs on: no proxy, no other name than localhost.")


def _check_own_page(request: Request) -> None:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Declined(415, "Send application/json.")
    if "sec-fetch-site" not in request.headers and "origin" not in request.headers:
        raise Declined(403, "Only the console's own page may post; the API for programs is /v1.")
    if not from_our_own_page(request):
        raise Declined(403, "Only the console's own page may post.")
