"""Which messages a button may have replaced: those of its own answer, whatever a client makes of it."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from adapters import teams_marks
from adapters.teams_marks import unsealed
from bot.seal import Seal
from bot.ticket import FreeTicket
from tests.teams.conftest import ANSWER, Teams, payload
from tests.teams.sealing import SEAL, sealed

OTHERS = "others-answer"
FOREIGN = Seal(bytes(32))


@pytest.mark.parametrize(
    "mark",
    [
        "",
        OTHERS,
        "1 2",
        "é",
        "A" * 3_999,
        teams_marks.sealed(FOREIGN, "trace-1", [OTHERS]),
        sealed("trace-2", OTHERS),
    ],
)
def test_what_was_not_sealed_for_this_answer_names_nothing(mark: str) -> None:
    assert unsealed(SEAL, "trace-1", mark) == []


def test_what_was_sealed_comes_back_once_it_fits() -> None:
    assert unsealed(SEAL, "trace-1", sealed("trace-1", "1", "", "2")) == ["1", "2"]
    assert len(unsealed(SEAL, "t", sealed("t", *map(str, range(100))))) == 30


@pytest.mark.parametrize(
    ("carried", "answers"),
    [({"kept": "k", "replaces": sealed("k", "answer-1")}, 1), ({"kept": "k", "replaces": "answer-1"}, 2)],
    ids=["ours", "forged"],
)
async def test_an_answer_takes_the_place_of_its_own_messages_alone(
    teams: Teams, carried: Mapping[str, str], answers: int
) -> None:
    await teams.post(payload("group_chat_mention"))
    turn = teams.dispatcher.turn
    await teams.dispatcher.answer_all()
    again = replace(turn, reply_to={**turn.reply_to, **carried})
    await teams.dispatcher.reply_to(again, FreeTicket()).finish(replace(ANSWER, text="Another [1]."))
    shown = [message.text for message in teams.connector.messages if message.labelled]
    assert len(shown) == answers
    assert shown[-1].startswith("Another")
