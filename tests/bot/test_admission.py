"""Who is given to the model, and who gets passages at once."""

import pytest

from bot.admission import Admission
from bot.model import ScriptedModel


@pytest.mark.parametrize(
    ("waiting", "waited", "admitted"),
    [(None, 0, True), (0, 0, True), (7, 0, True), (8, 0, False), (500, 0, False), (0, 20, True), (0, 20.1, False)],
)
async def test_a_long_queue_or_a_long_wait_ends_in_passages(waiting: int | None, waited: float, admitted: bool) -> None:
    model = ScriptedModel()
    model.waiting = waiting
    assert await Admission(model, queue_limit=8, patience=20.0).admits(waited) is admitted
