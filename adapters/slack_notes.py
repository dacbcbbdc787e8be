"""Lines in Slack that one person alone sees: what became of their event, beyond the answer in the thread."""

import asyncio
import logging
from typing import Final

from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack_blocks import SlackMessage
from adapters.slack_payload import Payload, inner, string
from adapters.slack_refusals import FAILURES, not_taken
from bot.ticket import CALL_SECONDS

LIMIT: Final = 100  # lines on their way at once

log = logging.getLogger(__name__)


class SlackNotes:
    """Tells people in the background, as best it can."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._telling: set[asyncio.Task[None]] = set()

    def tell(self, payload: Payload, message: SlackMessage) -> None:
        """Shows the message to whoever caused the payload, where they did."""
        channel, user, thread = _whereabouts(payload)
        if len(self._telling) >= LIMIT or not (channel and user):
            log.warning("a note was left out")
            return
        telling = asyncio.create_task(self._post(channel, user, thread, message))
        self._telling.add(telling)
        telling.add_done_callback(self._telling.discard)

    async def told(self) -> None:
        """Waits for the lines that are on their way."""
        if self._telling:
            await asyncio.wait(self._telling)

    async def _post(self, channel: str, user: str, thread: str, message: SlackMessage) -> None:
        try:
            async with asyncio.timeout(CALL_SECONDS):
                await self._client.chat_postEphemeral(
                    channel=channel, user=user, thread_ts=thread or None, text=message.text, blocks=message.blocks
                )
        except FAILURES as error:
            not_taken(error)  # which notes the reason


def _whereabouts(payload: Payload) -> tuple[str, str, str]:
    """Channel, person and thread; no thread where there was none yet, as Slack shows such a line nowhere else."""
    if event := inner(payload, "event"):
        message = inner(event, "message") or event
        return string(event, "channel"), string(message, "user"), string(message, "thread_ts")
    container = inner(payload, "container")
    channel = string(container, "channel_id") or string(inner(payload, "channel"), "id")
    return channel, string(inner(payload, "user"), "id"), string(container, "thread_ts")
