"""Socket Mode: Slack's events over a connection that we open, for hosts that Slack cannot reach."""

import asyncio
import logging
import re
import time
from contextlib import suppress
from typing import Final

from aiohttp import WSMessage
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp

PATIENCE: Final = 10.0  # seconds that a start waits for the connection; it is tried on afterwards
SILENCE: Final = 60.0  # seconds without a frame after which a connection counts as broken
PING: Final = 10.0  # seconds between two of our pings, each of which Slack answers with a frame

log = logging.getLogger(__name__)


class SlackSocket:
    """One connection that opens itself again when it breaks or falls silent; its frames go through `app`.

    What came in and was not acknowledged when it broke, Slack delivers again, here or to another replica.
    """

    def __init__(
        self, app: AsyncApp, app_token: str, patience: float = PATIENCE, silence: float = SILENCE, ping: float = PING
    ) -> None:
        self._app = app
        self._app_token = app_token
        self._patience = patience
        self._silence = silence
        self._ping = ping
        self._handler: AsyncSocketModeHandler | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._heard = 0.0  # when the last frame came, by time.monotonic

    async def open(self) -> None:
        """Connects; if Slack cannot be reached now, goes on trying in the background."""
        opened = asyncio.Event()
        self._keeping = asyncio.create_task(self._keep(opened), name="slack socket")
        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience):
                await opened.wait()
        if not opened.is_set():
            log.warning("no socket to Slack yet, trying on: check SLACK_APP_TOKEN and the way to Slack")

    async def close(self) -> None:
        """Closes the connection; safe to call twice."""
        keeping, self._keeping = self._keeping, None
        if keeping:
            keeping.cancel()
            await asyncio.wait([keeping])

    @property
    def alive(self) -> bool | None:
        """Whether a frame came lately; None where the connection is not to be open."""
        if self._keeping is None:
            return None
        session = self._handler.client.current_session if self._handler else None
        return bool(session and not session.closed and self._heard and self._age < self._silence)

    @property
    def _age(self) -> float:
        """Seconds since the last frame; pongs the SDK alone sees, and notes when the ping went that they answer."""
        since = time.monotonic() - self._heard
        answered = self._handler.client.last_ping_pong_time if self._handler else None
        return min(since, time.time() - answered) if answered else since

    async def _keep(self, opened: asyncio.Event) -> None:
        """Keeps a connection open: the SDK mends what it notices, and what it does not we begin anew."""
        while True:
            handler = self._new_handler()
            connecting = asyncio.create_task(handler.connect_async())  # type: ignore[no-untyped-call]  # bolt's
            try:
                await asyncio.wait([connecting], timeout=self._silence)
                self._handler, self._heard = handler, time.monotonic()
                if connecting.done() and not connecting.exception():
                    opened.set()
                while self._age < self._silence:  # noqa: ASYNC110 - the SDK tells nobody of its pongs
                    await asyncio.sleep(min(self._ping, self._silence / 4))
                log.warning("no frame from Slack for too long: a new socket is opened")
            finally:
                self._handler = None
                connecting.cancel()
                await asyncio.wait([connecting])
                await handler.close_async()  # type: ignore[no-untyped-call]  # bolt's

    def _new_handler(self) -> AsyncSocketModeHandler:
        handler = AsyncSocketModeHandler(
            self._app, self._app_token, logger=_sdk_log(), proxy=self._app.client.proxy, ping_interval=self._ping
        )
        handler.client.proxy = self._app.client.proxy
        handler.client.on_message_listeners.append(self._hear)
        return handler

    async def _hear(self, _: WSMessage) -> None:
        self._heard = time.monotonic()


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
