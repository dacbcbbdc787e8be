"""Vectors in Milvus, for more than one machine: pushed there once, searched by every replica, rebuilt by none.

What the store holds stays the truth: a passage that Milvus still has and the store has not is never shown.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np

from rag.embedder import Vectors
from rag.errors import LibraryError
from rag.store import Store

SECONDS = 10.0  # that one call may take
BATCH = 500
_MARKS = "hausgeist_marks"

Counters = tuple[int, int]
"""The last passage added and the last removal written down, by their numbers in the store."""


@dataclass(frozen=True, slots=True)
class Milvus:
    """A Milvus server: its address, and the token or `user:password` that it asks for."""

    url: str
    token: str = ""

    def vectors(self, store: Store, name: str) -> "MilvusVectors":
        """Returns the vectors of a store, under a name that is nobody else's there."""
        return MilvusVectors(store, self, name)


class MilvusVectors:
    """The vectors of one store in one collection. Safe to call from several threads and processes at once.

    How far Milvus has come is written down in Milvus: whoever finds it behind pushes what is missing. Two that do so at
    once push the same, which changes nothing.
    """

    def __init__(self, store: Store, server: Milvus, name: str) -> None:
        self._store, self._server, self._name = store, server, f"hausgeist_{name}"
        self._pushed: Counters = (0, 0)
        self._client: Any = None
        self._lock = Lock()

    def search(self, vector: Vectors, audiences: Iterable[int], k: int) -> list[int]:
        """Returns the ids of the k passages nearest to the vector among these audiences, the nearest first."""
        named = ", ".join(map(str, audiences))
        with self._calling() as client:
            self._refresh(client)
            if self._pushed == (0, 0) or not named:
                return []
            (hits,) = client.search(
                self._name,
                data=[vector.tolist()],
                filter=f"audience in [{named}]",
                limit=k,
                output_fields=["id"],
                timeout=SECONDS,
            )
        return [hit["id"] for hit in hits]

    def drop(self) -> None:
        """Removes all of it from Milvus; safe to call twice."""
        with self._calling() as client:
            client.drop_collection(self._name, timeout=SECONDS)
            if client.has_collection(_MARKS, timeout=SECONDS):
                client.delete(_MARKS, ids=[self._name], timeout=SECONDS)

    def close(self) -> None:
        """Closes the connection; safe to call twice."""
        with self._lock:
            client, self._client = self._client, None
            if client is not None:
                client.close()

    def _refresh(self, client: Any) -> None:
        """Sees to it that Milvus has what the store has."""
        now = _counters(self._store)
        if now == self._pushed:
            return
        marked = _marked(client, self._name)
        if marked != now:
            self._push(client, marked, now)
        self._pushed = now

    def _push(self, client: Any, since: Counters, now: Counters) -> None:
        added, removed = _changes(self._store, since)
        for rows in _batches(added):
            if not client.has_collection(self._name, timeout=SECONDS):
                _create(client, self._name, len(rows[0]["vector"]) // np.dtype(np.float32).itemsize)
            client.upsert(self._name, [_entity(row) for row in rows], timeout=SECONDS)
        for rows in _batches(removed):
            client.delete(self._name, ids=[row["passage_id"] for row in rows], timeout=SECONDS)
        mark = {"name": self._name, "passages": now[0], "removals": now[1], "place": [0.0, 0.0]}
        client.upsert(_MARKS, [mark], timeout=SECONDS)

    @contextmanager
    def _calling(self) -> Iterator[Any]:
        """Lends the client, one thread at a time; every failure becomes a LibraryError."""
        from grpc import RpcError
        from pymilvus.exceptions import MilvusException

        with self._lock:
            try:
                if self._client is None:
                    self._client = _connect(self._server)
                yield self._client
            except (MilvusException, RpcError, OSError, ValueError) as error:
                raise LibraryError(f"Milvus at {self._server.url} failed ({type(error).__name__})") from error


def _connect(server: Milvus) -> Any:
    from pymilvus import MilvusClient

    return MilvusClient(server.url, token=server.token, timeout=SECONDS)


def _marked(client: Any, name: str) -> Counters:
    """Returns how far Milvus has come with a collection."""
    if not client.has_collection(_MARKS, timeout=SECONDS):
        _create_marks(client)
    found = client.get(_MARKS, ids=[name], output_fields=["passages", "removals"], timeout=SECONDS)
    return (found[0]["passages"], found[0]["removals"]) if found else (0, 0)


def _create(client: Any, name: str, dimension: int) -> None:
    """Makes a collection for vectors of this length."""
    from pymilvus import DataType

    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("audience", DataType.INT64)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dimension)
    _begin(client, name, schema, "vector")


def _create_marks(client: Any) -> None:
    """Makes the collection of marks; every collection must have a vector, and this one's is none."""
    from pymilvus import DataType

    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("name", DataType.VARCHAR, is_primary=True, max_length=200)
    schema.add_field("passages", DataType.INT64)
    schema.add_field("removals", DataType.INT64)
    schema.add_field("place", DataType.FLOAT_VECTOR, dim=2)
    _begin(client, _MARKS, schema, "place")


def _begin(client: Any, name: str, schema: Any, vector: str) -> None:
    """Creates a collection; that another process did so at the same moment is as good."""
    from pymilvus.exceptions import MilvusException

    index = client.prepare_index_params()
    index.add_index(vector, index_type="AUTOINDEX", metric_type="IP")
    try:
        client.create_collection(name, schema=schema, index_params=index, timeout=SECONDS)
    except MilvusException:
        if not client.has_collection(name, timeout=SECONDS):
            raise


def _counters(store: Store) -> Counters:
    with store.reading() as db:
        counters = dict(db.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
    return counters.get("passages", 0), counters.get("removals", 0)


def _changes(store: Store, since: Counters) -> tuple[list[sqlite3.Row], list[sqlite3.Row]]:
    with store.reading() as db:
        added = db.execute("SELECT id, audience_id, vector FROM passages WHERE id > ?", since[:1]).fetchall()
        removed = db.execute("SELECT passage_id FROM removals WHERE id > ?", since[1:]).fetchall()
    return added, removed


def _entity(row: sqlite3.Row) -> dict[str, Any]:
    vector = np.frombuffer(row["vector"], np.float32)
    return {"id": row["id"], "audience": row["audience_id"], "vector": vector.tolist()}


def _batches(rows: Sequence[sqlite3.Row]) -> Iterator[Sequence[sqlite3.Row]]:
    return (rows[start : start + BATCH] for start in range(0, len(rows), BATCH))
