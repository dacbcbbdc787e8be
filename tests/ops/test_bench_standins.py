"""The platforms' stand-in: it keeps every version of every message, and refuses all in a storm."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from ops.bench.instant_model import MARK
from ops.bench.shown import Kind, teams_version
from ops.bench.standins import Workplace, slack_place

THUMBS = {"type": "context_actions", "elements": [{"type": "feedback_buttons", "action_id": "hausgeist_feedback"}]}
AI_LABEL = {"type": "https://schema.org/Message", "additionalType": ["AIGeneratedContent"]}


@pytest.fixture
async def workplace() -> AsyncIterator[Workplace]:
    async with Workplace() as workplace:
        yield workplace


@pytest.fixture
async def http(workplace: Workplace) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def slack(http: aiohttp.ClientSession, workplace: Workplace, method: str, **call: Any) -> dict[str, Any]:
    async with http.post(workplace.slack_url + method, json=call) as response:
        return dict(await response.json())


async def test_slack_messages_are_kept_in_all_versions(http: aiohttp.ClientSession, workplace: Workplace) -> None:
    noted = {"event_type": "hausgeist_answer", "event_payload": {"turn": "t1"}}
    said = await slack(http, workplace, "chat.postMessage", channel="C1", thread_ts="1.1", text="…", metadata=noted)
    blocks = [{"type": "markdown", "text": "to Q1-1"}, THUMBS]
    await slack(http, workplace, "chat.update", channel="C1", ts=said["ts"], text="to Q1-1", blocks=blocks)
    (post,) = workplace.posts[slack_place("C1", "1.1")]
    assert [(version.kind, version.text) for version in post.versions] == [
        (Kind.DRAFT, "…"),
        (Kind.ANSWER, "to Q1-1"),
    ]
    assert (await slack(http, workplace, "chat.delete", channel="C1", ts=said["ts"]))["ok"]
    assert not post.stands
    assert (await slack(http, workplace, "chat.update", channel="C1", ts=said["ts"]))["error"] == "message_not_found"


async def test_a_streamed_message_grows_and_is_an_answer_once_it_is_stopped_with_thumbs(
    http: aiohttp.ClientSession, workplace: Workplace
) -> None:
    step = {"type": "task_update", "id": "1", "title": "Searching", "status": "in_progress"}
    said = await slack(http, workplace, "chat.startStream", channel="C1", thread_ts="1.1", chunks=[step])
    place = {"channel": "C1", "ts": said["ts"]}
    await slack(http, workplace, "chat.appendStream", **place, chunks=[{"type": "markdown_text", "text": "to "}])
    noted = {"event_type": "hausgeist_answer", "event_payload": {"turn": "t1"}}
    await slack(http, workplace, "chat.stopStream", **place, markdown_text="Q1-1", blocks=[THUMBS], metadata=noted)
    (post,) = workplace.posts[slack_place("C1", "1.1")]
    assert [(version.kind, version.text) for version in post.versions] == [
        (Kind.DRAFT, ""),
        (Kind.DRAFT, "to "),
        (Kind.ANSWER, "to Q1-1"),
    ]
    assert post.metadata == noted
    late = await slack(http, workplace, "chat.appendStream", **place, markdown_text="!")
    assert late["error"] == "message_not_in_streaming_state"


async def test_a_thread_is_read_page_by_page_with_metadata(http: aiohttp.ClientSession, workplace: Workplace) -> None:
    for number in range(3):
        noted = {"event_type": "hausgeist_answer", "event_payload": {"turn": f"t{number}"}}
        await slack(http, workplace, "chat.postMessage", channel="C1", thread_ts="1.1", text="…", metadata=noted)
    turns, cursor = [], ""
    while True:
        page = await slack(http, workplace, "conversations.replies", channel="C1", ts="1.1", limit=2, cursor=cursor)
        turns += [line["metadata"]["event_payload"]["turn"] for line in page["messages"] if "metadata" in line]
        cursor = page["response_metadata"]["next_cursor"]
        if not cursor:
            break
    assert turns == ["t0", "t1", "t2"]


async def test_teams_messages_are_posted_edited_and_deleted(http: aiohttp.ClientSession, workplace: Workplace) -> None:
    place = f"{workplace.teams_url}v3/conversations/a:chat-1/activities"
    async with http.post(f"{place}/asked-1", json={"type": "message", "text": "…"}) as response:
        name = (await response.json())["id"]
    await http.put(f"{place}/{name}", json={"type": "message", "text": "to Q1-1", "entities": [AI_LABEL]})
    (post,) = workplace.posts["a:chat-1"]
    assert (post.asked, post.now.kind, post.now.text) == ("asked-1", Kind.ANSWER, "to Q1-1")
    await http.delete(f"{place}/{name}")
    assert (await http.put(f"{place}/{name}", json={"type": "message", "text": ""})).status == 404


async def test_a_stream_in_teams_is_one_message_until_it_ends(
    http: aiohttp.ClientSession, workplace: Workplace
) -> None:
    place = f"{workplace.teams_url}v3/conversations/a:chat-1/activities"
    begun = piece("typing", "informative", "Searching …")
    async with http.post(place, json=begun) as response:
        name = (await response.json())["id"]
    more = piece("typing", "streaming", "to Q1-1", name)
    assert (await http.post(place, json=more)).status == 202
    (post,) = workplace.posts["a:chat-1"]
    assert (post.id, post.now.kind, post.now.text) == (name, Kind.DRAFT, "to Q1-1")
    whole = piece("message", "final", "to Q1-1 [1]", name)
    whole["entities"] += [AI_LABEL]
    assert (await http.post(place, json=whole)).status == 201
    assert [(version.kind, version.text) for version in post.versions[2:]] == [(Kind.ANSWER, "to Q1-1 [1]")]
    assert (await http.post(place, json=more)).status == 403
    channel = f"{workplace.teams_url}v3/conversations/19:c@thread.tacv2;messageid=1/activities"
    assert (await http.post(channel, json=begun)).status == 405


def test_a_card_with_nothing_but_buttons_is_neither_answer_nor_draft() -> None:
    card = {"type": "AdaptiveCard", "body": [], "actions": [{"type": "Action.Execute", "title": "Regenerate"}]}
    said = {"type": "message", "attachments": [{"contentType": "card", "content": card}], "summary": "Regenerate"}
    assert teams_version(said).kind is Kind.OFFER


async def test_a_storm_refuses_everything(http: aiohttp.ClientSession, workplace: Workplace) -> None:
    workplace.storm(60)
    async with http.post(workplace.slack_url + "chat.postMessage", json={"channel": "C1", "text": "a"}) as response:
        assert response.status == 429
        assert 1 <= int(response.headers["Retry-After"]) <= 5
    workplace.storm(0)
    assert (await slack(http, workplace, "auth.test"))["ok"]


def test_a_mark_is_found_in_what_is_said() -> None:
    assert MARK.findall("… This is question Q17-3.\n\n… This is question Q17-4.") == ["Q17-3", "Q17-4"]


def piece(kind: str, stream: str, text: str, name: str = "") -> dict[str, Any]:
    info = {"type": "streaminfo", "streamType": stream, **({"streamId": name} if name else {})}
    return {"type": kind, "text": text, "entities": [info]}
