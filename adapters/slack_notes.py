"""Lines in Slack that one person alone sees: what became of their event, beyond the answer in the thread."""

from collections.abc import Callable

from adapters.slack_blocks import SlackMessage
from adapters.slack_calls import SlackCalls
from adapters.slack_errands import SlackErrands
from adapters.slack_payload import Payload, inner, string, workspace


class SlackNotes:
    """Tells people in the background, as best it can."""

    def __init__(self, calls: Callable[[str, str], SlackCalls], errands: SlackErrands) -> None:
        self._calls = calls
        self._errands = errands

    def tell(self, payload: Payload, message: SlackMessage) -> None:
        """Shows the message to whoever caused the payload, where they did."""
        channel, user, thread = _whereabouts(payload)
        if channel and user:
            said = {"text": message.text, "blocks": message.blocks}
            where = {"channel": channel, "user": user, "thread_ts": thread or None}
            calls = self._calls(*workspace(payload))
            self._errands.run(calls.call("chat.postEphemeral", {**where, **said}), "note")


def _whereabouts(payload: Payload) -> tuple[str, str, str]:
    """Channel, person and thread; no thread where there was none yet, as Slack shows such a line nowhere else."""
    if event := inner(payload, "event"):
        message = inner(event, "message") or event
        return string(event, "channel"), string(message, "user"), string(message, "thread_ts")
    container = inner(payload, "container")
    channel = string(container, "channel_id") or string(inner(payload, "channel"), "id")
    return channel, string(inner(payload, "user"), "id"), string(container, "thread_ts")
