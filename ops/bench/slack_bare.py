"""Bolt as it comes, answering with the calls it is told: what any answer in Slack costs without us."""

from collections.abc import Mapping, Sequence
from typing import Any

from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Call = tuple[str, Mapping[str, Any]]


def bare_routes(slack_url: str, secret: str, calls: Sequence[Call]) -> list[Route]:
    """An app with bolt's defaults whose one listener makes these calls, about the message that it hears."""
    app = AsyncApp(client=AsyncWebClient("xoxb-bench", slack_url), signing_secret=secret)

    @app.event("message")
    async def answer(event: dict[str, Any], client: AsyncWebClient) -> None:
        places = {"$channel": event["channel"], "$thread": event["ts"], "$user": event["user"], "$ts": ""}
        for method, arguments in calls:
            given = {name: places.get(it, it) if isinstance(it, str) else it for name, it in arguments.items()}
            response = await client.api_call(method, json=given)
            places["$ts"] = places["$ts"] or response.get("ts") or ""

    handler = AsyncSlackRequestHandler(app)

    async def receive(request: Request) -> Response:
        return await handler.handle(request)

    return [Route("/slack/events", receive, methods=["POST"])]
