"""The index as it was before there was a catalog: its sources move over and are read anew, its file goes."""

import json
import logging
import sqlite3
from contextlib import closing
from pathlib import Path

from rag.catalog import Catalog

FILE = "knowledge.db"

log = logging.getLogger(__name__)


def move_over(folder: Path, catalog: Catalog) -> None:
    """Takes the sources out of an old index and removes it, for it holds what may be deleted one day."""
    path = folder / FILE
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(path)) as db:
            rows = db.execute("SELECT path, collection, groups, prefix FROM sources ORDER BY id").fetchall()
            told = [(address, collection, json.loads(groups), prefix) for address, collection, groups, prefix in rows]
    except (sqlite3.Error, ValueError) as error:
        log.warning("an old index cannot be read and is left alone", extra={"reason": type(error).__name__})
        return
    for source in told:
        catalog.source(*source)
    for old in folder.glob(f"{FILE}*"):
        old.unlink(missing_ok=True)
    log.warning(
        "the index is of an older Hausgeist: its sources are known, run `hausgeist admin reindex` to read them again",
        extra={"sources": len(told)},
    )
