"""Addresses that Slack gives with one command or press, to post what belongs to it; each is good for half an hour."""

import re
from urllib.parse import urlsplit

from slack_sdk.webhook.async_client import AsyncWebhookClient

from adapters.slack_client import SECONDS, Lines, direct, sdk_log
from adapters.slack_refusals import FAILURES, NotTaken, not_taken


class SlackAddresses:
    """Posts to such addresses, and to no other: they come with payloads, which we do not write."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    async def post(self, address: str, message: dict[str, object]) -> None:
        """Posts a message. Raises NotTaken."""
        if not may_respond(address, self._lines.api_url):
            raise NotTaken("no address", lasting=True)
        client = AsyncWebhookClient(
            address, timeout=SECONDS, session=self._lines.pool, retry_handlers=[], logger=sdk_log()
        )
        if direct(address):
            client.proxy = None
        try:
            answer = await client.send_dict(message)
        except FAILURES as error:
            raise not_taken(error) from None
        if answer.status_code != 200:
            raise NotTaken(f"status {answer.status_code}", lasting=400 <= answer.status_code < 500)


def may_respond(address: str, api_url: str) -> bool:
    """Whether an address is Slack's to give: on its own host, or on that of the API that we are told to use."""
    try:
        url, api = urlsplit(address), urlsplit(api_url)
    except ValueError:
        return False
    host, home = url.hostname or "", api.hostname or ""
    if not re.fullmatch(r"[a-z0-9.:-]+", host):
        return False
    if url.scheme == "https":
        return any(host == one or host.endswith(f".{one}") for one in ("slack.com", home) if one)
    return (url.scheme, host) == (api.scheme, home)
