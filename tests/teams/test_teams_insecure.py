"""Trying it without Azure: this machine's activities are taken unchecked, and answers carry no token."""

import httpx
import pytest
from starlette.applications import Starlette

from adapters.teams import TeamsAdapter
from tests.teams.conftest import FixedDispatcher, payload
from tests.teams.standin import BotConnector, serving


async def test_an_activity_without_token_is_answered_without_token(caplog: pytest.LogCaptureFixture) -> None:
    dispatcher, connector = FixedDispatcher(), BotConnector()
    adapter = TeamsAdapter(dispatcher, app_id="", insecure=True)
    await adapter.start()
    assert "unchecked" in caplog.text
    transport = httpx.ASGITransport(Starlette(routes=adapter.routes()))
    async with serving(connector.routes()) as port, httpx.AsyncClient(transport=transport) as client:
        door, activity = "http://127.0.0.1/api/messages", payload("personal_message")
        here = {**activity, "serviceUrl": f"http://127.0.0.1:{port}/connector"}
        assert (await client.post(door, json=here)).status_code == 200
        await dispatcher.answer_all()
        assert (await client.post(door, json={**activity, "serviceUrl": "http://evil.example/"})).status_code == 401
        assert (await client.post("http://rebound.example/api/messages", json=here)).status_code == 401
    assert len(connector.answers) == 1
    assert {call.authorization for call in connector.sent} == {""}
    await adapter.stop()
