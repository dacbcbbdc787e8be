"""What the guard hides, and where: the table in force, and what stands in the house."""

from collections.abc import Iterator

import orjson

from bot.veil import Bounds
from guardrails.policy import STANDARD, Policy, Stage
from ops.settings import Settings
from ops.settings_guard import in_house

NO_TEXT = "no text"


def policy(settings: Settings) -> Policy:
    """The policy with the operator's changes."""
    return STANDARD.changed(settings.guard_policy)


def bounds(settings: Settings) -> Bounds:
    """Where model and index stand; what runs embedded is in the house."""
    searching = (settings.embedding_url, settings.rerank_url, settings.milvus_url)
    return Bounds(
        index=Stage.OUTSIDE if any(_outside(settings, url) for url in searching) else Stage.SEARCH,
        model=Stage.OUTSIDE if _outside(settings, settings.model_url) else Stage.MODEL,
        masked_collections=frozenset(settings.masked_collections),
    )


def told(settings: Settings, *, jsonl: bool) -> Iterator[str]:
    """The table in force, a line for each kind of personal data."""
    rows = policy(settings).table()
    if jsonl:
        for kind, actions in rows.items():
            line = {"kind": kind, **{stage.value: action for stage, action in actions.items()}, "telemetry": NO_TEXT}
            yield orjson.dumps(line).decode()
        return
    widths = [max(map(len, rows)), *(max(len(stage), len("allow")) for stage in Stage)]
    yield _row(widths, "kind", *Stage, "telemetry")
    for kind, actions in rows.items():
        yield _row(widths, kind, *actions.values(), NO_TEXT)
    here = bounds(settings)
    closed = ", ".join(sorted(here.masked_collections)) or "none"
    yield ""
    place = "outside" if here.model is Stage.OUTSIDE else "in the house"
    yield f"The model is {place}; what is looked up counts as `{here.index}`. Collections masked always: {closed}."


def _row(widths: list[int], *cells: str) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, [*widths, 0], strict=True)]
    return "  ".join(padded).rstrip()


def _outside(settings: Settings, url: str | None) -> bool:
    if url is None:
        return False
    return not in_house(url) if settings.model_place is None else settings.model_place == "outside"
