"""Socket Mode: Slack's events over a connection that we open, for hosts that Slack cannot reach."""

import asyncio
import logging
import re
import time
from typing import Final

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp

PATIENCE: Final = 10.0  # seconds that a start waits for the connection; it is tried on afterwards
SILENCE: Final = 60.0  # seconds without a sign of life after which a connection counts as broken

log = logging.getLogger(__name__)


class SlackSocket:
    """One connection that opens itself again when it breaks; its frames go through `app`."""

    def __init__(self, app: AsyncApp, app_token: str, patience: float = PATIENCE) -> None:
        self._app = app
        self._app_token = app_token
        self._patience = patience
        self._handler: AsyncSocketModeHandler | None = None
        self._connecting: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connects; if Slack cannot be reached now, goes on trying in the background."""
        self._handler = AsyncSocketModeHandler(self._app, self._app_token, logger=_sdk_log())
        self._handler.client.proxy = self._app.client.proxy
        self._connecting = asyncio.create_task(self._handler.connect_async())  # type: ignore[no-untyped-call]  # bolt's
        await asyncio.wait([self._connecting], timeout=self._patience)
        if not self._connecting.done():
            log.warning("no socket to Slack yet, trying on: check SLACK_APP_TOKEN and the way to Slack")

    async def close(self) -> None:
        """Closes the connection; safe to call twice."""
        handler, self._handler = self._handler, None
        if handler and self._connecting:
            self._connecting.cancel()
            await asyncio.wait([self._connecting])
            await handler.close_async()  # type: ignore[no-untyped-call]  # bolt's

    @property
    def alive(self) -> bool | None:
        """Whether there was a sign of life lately; None where the connection is not to be open."""
        if self._handler is None:
            return None
        session, last = self._handler.client.current_session, self._handler.client.last_ping_pong_time
        return bool(session and not session.closed and last and time.time() - last < SILENCE)


class _Discreet(logging.Filter):
    """Leaves out tracebacks and addresses: the socket's address holds a ticket."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = re.sub(r"wss?://[^\s'\"]+|xapp-[\w-]+", "…", record.getMessage())
        record.args, record.exc_info = (), None
        return True


def _sdk_log() -> logging.Logger:
    """The SDK's logger for the socket: below warnings it would quote every frame."""
    sdk = logging.getLogger(f"{__name__}.sdk")
    sdk.setLevel(logging.WARNING)
    if not sdk.filters:
        sdk.addFilter(_Discreet())
    return sdk
