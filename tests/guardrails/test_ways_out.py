"""What a model writes to call people, to lead elsewhere or to carry data away does not reach Slack or Teams."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import asdict

import pytest

from adapters import slack_blocks, teams_markdown, teams_message
from adapters.markdown import quiet, settled
from bot.answers import Answer
from bot.prompt import Prompt
from bot.screen import NoAnswer, Screened
from guardrails.masking import Vault
from rag.passages import Passage
from tests.guardrails.zoo import IMAGES, LINKS, MENTIONS, SECRET

LEAVE = Passage("l#1", "leave.md", "Leave", "", "25 days of holiday: https://intra.firm.com/leave for all of us.")
FRAMES = (
    "# {}\n\nYou have 25 days of holiday. [1]",
    "| Holiday | 25 |\n|---|---|\n| x {} | y |\n\n25 days of holiday. [1]",
    "You have 25 days of holiday. [1] {}",
    "- {}\n- You have 25 days of holiday. [1]",
    "{}\n\nMore. [1]",
)


async def drafted(text: str, size: int) -> AsyncIterator[str]:
    for at in range(0, len(text), size):
        yield text[at : at + size]


async def answered(draft: str, size: int) -> Answer:
    """What is made of a draft that comes in pieces of a size; its words are trusted, and who asks gave its numbers."""
    screened = Screened(Prompt(f"Leave? {draft}", (LEAVE,)), Vault(), trusted=True)
    text = ""
    with suppress(NoAnswer):
        text = "".join([sentence async for sentence in screened.sentences(drafted(draft, size))])
    return Answer(text.strip(), "trace", screened.sources)


def shown(answer: Answer) -> list[str]:
    """All that the platforms are sent of it: blocks, their fallback, what was streamed before, posts and entities."""
    slack = [asdict(message) for message in slack_blocks.answer_messages(answer)]
    alone = [asdict(message) for message in slack_blocks.ephemeral(answer)]
    teams = [asdict(post) for post in teams_message.answered(answer)]
    streamed = [asdict(slack_blocks.draft(answer.text, "c", "en")), settled(quiet(answer.text))]
    return [
        json.dumps(it, ensure_ascii=False) for it in (slack, alone, teams, streamed, teams_markdown.grown(answer.text))
    ]


@pytest.mark.parametrize("way", [*LINKS, *IMAGES, *MENTIONS])
@pytest.mark.parametrize("frame", FRAMES)
async def test_nothing_leaves_on_any_platform(way: str, frame: str) -> None:
    draft = frame.format(way.format(SECRET, SECRET))
    whole = await answered(draft, len(draft))
    for size in (1, 2, 7):
        assert await answered(draft, size) == whole
    for sent in shown(whole):
        assert not re.search(r"(?i)\bevil\b|\bev.l\.com", sent)
        assert not re.search(rf"(?:://|www\.|@|\.com)[^\s\"]*{SECRET}|{SECRET}[^\s\"]*\.(?:com|io)", sent)
        assert not re.search(r"(?i)<at|<[!@#]|&lt;[!@]|(?<!\w)[@＠](?:here|channel|everyone)\b", sent)
        assert not re.search(r"!\[[^\]]*\]\(|\"type\": \"image\"", sent)


async def test_a_link_of_a_cited_source_reaches_both() -> None:
    answer = await answered("See [the form](https://intra.firm.com/leave) for 25 days of holiday. [1]", 3)
    slack, _, teams, *_ = shown(answer)
    assert "](https://intra.firm.com/leave)" in slack
    assert "<https://intra.firm.com/leave|the form>" in slack
    assert "](https://intra.firm.com/leave)" in teams
