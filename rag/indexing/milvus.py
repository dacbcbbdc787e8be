"""A Milvus server: collections of vectors under the ids of passages and of audiences. The only file with pymilvus.

Nothing goes there but numbers: no text, and no name that somebody gave.
"""

import json
import logging
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from rag.embedder import Vectors
from rag.errors import LibraryError
from rag.store import Store

SEARCH_S = 2.0  # that a question waits for Milvus
CALL_S = 10.0  # that any other call may take
PAUSE_S = 15.0  # after a failure, in which no question waits for it again
MOST = 16_384  # hits that it returns at once


class Entity(NamedTuple):
    """A passage, as Milvus has it."""

    id: int
    audience: int
    vector: Vectors


@dataclass(frozen=True, slots=True)
class Server:
    """Where Milvus is, and the token or `user:password` that it asks for."""

    url: str
    token: str = field(default="", repr=False)


class Milvus:
    """A server, where each generation of one library has a collection. Safe to call from several threads."""

    def __init__(self, server: Server, library: str) -> None:
        self.url, self._token, self._prefix = server.url, server.token, f"hausgeist_{library}_"
        self._client: Any = None
        self._connecting = Lock()
        self._resting = 0.0
        _pymilvus()

    @property
    def host(self) -> str:
        """Where it is, without what it asks for."""
        return urlsplit(self.url).netloc.rpartition("@")[2]

    @property
    def away(self) -> bool:
        """Whether it failed a moment ago, so that no question should wait for it."""
        return time.monotonic() < self._resting

    def collection(self, store: Store) -> str:
        """Returns the name of a store's collection."""
        return self._prefix + store.identity

    def collections(self) -> set[str]:
        """Returns the names of this library's collections; raises LibraryError."""
        with self._calling() as client:
            return {name for name in client.list_collections(timeout=CALL_S) if name.startswith(self._prefix)}

    def drop(self, names: Collection[str]) -> None:
        """Removes collections; raises LibraryError."""
        with self._calling() as client:
            for name in names:
                client.drop_collection(name, timeout=CALL_S)

    def search(self, name: str, vector: Vectors, audiences: Sequence[int], k: int, *, strictly: bool) -> list[int]:
        """Returns the ids of the k nearest among these audiences; strictly: waits until it knows what was just added.

        Raises LibraryError.
        """
        with self._calling() as client:
            (hits,) = client.search(
                name,
                data=[vector.tolist()],
                filter=f"audience in {json.dumps([int(audience) for audience in audiences])}",
                limit=k,
                output_fields=["id"],
                consistency_level="Strong" if strictly else "Bounded",
                timeout=SEARCH_S,
            )
        return [int(hit["id"]) for hit in hits]

    def ready(self, name: str) -> bool:
        """Has a collection ready to be searched; False if it is not there. Raises LibraryError."""
        with self._calling() as client:
            there = bool(client.has_collection(name, timeout=CALL_S))
            if there:
                client.load_collection(name, timeout=CALL_S)
        return there

    def create(self, name: str, width: int) -> None:
        """Makes a collection for vectors of this length, in place of what is there; raises LibraryError.

        Exact: what Milvus chooses by itself missed a fourth of the nearest and more, above all among the newest.
        """
        from pymilvus import DataType

        with self._calling() as client:
            client.drop_collection(name, timeout=CALL_S)
            schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
            schema.add_field("id", DataType.INT64, is_primary=True)
            schema.add_field("audience", DataType.INT64)
            schema.add_field("vector", DataType.FLOAT_VECTOR, dim=width)
            index = client.prepare_index_params()
            index.add_index("vector", index_type="FLAT", metric_type="IP")
            client.create_collection(name, schema=schema, index_params=index, timeout=CALL_S)

    def put(self, name: str, entities: Sequence[Entity]) -> None:
        """Adds passages, in place of those of the same ids; raises LibraryError."""
        with self._calling() as client:
            client.upsert(name, [entity._asdict() for entity in entities], timeout=CALL_S)

    def remove(self, name: str, ids: Sequence[int]) -> None:
        """Removes passages, as far as they are there; raises LibraryError."""
        with self._calling() as client:
            client.delete(name, ids=list(ids), timeout=CALL_S)

    def count(self, name: str) -> int:
        """Counts the passages in a collection; raises LibraryError."""
        with self._calling() as client:
            told = {"filter": "id >= 0", "output_fields": ["count(*)"], "consistency_level": "Strong"}
            return int(client.query(name, **told, timeout=CALL_S)[0]["count(*)"])

    def version(self) -> str:
        """Says which version the server is of; raises LibraryError."""
        with self._calling() as client:
            return str(client.get_server_version(timeout=CALL_S))

    def close(self) -> None:
        """Closes the connection; safe to call twice."""
        with self._connecting:
            client, self._client = self._client, None
            if client is not None:
                client.close()

    @contextmanager
    def _calling(self) -> Iterator[Any]:
        """Lends the client; every failure becomes a LibraryError that names the host."""
        from grpc import RpcError

        pymilvus = _pymilvus()
        try:
            yield self._connected(pymilvus)
        except (pymilvus.MilvusException, RpcError, OSError, ValueError) as error:
            self._resting = time.monotonic() + PAUSE_S
            code = getattr(error, "code", "")
            reason = f"{type(error).__name__} {code}" if isinstance(code, int) else type(error).__name__
            raise LibraryError(f"Milvus at {self.host} does not answer as it should ({reason})") from error

    def _connected(self, pymilvus: Any) -> Any:
        with self._connecting:
            if self._client is None:
                self._client = pymilvus.MilvusClient(self.url, token=self._token, timeout=SEARCH_S)
            return self._client


def _pymilvus() -> Any:
    try:
        import pymilvus
    except ImportError as error:
        raise LibraryError(f"pymilvus is not installed ({error}): install requirements/milvus.txt") from error
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # we log its failures, in one line each
    return pymilvus
