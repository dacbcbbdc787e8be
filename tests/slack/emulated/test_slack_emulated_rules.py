"""The emulated Slack is as strict as Slack: what its documentation forbids is refused here, and seen."""

from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.slack.emulated.reading import Post
from tests.slack.emulated.rules import blocks_problem, view_error
from tests.slack.emulated.surfaces import Door
from tests.slack.emulated.typescript import problems
from tests.slack.emulated.workspace import EmulatedSlack

TEAM = "T000000001"
TEXT: dict[str, Any] = {"type": "section", "text": {"type": "mrkdwn", "text": "x"}}
BUTTON: dict[str, Any] = {
    "type": "button",
    "text": {"type": "plain_text", "text": "Go"},
    "action_id": "go",
    "value": "1",
}


@pytest.fixture
def client(slack: EmulatedSlack) -> AsyncWebClient:
    return AsyncWebClient(slack.bot_token, slack.api_url, retry_handlers=[])


async def refusal(call: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])


async def asked(slack: EmulatedSlack) -> tuple[str, str]:
    return slack.channels["general"], await slack.people["anna"].mentions("Hello?")


async def test_a_stream_grows_and_ends_as_a_message(slack: EmulatedSlack, client: AsyncWebClient) -> None:
    channel, root = await asked(slack)
    to: dict[str, Any] = {"recipient_team_id": TEAM, "recipient_user_id": slack.people["anna"].id}
    begun = await client.chat_startStream(channel=channel, thread_ts=root, markdown_text="You ", **to)
    await client.chat_appendStream(channel=channel, ts=begun["ts"], markdown_text="have **25** days")
    changing = client.chat_update(channel=channel, ts=begun["ts"], text="no")
    assert await refusal(changing) == "streaming_state_conflict"
    await client.chat_stopStream(channel=channel, ts=begun["ts"], blocks=[TEXT])
    [post] = await slack.thread(channel, root)
    assert post.read == "You have **25** days\nx"
    await client.chat_update(channel=channel, ts=begun["ts"], text="Better", blocks=[])
    [post] = await slack.thread(channel, root)
    assert post.read == "Better"


async def test_streams_are_refused_as_slack_refuses_them(slack: EmulatedSlack, client: AsyncWebClient) -> None:
    channel, root = await asked(slack)
    place: dict[str, Any] = {"channel": channel, "thread_ts": root}
    user = slack.people["anna"].id
    assert await refusal(client.chat_startStream(**place)) == "missing_recipient_team_id"
    assert await refusal(client.chat_startStream(**place, recipient_team_id=TEAM)) == "missing_recipient_user_id"
    to: dict[str, Any] = {"recipient_team_id": TEAM, "recipient_user_id": user}
    both: dict[str, Any] = {"markdown_text": "a", "chunks": [{"type": "markdown_text", "text": "b"}]}
    assert await refusal(client.chat_startStream(**place, **to, **both)) == (
        "cannot_provide_both_markdown_text_and_chunks"
    )
    begun = await client.chat_startStream(**place, **to, chunks=both["chunks"])
    stream = {"channel": channel, "ts": begun["ts"]}
    assert await refusal(client.chat_appendStream(**stream, markdown_text="c")) == "streaming_mode_mismatch"
    slack.streams.end()
    for late in (client.chat_appendStream(**stream, chunks=both["chunks"]), client.chat_stopStream(**stream)):
        assert await refusal(late) == "message_not_in_streaming_state"


async def test_a_person_ends_a_stream(slack: EmulatedSlack, client: AsyncWebClient) -> None:
    anna = slack.people["anna"]
    begun = await client.chat_startStream(channel=anna.direct, thread_ts=await anna.writes("Hello?"))
    slack.streams.end("stopped_by_user")
    late = client.chat_appendStream(channel=anna.direct, ts=begun["ts"], markdown_text="more")
    assert await refusal(late) == "stopped_by_user"


async def test_limits_are_counted_and_kept(slack: EmulatedSlack, client: AsyncWebClient) -> None:
    slack.limits.strict = True
    channel = slack.channels["general"]
    await client.chat_postMessage(channel=channel, text="one")
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel=channel, text="two")
    assert (caught.value.response.status_code, caught.value.response.headers["Retry-After"]) == (429, "1")
    await client.chat_postMessage(channel=slack.people["anna"].direct, text="elsewhere")
    assert slack.limits.refused == {"chat.postMessage": 1}


async def test_a_thread_is_read_in_pages(slack: EmulatedSlack, client: AsyncWebClient) -> None:
    channel, root = await asked(slack)
    mark = {"event_type": "ours", "event_payload": {"part": 1}}
    for number in range(3):
        await client.chat_postMessage(channel=channel, thread_ts=root, text=str(number), metadata=mark)
    page = await client.conversations_replies(channel=channel, ts=root, limit=3)
    assert [one["text"] for one in page["messages"]][1:] == ["0", "1"]
    rest = await client.conversations_replies(
        channel=channel, ts=root, limit=3, cursor=page["response_metadata"]["next_cursor"], include_all_metadata=True
    )
    [last] = rest["messages"]
    assert (last["text"], last["metadata"], last["bot_id"]) == ("2", mark, "B0GEIST01")


