"""What a failed call to Slack means: to be tried again, never to succeed, or perhaps taken all the same."""

import logging
from typing import Final

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

# Slack's refusals, a broken line, and the SDK stumbling over what some proxy answered in Slack's place.
_STUMBLES: Final = (ValueError, AttributeError, TypeError, KeyError, RecursionError)
FAILURES: Final = (SlackClientError, aiohttp.ClientError, TimeoutError, *_STUMBLES)

GONE: Final = frozenset(
    {"message_not_found", "cant_update_message", "edit_window_closed"}
)  # the message, not the place
MISSING: Final = "missing_scope"  # is followed by the scope
_SLOWER: Final = frozenset({"ratelimited", "rate_limited"})
_PASSING: Final = frozenset(
    {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"}
)

log = logging.getLogger(__name__)


class NotTaken(Exception):
    """Slack did not take a call, for `reason`; it asks for a pause of `pause` seconds.

    `lasting` tells that it never will; `unsure` that it may have, though it did not say so; `unknown` that nobody there
    knows the method, as in front of what stands in Slack's place.
    """

    def __init__(
        self,
        reason: str,
        *,
        pause: float = 0.0,
        lasting: bool = False,
        unsure: bool = False,
        unknown: bool = False,
    ) -> None:
        super().__init__(f"Slack did not take a call: {reason}")
        self.unknown = unknown
        self.reason = reason
        self.pause = pause
        self.lasting = lasting
        self.unsure = unsure


def grows(refusal: NotTaken) -> bool:
    """Whether a message was not edited because it still grows: Slack documents no single word for that."""
    return "stream" in refusal.reason and not refusal.reason.startswith("message_not_in")


def not_taken(error: Exception) -> NotTaken:
    """Says in our words why a call failed; an error's own text may quote what we sent."""
    response = error.response if isinstance(error, SlackApiError) else None
    if not isinstance(response, AsyncSlackResponse):
        return _noted(NotTaken(type(error).__name__, unsure=not isinstance(error, aiohttp.ClientConnectorError)))
    code = str(response.data.get("error", "")) if isinstance(response.data, dict) else ""
    slower = code in _SLOWER or response.status_code == 429
    passing = slower or not code or code in _PASSING or response.status_code >= 500
    reason = f"{code} {_needed(response)}".strip() or f"status {response.status_code}"
    unsure, unknown = passing and not slower, not code and response.status_code in (404, 405, 501)
    return _noted(NotTaken(reason, pause=_pause(response), lasting=not passing, unsure=unsure, unknown=unknown))


def _pause(response: AsyncSlackResponse) -> float:
    asked = str(response.headers.get("Retry-After", ""))
    return float(asked) if asked.isdecimal() else 0.0


def _needed(response: AsyncSlackResponse) -> str:
    """The scopes that Slack names where one is missing."""
    return str(response.data.get("needed", ""))[:200] if isinstance(response.data, dict) else ""


def _noted(refusal: NotTaken) -> NotTaken:
    log.info("slack did not take a call", extra={"reason": refusal.reason})
    return refusal
