"""The commands that fill, search and mend the index."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import orjson

from ops.build import make_embedder, make_reranker, open_library
from ops.progress import Steps
from ops.settings import Settings
from ops.terminal import WorkFailed
from rag.errors import SourceError
from rag.intake import Report
from rag.library import Library
from rag.passages import Hit
from rag.retriever import Retriever
from rag.sources import Source


def ingest(settings: Settings, sources: Sequence[Source], *, as_json: bool) -> None:
    """Indexes the sources, shows progress, and prints counts or one JSON object."""
    with closing(_library(settings)) as library:
        reports = [_sync(library, source) for source in sources]
    if as_json:
        failed = [{"path": path, "reason": reason} for report in reports for path, reason in report.failed]
        click.echo(orjson.dumps(_counts(reports) | {"failed": failed}))
    else:
        _summarise(reports)


def resync_all(settings: Settings) -> None:
    """Reads every known source again and prints counts."""
    with closing(_library(settings)) as library:
        _summarise([_resync(library, known.source) for known in library.sources()])
        library.settle()


def renew_all(settings: Settings) -> None:
    """Builds the index anew beside the one that answers, and says what came of it."""
    with closing(_library(settings)) as library, Steps("Building a generation") as step:
        told = library.renew(step)
    click.echo(told)


def show_generations(settings: Settings) -> None:
    """Prints the generations of the index, the newest last."""
    with closing(_library(settings)) as library:
        current, known = library.current().number, library.catalog.generations()
    for made in known:
        state = "answers" if made.id == current else made.state
        told = [f"{made.id:3} {state:9} made {made.made}", made.verified and f"checked {made.verified}", made.embedder]
        click.echo("  ".join(part for part in (*told, made.note) if part))


def roll_back(settings: Settings, generation: int | None) -> int:
    """Lets an earlier generation answer; returns its number."""
    with closing(_library(settings)) as library:
        return library.roll_back(generation)


def restore_document(settings: Settings, doc_id: str) -> bool:
    """Lets a deleted document come back; False if it was not deleted."""
    with closing(_library(settings)) as library:
        return library.restore(doc_id)


def forget_source(settings: Settings, address: Path | str) -> int:
    """Forgets a source; returns how many documents went with it. Raises WorkFailed where it is not known."""
    with closing(_library(settings)) as library:
        if Source(address).root not in {known.source.root for known in library.sources()}:
            raise WorkFailed(f"no source {str(address)!r} is known; `hausgeist admin sources` shows them")
        return library.forget(address)


def show_status(settings: Settings) -> None:
    """Prints what is indexed, and from where."""
    with closing(_library(settings)) as library:
        stats, sources = library.stats(), library.sources()
    click.echo(f"{stats.documents} documents, {stats.passages} passages, last sync {stats.last_sync or 'never'}")
    for known in sources:
        readers = ", ".join(f"{count} for {who}" for who, count in known.readers) or "nothing"
        click.echo(f"  {known.source.address} → {known.source.collection}: {readers}")
        if known.problem:
            click.echo(f"    not read since {known.last_sync or 'ever'}: {known.problem}")


@dataclass(frozen=True, slots=True)
class Searching:
    """Searches the index for one reader."""

    settings: Settings
    groups: frozenset[str]
    collection: str | None
    count: int

    async def show(self, query: str) -> None:
        """Prints the hits for people."""
        with closing(_library(self.settings)) as library:
            hits = await self._hits(Retriever(library, make_reranker(self.settings)), query)
        if not hits:
            click.echo("Nothing found; `hausgeist admin status` shows what is indexed.", err=True)
        for rank, hit in enumerate(hits, 1):
            place = " › ".join(part for part in (hit.passage.title, hit.passage.heading) if part)
            click.echo(f"{rank:3}. {hit.score:.3f}  {hit.passage.doc_id}  {click.style(place, bold=True)}")
            click.echo(f"            {' '.join(hit.passage.text.split())[:160]}")

    async def lines(self, records: Iterator[dict[str, Any]]) -> None:
        """Prints a JSON line for each query."""
        with closing(_library(self.settings)) as library:
            retriever = Retriever(library, make_reranker(self.settings))
            for record in records:
                hits = await self._hits(retriever, record["text"])
                click.echo(orjson.dumps({"_id": record["_id"], "results": [_result(hit) for hit in hits]}))

    async def _hits(self, retriever: Retriever, query: str) -> list[Hit]:
        return await retriever.search(
            query,
            self.groups,
            k=self.count,
            collections=[self.collection] if self.collection else [],
            per_document=True,
        )


def _result(hit: Hit) -> dict[str, Any]:
    return {"doc_id": hit.passage.doc_id, "chunk_id": hit.passage.chunk_id, "score": hit.score}


def _library(settings: Settings) -> Library:
    return open_library(settings, make_embedder(settings))


def _sync(library: Library, source: Source) -> Report:
    with Steps(f"Indexing {source.name}") as step:
        return library.sync(source, step)


def _resync(library: Library, source: Source) -> Report:
    """Syncs a known source; one that cannot be read does not keep the others from it."""
    try:
        return _sync(library, source)
    except SourceError as error:
        return Report(failed=[(str(source.address), str(error))])


def _counts(reports: Sequence[Report]) -> dict[str, int]:
    counts = {name: sum(getattr(r, name) for r in reports) for name in ("indexed", "unchanged", "removed", "withheld")}
    return {name: count for name, count in counts.items() if count or name != "withheld"}


def _summarise(reports: Sequence[Report]) -> None:
    failed = [failure for report in reports for failure in report.failed]
    counts = ", ".join(f"{count} {name}" for name, count in _counts(reports).items())
    click.echo(f"{counts}, {len(failed)} could not be read")
    for reason, number in Counter(reason for _, reason in failed).most_common():
        examples = ", ".join(path for path, why in failed if why == reason)[:200]
        click.echo(f"  {number} × {reason}: {examples}")
