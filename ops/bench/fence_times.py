"""What the time of a search, or of an answer, tells somebody about documents that they may not read."""

import random
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Final

from ops.bench.fence_company import NOBODY, SIDES, Sheet, names
from ops.bench.fence_house import House
from ops.bench.figures import Figure
from rag.retriever import Retriever

SEARCHES: Final = 600  # pairs, at most
ANSWERS: Final = 150  # pairs

Act = Callable[[str], Awaitable[object]]


async def compared(there: House, most: int) -> list[Figure]:
    """Compares questions that closed documents would answer with such as none does; each is new, and asked once.

    Embedding is left out, by which all searches take alike long: what is left tells the more.
    """
    retriever = Retriever(there.library)
    hidden = [sheet.question for sheet in there.sheets if sheet.side in SIDES and _alone(there, sheet)]
    random.Random(2).shuffle(hidden)  # noqa: S311 - makes no secret
    answers = min(ANSWERS, most, len(hidden) // 4)
    searches = min(SEARCHES, most, len(hidden) - answers)

    async def search(question: str) -> None:
        await retriever.search(question, frozenset())

    async def answer(question: str) -> None:
        await there.ask(NOBODY, question, f"bench:timed:{question}")

    return [
        *await _told_apart("search", search, hidden[:searches]),
        *await _told_apart("answer", answer, hidden[searches : searches + answers]),
    ]


async def _told_apart(what: str, act: Act, hidden: list[str]) -> list[Figure]:
    """How much longer it takes for documents that are closed than for none, and how well one tells them apart.

    The first is the ratio of medians; the second how often the former took longer, of all pairs: a half tells nothing.
    """
    chance = random.Random(1)  # noqa: S311 - makes no secret
    known, unknown = list[float](), list[float]()
    none = [Sheet("none", name, "").question for name in names(len(hidden), len(what) + len(hidden))]
    for pair in zip(hidden, none, strict=True):
        for times, question in chance.sample(list(zip((known, unknown), pair, strict=True)), 2):
            began = time.perf_counter()
            await act(question)
            times.append(time.perf_counter() - began)
    longer = sum((one > two) + (one == two) / 2 for one in known for two in unknown) / len(known) / len(unknown)
    ratio = statistics.median(known) / statistics.median(unknown)
    return [
        Figure(f"fence-{what}-time-over-no-document", ratio, len(known)),
        Figure(f"fence-{what}-time-told-apart", longer, len(known)),
    ]


def _alone(there: House, sheet: Sheet) -> bool:
    """Whether no document that is open is about the same."""
    return not any(other.side == "all" and other.name == sheet.name for other in there.sheets)
