"""A follow-up is searched for with what it leans on; a new topic is not lost in the old one."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot.followups import CARRIED, SURELY, joined, leaning, own_words, topic
from rag.passages import Hit, Passage

ROWS = [json.loads(line) for line in (Path(__file__).parent / "followups.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("row", ROWS, ids=[row["text"] for row in ROWS])
def test_what_leans_carries_the_topic_and_what_stands_alone_nothing(row: dict[str, Any]) -> None:
    text, before = row["text"], row["before"]
    if not row["leans"]:
        assert leaning(text) < SURELY  # the question by itself then counts more
        return
    assert leaning(text) == SURELY
    assert set(row["carries"].split()) <= set(topic(before, text).split())


def test_few_questions_that_stand_alone_are_searched_for_twice() -> None:
    alone = [leaning(row["text"]) for row in ROWS if not row["leans"]]
    assert sum(map(bool, alone)) <= len(alone) / 5


def test_a_chain_is_read_back_to_where_it_began_and_no_further() -> None:
    talk = ["Where is the car park?", "How do I report a lost badge?", "How much does that cost?", "And for visitors?"]
    carried = topic(talk, "Why?").split()
    assert carried[-3:] == ["lost", "badge", "visitors"]
    assert "park" not in carried


def test_little_is_carried_and_nothing_said_twice() -> None:
    many = " ".join(f"word{n}" for n in range(50))
    assert len(own_words(topic([many], "And Germany?"))) == CARRIED
    assert topic(["badge badge Badge lost"], "And the lost badge?") == ""
    assert topic([], "And in Germany?") == ""


def test_the_better_of_both_searches_counts() -> None:
    one, other = (Passage(f"{name}#0", name, "", "", name) for name in "ab")
    hits = joined([Hit(one, 0.5), Hit(other, 0.3)], [Hit(other, 0.5), Hit(one, 0.5)], 0.9, 3)
    assert [(hit.passage.doc_id, hit.score) for hit in hits] == [("a", 0.5), ("b", 0.45)]
