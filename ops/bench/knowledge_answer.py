"""How often we answer what the passages hold and decline what they do not, and where citations point.

Drafts are kept between runs, whole and with the odds of their first token, so that each check can be left out.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import aiohttp
import click

from bot.errors import ModelDown
from bot.model import OpenAIModel
from bot.screen import NoAnswer, Screened
from bot.verdict import Piece, answer_of
from guardrails.masking import Vault
from ops.bench.answer_sets import Row, answer_rows
from ops.bench.figures import Figure
from ops.bench.knowledge import Options
from ops.build import make_model
from ops.settings import Settings
from ops.terminal import configured

GOAL: Final = 0.80
TOGETHER: Final = ("clapnq", "mtrag")  # nothing was chosen by these; the others are what we chose by


@dataclass(frozen=True, slots=True)
class Way:
    """What of the product a run does with: the odds of the verdict, and whether the passages hold what is said."""

    name: str
    odds: bool = True
    held: bool = True


WAYS: Final = (
    Way(""),
    Way("-without-odds", odds=False),
    Way("-without-the-check-of-words", held=False),
    Way("-by-the-prompt-alone", odds=False, held=False),
)


@dataclass(frozen=True, slots=True)
class Judged:
    """What a person would see: which documents are cited, or None for a refusal."""

    row: Row
    cited: tuple[str, ...] | None


def run(options: Options) -> Iterator[Figure]:
    """Puts each question with its passages to the model that is configured, once, and judges what comes of it."""
    settings = configured()
    rows = list(answer_rows(options, settings.model_window))
    drafts = Drafts(options.cache / "drafts.jsonl", settings.model_name)
    asyncio.run(drafts.complete(rows, settings))
    yield from figures(rows, drafts)


def figures(rows: Sequence[Row], drafts: "Drafts") -> Iterator[Figure]:
    """What the product makes of the drafts, and what it would without each of its checks."""
    for way in WAYS:
        judged = [asyncio.run(_judged(row, drafts.of(row), way)) for row in rows]
        for name in dict.fromkeys(row.set for row in rows):
            yield from _answered(f"{name}{way.name}", [one for one in judged if one.row.set == name])
        both = [one for one in judged if one.row.set in TOGETHER]
        yield from _answered(f"together{way.name}", both, None if way.name else GOAL)
        if way.odds:
            yield _citations(f"together{way.name}", both)
            yield _citations(f"xquad-among-three{way.name}", [one for one in judged if one.row.among])


async def _judged(row: Row, draft: Piece, way: Way) -> Judged:
    async def said() -> AsyncIterator[Piece]:
        yield draft if way.odds else replace(draft, odds=None)

    screened = Screened(row.prompt, Vault(), trusted=not way.held)
    try:
        async for _ in screened.sentences(answer_of(said())):
            pass
    except NoAnswer:
        return Judged(row, None)
    return Judged(row, tuple(source.doc_id for source in screened.sources))


def _answered(name: str, judged: Sequence[Judged], goal: float | None = None) -> Iterator[Figure]:
    """The share of questions answered that have an answer, of those declined that have none, and their mean."""
    answered = [one.cited is not None for one in judged if one.row.holds]
    declined = [one.cited is None for one in judged if not one.row.holds]
    some, none = sum(answered) / max(1, len(answered)), sum(declined) / max(1, len(declined))
    yield Figure(f"answer-{name}", 2 * some * none / max(1e-9, some + none), len(judged), goal)
    yield Figure(f"answer-{name}-answered", some, len(answered))
    yield Figure(f"answer-{name}-declined", none, len(declined))


def _citations(name: str, judged: Sequence[Judged]) -> Figure:
    """The share of citations that are of a passage of which people say that it holds the answer."""
    right = [doc in one.row.gold for one in judged for doc in one.cited or ()]
    return Figure(f"answer-citations-{name}", sum(right) / max(1, len(right)), len(right))


class Drafts:
    """The model's drafts, by what it was asked; each is written down as soon as it is there."""

    def __init__(self, file: Path, model: str) -> None:
        self._file, self._model = file, model
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = map(json.loads, file.read_text().splitlines()) if file.exists() else ()
        self._known = {line["key"]: Piece(line["text"], line["odds"]) for line in lines}

    def of(self, row: Row) -> Piece:
        return self._known[self._key(row)]

    async def complete(self, rows: Sequence[Row], settings: Settings) -> None:
        """Asks the model for the drafts that are not there. Raises ClickException where it does not answer."""
        missing = [row for row in rows if self._key(row) not in self._known]
        if not missing:
            return
        async with AsyncExitStack() as stack:
            private = Path(stack.enter_context(TemporaryDirectory()))
            # A connection of its own for each, as the product does: servers close idle ones while they are reused.
            session = await stack.enter_async_context(
                aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))
            )
            model = await make_model(settings.model_copy(update={"data_dir": private}), session, stack)
            if not isinstance(model, OpenAIModel):
                raise click.ClickException("there is no language model to measure: run `hausgeist models pull`")
            for row in missing:
                try:
                    self.keep(row, [piece async for piece in model.draft(row.prompt)])
                except (ModelDown, aiohttp.ClientError, TimeoutError) as error:
                    raise click.ClickException(
                        f"the language model failed ({type(error).__name__}); what it drafted is kept: run this again"
                    ) from error

    def keep(self, row: Row, pieces: Sequence[Piece]) -> None:
        """Writes a draft down."""
        draft = Piece("".join(piece.text for piece in pieces), pieces[0].odds if pieces else None)
        self._known[self._key(row)] = draft
        with self._file.open("a") as file:
            file.write(json.dumps({"key": self._key(row), "odds": draft.odds, "text": draft.text}) + "\n")

    def _key(self, row: Row) -> str:
        asked = json.dumps([self._model, row.prompt.messages()])
        return hashlib.sha256(asked.encode()).hexdigest()
