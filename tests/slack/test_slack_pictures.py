"""What others make of our blocks: a renderer that draws them, and the compiler that knows Slack's own types."""

import json
import re
from html import unescape
from pathlib import Path

import pytest

from adapters.slack_blocks import answer_messages, ephemeral, with_buttons
from adapters.slack_views import home, question_form, reasons_form
from bot.language import LANGUAGE_NAMES
from tests.slack.emulated.typescript import problems
from tests.slack.pictures import ANSWER, DOCS, QUESTIONS, QUOTED, TABLES, photographed, pictures


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return pictures()


def test_another_renderer_shows_all_there_is(pages: dict[str, str]) -> None:
    shown = {name: _text(page) for name, page in pages.items()}
    assert "Fasnacht three afternoons open until noon" in shown["slack-answer"]
    assert "[2] Public holidays · Office · 2023-11-20 · ⚠️ may be out of date" in shown["slack-answer"]
    assert all(label in shown["slack-answer"] for label in ("Regenerate", "Wrong source", "Ask a person"))
    assert "(1/2)" in shown["slack-parts"]
    assert "⚠️ No source was cited: please double-check." in shown["slack-parts"]
    assert all(question in shown["slack-home"] for question in QUESTIONS)
    assert QUOTED in shown["slack-form"]
    assert "It names the wrong source" in shown["slack-reasons"]
    assert not any("nknown" in page or "nsupported" in page for page in pages.values())


@pytest.mark.browser
@pytest.mark.timeout(60)
async def test_the_pictures_in_the_docs_can_be_made(pages: dict[str, str], tmp_path: Path) -> None:
    await photographed(pages, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in DOCS.glob("slack-*.png")}


@pytest.mark.timeout(60)
async def test_slacks_own_types_take_our_blocks() -> None:
    lines = ['import type { HomeView, KnownBlock, ModalView } from "@slack/types";']
    messages = [
        *answer_messages(TABLES),
        *ephemeral(ANSWER),
        with_buttons(answer_messages(ANSWER)[-1], ANSWER, ["1.2"]),
    ]
    for number, message in enumerate(messages):
        blocks = json.dumps(list(message.blocks))
        lines.append(f"export const message{number}: KnownBlock[] = {blocks};")
    for language in LANGUAGE_NAMES:
        tab, form = home("U0ANNA", language, QUESTIONS), question_form(language, "?", QUOTED, "m")
        reasons = reasons_form(language, "m", [("d1", "One"), ("d2", "Two")], "outdated")
        lines.append(f"export const home_{language}: HomeView = {json.dumps(tab.to_dict())};")
        lines.append(f"export const forms_{language}: ModalView[] = {json.dumps([form.to_dict(), reasons.to_dict()])};")
    assert await problems("\n".join(lines)) == ""


def _text(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", re.sub(r"</span><span[^>]*>", "", page))).split())