async def test_a_trigger_is_used_once_and_soon(slack: EmulatedSlack, client: AsyncWebClient) -> None:
    anna, view = slack.people["anna"], {"type": "modal", "title": {"type": "plain_text", "text": "Form"}, "blocks": []}
    assert await refusal(client.views_open(trigger_id="made up", view=view)) == "invalid_trigger_id"
    trigger = await slack.surfaces.trigger(anna.id)
    await client.views_open(trigger_id=trigger, view=view)
    assert anna.form["title"]["text"] == "Form"
    assert await refusal(client.views_open(trigger_id=trigger, view=view)) == "exchanged_trigger_id"
    slack.trigger_seconds = 0
    late = client.views_open(trigger_id=await slack.surfaces.trigger(anna.id), view=view)
    assert await refusal(late) == "expired_trigger_id"


async def test_a_response_url_serves_five_times(slack: EmulatedSlack) -> None:
    anna = slack.people["anna"]
    url = slack.surfaces.door(Door(anna.id, slack.channels["general"]))
    async with aiohttp.ClientSession() as session:
        statuses = [(await session.post(url, json={"text": f"{number}"})).status for number in range(6)]
        again = {"replace_original": True, "text": "better"}
        await session.post(slack.surfaces.door(_door_of(anna.whispers[0], anna.id)), json=again)
    assert statuses == [200] * 5 + [404]
    assert [post.read for post in anna.whispers] == ["1", "2", "3", "4", "better"]


async def test_prompts_for_a_thread_are_never_shown_to_an_agent(slack: EmulatedSlack, client: AsyncWebClient) -> None:
    direct, prompts = slack.people["anna"].direct, [{"title": "Leave", "message": "How much leave?"}]
    await client.assistant_threads_setSuggestedPrompts(channel_id=direct, thread_ts="1.2", prompts=prompts)
    assert slack.surfaces.prompts == {}
    await client.assistant_threads_setSuggestedPrompts(channel_id=direct, prompts=prompts)
    assert slack.surfaces.prompts == {(direct, ""): prompts}
    many = client.assistant_threads_setSuggestedPrompts(channel_id=direct, prompts=prompts * 5)
    assert await refusal(many) == "invalid_arguments"


@pytest.mark.parametrize(
    "block",
    [
        {"type": "sektion"},
        {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}},
        {"type": "header", "text": {"type": "plain_text", "text": "x" * 151}},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * 11},
        {"type": "actions", "elements": [{**BUTTON, "action_id": str(n)} for n in range(26)]},
        {"type": "actions", "elements": [BUTTON, BUTTON]},
        {"type": "actions", "elements": [{**BUTTON, "value": "x" * 2001}]},
        {"type": "actions", "elements": [{**BUTTON, "text": {"type": "plain_text", "text": "x" * 76}}]},
        {"type": "context_actions", "elements": [BUTTON]},
        {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * 21]},
        {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]] * 101},
        {"type": "markdown", "text": "x" * 12_001},
        {**TEXT, "block_id": "x" * 256},
    ],
)
async def test_blocks_beyond_the_limits_are_refused(
    slack: EmulatedSlack, client: AsyncWebClient, block: dict[str, Any]
) -> None:
    posting = client.chat_postMessage(channel=slack.channels["general"], text="x", blocks=[block])
    assert await refusal(posting) in {"invalid_blocks", "msg_blocks_too_long"}
    assert len(slack.refusals) == 1


def test_messages_and_views_have_limits_of_their_own() -> None:
    table = {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}
    assert blocks_problem([table, table], 50) == "more than one table"
    assert blocks_problem([TEXT] * 51, 50) == "more than 50 blocks"
    assert blocks_problem([{**TEXT, "block_id": "a"}] * 2, 50) == "block_id twice, or too long"
    modal = {"type": "modal", "title": {"type": "plain_text", "text": "x" * 24}, "blocks": [TEXT] * 100}
    assert view_error(modal) == ""
    for wrong in ({"title": {"type": "plain_text", "text": "x" * 25}}, {"private_metadata": "x" * 3001}):
        assert view_error(modal | wrong) == "invalid_arguments"


async def test_slacks_own_types_are_at_hand() -> None:
    source = 'import type { KnownBlock } from "@slack/types";\nexport const blocks: KnownBlock[] = [%s];'
    assert await problems(source % '{ type: "divider" }') == ""
    assert "nope" in await problems(source % '{ type: "nope" }')


def _door_of(post: Post, user: str) -> Door:
    return Door(user, post.channel, post.ts, post.thread, post.whispered)
