"""Asks a server that reads question and passage together for a better order; without its answer the order stays."""

import logging
import time
import urllib.error
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

from rag import remote
from rag.passages import Hit

log = logging.getLogger(__name__)

READ = 30  # hits that are looked at again
REST_S = 30.0  # how long a server that failed is left alone
LONGEST = 2000  # characters of a passage


class Reranker(Protocol):
    """Puts hits in a better order; never raises, loses none; safe to call from several threads at once."""

    def reordered(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        """The same hits; the scores stay with the places, so that they mean what they meant."""


class RemoteReranker:
    """A server with the `/rerank` of Jina, Cohere, vLLM and SGLang, or that of Text Embeddings Inference.

    They differ in the name of the passages' list, in that of the score, and in what is around the list: the first
    refusal of the one form makes the other be used.
    """

    def __init__(self, url: str, model: str = "", *, key: str = "", deadline: float = 2) -> None:
        self._url, self._model, self._key, self._deadline = url.rstrip("/") + "/rerank", model, key, deadline
        self._named, self._rests_until = "documents", 0.0

    def reordered(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        head, tail = list(hits[:READ]), list(hits[READ:])
        if len(head) < 2 or time.monotonic() < self._rests_until:
            return [*head, *tail]
        try:
            order = self._order(question, [hit.passage.context[:LONGEST] for hit in head])
        except remote.FAILURES as error:
            self._rests_until = time.monotonic() + REST_S
            log.warning("the reranker did not answer (%s); the order stays as it was", type(error).__name__)
            return [*head, *tail]
        return [*(replace(head[at], score=hit.score) for at, hit in zip(order, head, strict=True)), *tail]

    def _order(self, question: str, texts: list[str]) -> list[int]:
        answer = self._answer(question, texts)
        rows = answer["results"] if isinstance(answer, dict) else answer
        scores = {int(row["index"]): float(row.get("relevance_score", row.get("score"))) for row in rows}
        if scores.keys() != set(range(len(texts))):
            raise ValueError("it did not score every passage")
        return sorted(scores, key=lambda at: (-scores[at], at))

    def _answer(self, question: str, texts: list[str]) -> Any:
        try:
            return self._asked(question, texts, self._named)
        except urllib.error.HTTPError as error:
            if error.code not in {400, 422}:
                raise
            other = "texts" if self._named == "documents" else "documents"
            answer = self._asked(question, texts, other)
            self._named = other
            return answer

    def _asked(self, question: str, texts: list[str], named: str) -> Any:
        body: dict[str, Any] = {"query": question, named: texts}
        if self._model and named == "documents":
            body["model"] = self._model
        return remote.ask(self._url, body, self._key, self._deadline)
