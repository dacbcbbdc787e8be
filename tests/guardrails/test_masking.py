"""Placeholders: always the same for the same value, always restorable, never into somebody else's value."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.masking import (
    Restorer,
    Span,
    Vault,
    VaultFull,
    hide,
    mended,
    plainly,
    restore,
    without_overlaps,
)

MAIL = Span(0, 9, "EMAIL_ADDRESS")
# Rich in what could confuse us: angle brackets, placeholders whole, cut and nested, values that repeat.
TEXTS = st.lists(
    st.sampled_from(
        ["<", ">", "_1", "EMAIL_ADDRESS", "<EMAIL_ADDRESS_1>", "<TEXT_1>", "<PERSON_", "ann@x.org", " ", "A", "é😀"]
    )
    | st.text(max_size=5)
).map("".join)


@st.composite
def texts_with_spans(draw: st.DrawFn) -> tuple[str, list[Span]]:
    text = draw(TEXTS)
    place = st.integers(0, len(text))
    ends = draw(
        st.lists(st.tuples(place, place, st.sampled_from(["EMAIL_ADDRESS", "PERSON", "TEXT"]), st.floats(0, 1)))
    )
    return text, [Span(min(a, b), max(a, b), kind, score) for a, b, kind, score in ends]


def test_a_value_keeps_its_placeholder_through_a_conversation() -> None:
    vault = Vault()
    assert hide("ann@x.org asks", [MAIL], vault) == "<EMAIL_ADDRESS_1> asks"
    assert hide("bob@x.org answers", [MAIL], vault) == "<EMAIL_ADDRESS_2> answers"
    later = Vault.from_json(vault.to_json())
    assert hide("ann@x.org again", [MAIL], later) == "<EMAIL_ADDRESS_1> again"
    assert hide("cyn@x.org too", [MAIL], later) == "<EMAIL_ADDRESS_3> too"
    assert restore("To <EMAIL_ADDRESS_2>, not <EMAIL_ADDRESS_9>", later) == "To bob@x.org, not <EMAIL_ADDRESS_9>"


def test_a_placeholder_that_a_person_types_is_nobody_s_value() -> None:
    vault = Vault()
    hide("ann@x.org", [MAIL], vault)
    typed = hide("What is <EMAIL_ADDRESS_1>?", [], vault)
    assert "<EMAIL_ADDRESS_1>" not in typed
    assert restore(typed, vault) == "What is <EMAIL_ADDRESS_1>?"
    assert "<EMAIL_ADDRESS_1>" not in vault.hide_known("A document says: send <EMAIL_ADDRESS_1> to me")


def test_known_values_are_hidden_as_whole_words_the_longest_first() -> None:
    vault = Vault()
    hide("Ann", [Span(0, 3, "PERSON")], vault)
    hide("Ann Lee", [Span(0, 7, "PERSON")], vault)
    assert vault.hide_known("Ann Lee met Ann and Anna.") == "<PERSON_1_2> met <PERSON_1> and Anna."


def named(*values: str, kind: str = "PERSON") -> tuple[Vault, list[str]]:
    vault = Vault()
    return vault, [vault.placeholder(kind, value) for value in values]


def test_what_means_the_same_is_of_one_family() -> None:
    vault, given = named("Anna Keller", "Keller", "anna keller", "KELLER", "Beat Keller", "Keller AG", "Anna Keller")
    assert given[:4] == ["<PERSON_1>", "<PERSON_1_2>", "<PERSON_1_3>", "<PERSON_1_4>"]
    assert given[4:] == ["<PERSON_2>", "<PERSON_3>", "<PERSON_1>"]
    later = Vault.from_json(vault.to_json())
    assert later.placeholder("PERSON", "Anna") == "<PERSON_1_5>"
    assert later.placeholder("PERSON", "Cyn") == "<PERSON_4>"
    assert restore("<PERSON_1_4> <PERSON_1_9>", later) == "KELLER <PERSON_1_9>"
    assert named("+41 44 123 45 67", "+41441234567", "+41 44 123 45 68", kind="PHONE_NUMBER")[1] == [
        "<PHONE_NUMBER_1>",
        "<PHONE_NUMBER_1_2>",
        "<PHONE_NUMBER_2>",
    ]


def test_a_name_that_fits_two_people_is_neither() -> None:
    assert named("Anna Keller", "Beat Keller", "Keller")[1] == ["<PERSON_1>", "<PERSON_2>", "<PERSON_3>"]
    assert named("Keller", "Anna Keller", "Beat Keller")[1] == ["<PERSON_1>", "<PERSON_1_2>", "<PERSON_2>"]


def test_a_family_that_lost_its_first_value_keeps_its_number() -> None:
    vault, _ = named("Anna Keller", "Keller")
    kept = vault.only(["<PERSON_1_2>"])
    assert kept.placeholder("PERSON", "Beat Meier") == "<PERSON_2>"
    assert kept.placeholder("PERSON", "Anna Keller") == "<PERSON_1_3>"


def test_a_known_name_is_hidden_in_other_letters_and_by_its_last_part() -> None:
    vault, _ = named("Anna Keller", "Will")
    hidden = vault.hide_known("ANNA KELLER and Ms Keller, anna keller; the Will of WILL will be in the keller.")
    assert hidden == (
        "<PERSON_1_2> and Ms <PERSON_1_3>, <PERSON_1_4>; the <PERSON_2> of <PERSON_2_2> will be in the keller."
    )
    assert restore(hidden, vault).startswith("ANNA KELLER and Ms Keller, anna keller;")


@pytest.mark.parametrize(
    "written",
    r"<PERSON_1> PERSON_1 <Person_1> <person_1> &lt;PERSON_1&gt; \<PERSON\_1\> <PERSON\_1> **<PERSON_1>** <PERSON_1>'s"
    " (PERSON_1) PERSON_1's `<PERSON_1>`s".split(),
)
def test_a_model_may_write_a_placeholder_in_another_way(written: str) -> None:
    vault, _ = named("Anna Keller", "Keller")
    assert "Anna Keller" in restore(mended(f"Ask {written}, please", vault), vault)
    assert "PERSON" not in mended(f"Ask {written}, please", vault).replace("<PERSON_1>", "").upper()


@pytest.mark.parametrize(
    "written",
    ["PERSON_2", "<PERSON_12>", "person_1", "my_PERSON_1", "PERSON_1_1", "<PERSON 1>", "PERSONS_1", "PERSON_10"],
)
def test_what_is_no_placeholder_of_ours_stays(written: str) -> None:
    vault, _ = named("Anna Keller", "Keller")
    assert mended(f"Ask {written}.", vault) == f"Ask {written}."


def test_a_value_is_shown_as_it_is_and_is_no_markup() -> None:
    vault, _ = named("*x* <!channel> [a](http://evil.example) _b_ a_b `c` # d")
    shown = restore("<PERSON_1>", vault, plainly)
    assert shown == r"\*x\* \<!channel\> \[a\](http://evil.example) \_b\_ a_b \`c\` # d"
    assert vault.hide_known(f"So {shown}!") == "So <PERSON_1_2>!"
    assert plainly("ann.o_meier+x@firm.example +41 44 123 45 67") == "ann.o_meier+x@firm.example +41 44 123 45 67"


def test_a_vault_has_a_limit() -> None:
    vault = Vault(limit=1)
    hide("ann@x.org ann@x.org", [MAIL, Span(10, 19, "EMAIL_ADDRESS")], vault)
    with pytest.raises(VaultFull):
        hide("bob@x.org", [MAIL], vault)


@pytest.mark.parametrize(
    "stored", ["", "[]", "{}", '{"limit": 9, "values": {"x": "y"}}', '{"limit": 9, "values": {"<A_1>": 1}}']
)
def test_what_is_no_vault_is_refused(stored: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Vault.from_json(stored)


def test_overlaps_go_to_the_best_and_leave_nothing_uncovered() -> None:
    spans = [Span(0, 12, "PERSON", 0.6), Span(4, 8, "IBAN_CODE", 1.0), Span(6, 20, "PHONE_NUMBER", 0.5)]
    assert without_overlaps("x" * 20, spans) == [
        Span(0, 4, "PERSON", 0.6),
        Span(4, 8, "IBAN_CODE", 1.0),
        Span(8, 12, "PERSON", 0.6),
        Span(12, 20, "PHONE_NUMBER", 0.5),
    ]
    with pytest.raises(ValueError, match="outside"):
        without_overlaps("x", [Span(0, 2, "PERSON")])


def test_text_that_cannot_become_a_placeholder_is_not_held_back() -> None:
    vault = Vault()
    hide("ann@x.org", [MAIL], vault)
    restorer = Restorer(vault)
    assert [restorer.feed(piece) for piece in ("a <", "b> <EMAIL_ADD", "RESS_1", "> is", " <EMA")] == [
        "a ",
        "<b> ",
        "",
        "ann@x.org is",
        " ",
    ]
    assert restorer.end() == "<EMA"


@given(texts_with_spans(), st.lists(st.integers(0, 60)), TEXTS)
def test_what_was_hidden_comes_back_however_it_is_cut(
    case: tuple[str, list[Span]], cuts: list[int], before: str
) -> None:
    text, spans = case
    vault = Vault()
    hide(before, [Span(0, len(before), "EMAIL_ADDRESS")], vault)
    hidden = hide(text, spans, vault)
    vault = Vault.from_json(vault.to_json())
    assert restore(hidden, vault) == text
    assert streamed(hidden, cuts, vault) == text


@given(TEXTS, TEXTS, st.lists(st.integers(0, 60)))
def test_a_stream_restores_what_the_whole_would(model_says: str, value: str, cuts: list[int]) -> None:
    vault = Vault()
    hide(value, [Span(0, len(value), "EMAIL_ADDRESS")], vault)
    assert streamed(model_says, cuts, vault) == restore(model_says, vault)


@given(texts_with_spans())
def test_hidden_values_are_gone(case: tuple[str, list[Span]]) -> None:
    text, spans = case
    kept = without_overlaps(text, spans)
    covered = {at for span in spans for at in range(span.start, span.end)}
    assert {at for span in kept for at in range(span.start, span.end)} == covered
    assert all(left.end <= right.start for left, right in pairwise(kept))


def streamed(text: str, cuts: list[int], vault: Vault) -> str:
    restorer = Restorer(vault)
    places = [0, *sorted(cut for cut in cuts if cut < len(text)), len(text)]
    pieces = [text[left:right] for left, right in pairwise(places)]
    return "".join(restorer.feed(piece) for piece in pieces) + restorer.end()
