"""What a citation shows of a passage."""

import pytest

from adapters.teams_message import answered
from bot.answers import Answer, Source

PASSAGE = """**How many days you have**

| Group | Basel |
|---|:-:|
| Employees | 25 days |

> See [the rules](https://house.example/rules) on `2*3` shifts.
"""


def abstract(passage: str) -> str:
    """What is shown of it."""
    (post,) = answered(Answer("25 days [1].", "t1", (Source(1, "leave.md", "Leave", passage),)))
    (label,) = post.entities
    citations = label["citation"]
    assert isinstance(citations, list)
    return str(citations[0]["appearance"]["abstract"])


def test_its_words_come_without_markup() -> None:
    assert abstract(PASSAGE) == "How many days you have Group · Basel Employees · 25 days See the rules on 2*3 shifts."


@pytest.mark.parametrize(
    ("passage", "shown"),
    [
        ("a" * 160, "a" * 160),
        ("days " * 31 + "and more", "days " * 31 + "and…"),
        ("days " * 31 + "a month", "days " * 31 + "a…"),
        ("days " * 30 + "holidays a year", "days " * 30 + "holidays…"),
        ("days " * 31 + "more", "days " * 31 + "more"),
        ("a" * 161, "a" * 159 + "…"),
        ("🏖" * 81, "🏖" * 79 + "…"),
        ("At " + "a" * 200, "At " + "a" * 156 + "…"),
    ],
)
def test_what_is_too_long_ends_with_a_word(passage: str, shown: str) -> None:
    assert abstract(passage) == shown
    assert len(shown.encode("utf-16-le")) <= 2 * 160
