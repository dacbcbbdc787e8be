"""A thread in Slack as our calls see it: what may fail is tried once, what must arrive is insisted on."""

import asyncio
import logging
from typing import Final

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from adapters.slack_blocks import SlackMessage
from bot.errors import Unavailable

DEADLINE: Final = 30.0  # seconds for one message that must arrive, with all its retries

# Slack's refusals, a broken line, and the SDK stumbling over what some proxy answered in Slack's place.
_STUMBLES: Final = (ValueError, AttributeError, TypeError, KeyError, RecursionError)
_FAILURES: Final = (SlackClientError, aiohttp.ClientError, TimeoutError, *_STUMBLES)

log = logging.getLogger(__name__)


class NotTaken(Exception):
    """Slack did not take a call; `pause` is how many seconds it asks for."""

    def __init__(self, pause: float) -> None:
        super().__init__("Slack did not take a call.")
        self.pause = pause


class SlackThread:
    """The thread under the message `root`; when Slack says "slower", `patient` waits and `hasty` gives up."""

    def __init__(self, hasty: AsyncWebClient, patient: AsyncWebClient, channel: str, root: str) -> None:
        self._hasty = hasty
        self._patient = patient
        self.channel = channel
        self._root = root

    async def status(self, text: str) -> None:
        """Shows what we are doing, where Slack allows it. Raises NotTaken."""
        try:
            await self._hasty.assistant_threads_setStatus(
                channel_id=self.channel, thread_ts=self._root, status=text, loading_messages=[text]
            )
        except _FAILURES as error:
            raise _not_taken(error) from None

    async def try_show(self, message: SlackMessage, ts: str = "") -> str:
        """Turns the message `ts` into this one, or posts it if `ts` is empty; returns its ts. Raises NotTaken."""
        try:
            return await self._show(self._hasty, message, ts)
        except _FAILURES as error:
            raise _not_taken(error) from None

    async def show(self, message: SlackMessage, ts: str = "") -> str:
        """The same, but insists: what cannot be edited is posted, at last as text alone. Raises Unavailable."""
        attempts = [(message, ts)] if ts else []
        for shown, place in [*attempts, (message, ""), (SlackMessage(message.text), "")]:
            try:
                async with asyncio.timeout(DEADLINE):
                    return await self._show(self._patient, shown, place)
            except _FAILURES as error:
                log.warning("slack did not take a message", extra={"reason": _reason(error)})
        raise Unavailable("Slack did not take the answer.")

    async def _show(self, client: AsyncWebClient, message: SlackMessage, ts: str) -> str:
        if ts:
            await client.chat_update(channel=self.channel, ts=ts, text=message.text, blocks=message.blocks)
            return ts
        posted = await client.chat_postMessage(
            channel=self.channel,
            thread_ts=self._root,
            text=message.text,
            blocks=message.blocks,
            unfurl_links=False,
            unfurl_media=False,
        )
        if not posted.get("ts"):
            raise ValueError("Slack did not say where it put the message")
        return str(posted["ts"])


def _not_taken(error: Exception) -> NotTaken:
    log.info("slack skipped a call", extra={"reason": _reason(error)})
    response = error.response if isinstance(error, SlackApiError) else None
    pause = response.headers.get("Retry-After", "") if isinstance(response, AsyncSlackResponse) else ""
    return NotTaken(float(pause) if pause.isdecimal() else 0.0)


def _reason(error: Exception) -> str:
    """Slack's code for the error, else the error's kind: its text may quote what we sent."""
    response = error.response if isinstance(error, SlackApiError) else None
    data = response.data if isinstance(response, AsyncSlackResponse) else None
    return str(data.get("error", "")) if isinstance(data, dict) else type(error).__name__
