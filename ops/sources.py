"""How sources stand: what is known of each, how fresh it is, what of it could not be read."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing

import click
import orjson

from ops.build import make_embedder, open_library
from ops.freshness import late
from ops.settings import Settings
from ops.terminal import WorkFailed
from rag.library import Library, Synced


def show_sources(settings: Settings, *, as_json: bool) -> None:
    """Prints what is known of each source, for people or as a JSON line each."""
    with closing(open_library(settings, make_embedder(settings))) as library:
        known = library.sources()
    for one in known:
        click.echo(orjson.dumps(_fields(one)) if as_json else "\n".join(_lines(one, settings.sync_minutes)))


def show_failures(settings: Settings, source: str, *, as_json: bool) -> None:
    """Prints what could not be read, of one source or of all; raises WorkFailed where there is no such source."""
    with closing(open_library(settings, make_embedder(settings))) as library:
        chosen = _chosen(library, source)
        failures = [(one, row) for one in chosen for row in library.catalog.failures(one.id)]
    for one, row in failures:
        if as_json:
            told = {"source": one.source.root, "path": row["path"], "reason": row["reason"], "at": row["at"]}
            click.echo(orjson.dumps(told))
        else:
            click.echo(f"{row['path']}: {row['reason']}")
    if not as_json:
        reasons = Counter(row["reason"] for _, row in failures).most_common(5)
        click.echo(f"{len(failures)} could not be read" + "".join(f"; {count} × {why}" for why, count in reasons))


def _chosen(library: Library, source: str) -> Sequence[Synced]:
    known = library.sources()
    chosen = [one for one in known if source in ("", str(one.source.address), one.source.root, str(one.id))]
    if source and not chosen:
        raise WorkFailed(f"no source {source!r} is known; `hausgeist admin sources` shows them")
    return chosen


def _fields(one: Synced) -> dict[str, object]:
    return {
        "id": one.id,
        "address": one.source.root,
        "collection": one.source.collection,
        "minutes": one.source.minutes,
        "documents": one.documents,
        "failed": one.failed,
        "share": round(one.share, 4),
        "last_sync": one.last_sync,
        "last_try": one.last_try,
        "problem": one.problem,
        "readers": dict(one.readers),
    }


def _lines(one: Synced, minutes: float) -> Iterator[str]:
    state = "problem" if one.problem else "late" if late(one, minutes) else "fresh"
    yield f"{one.id:3} {state:8} {one.source.root} → {one.source.collection}"
    readers = ", ".join(f"{count} for {who}" for who, count in one.readers) or "nothing"
    share = f" ({one.share:.1%} can be found)" if one.documents + one.failed else ""
    yield f"    {readers}; {one.failed} could not be read{share}"
    yield f"    read whole {one.last_sync or 'never'}, tried {one.last_try or 'never'}, every {_often(one, minutes)}"
    if one.problem:
        yield f"    {one.problem}"


def _often(one: Synced, minutes: float) -> str:
    return f"{one.source.minutes or minutes:g} minutes"
