"""A reranker has the last word on the order; whatever befalls it, nothing that was found is lost."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from rag.passages import Hit, Passage
from rag.reranker import READ, RemoteReranker
from rag.retriever import Retriever
from tests.rag.shelf import PUBLIC, Shelf

HITS = [
    Hit(Passage(f"{name}#0", name, "", "", f"{name} " * (1 + at)), 0.9 - at / 100) for at, name in enumerate("abcd")
]


class Jina(BaseHTTPRequestHandler):
    """Scores a passage by its length, as Jina and Cohere answer."""

    asked: ClassVar[list[dict[str, Any]]] = []
    takes: ClassVar[str] = "documents"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(body | {"key": self.headers["Authorization"], "path": self.path})
        if self.takes not in body:
            self.send_error(422)
            return
        self.answer(self.told([(at, float(len(text))) for at, text in enumerate(body[self.takes])]))

    def told(self, scores: list[tuple[int, float]]) -> object:
        return {"results": [{"index": at, "relevance_score": score} for at, score in scores[::-1]]}

    def answer(self, told: object) -> None:
        body = json.dumps(told).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


class Tei(Jina):
    """The same as Text Embeddings Inference answers."""

    takes = "texts"

    def told(self, scores: list[tuple[int, float]]) -> object:
        return [{"index": at, "score": score} for at, score in scores]


class SomeMissing(Jina):
    def told(self, scores: list[tuple[int, float]]) -> object:
        return {"results": [{"index": 0, "relevance_score": 1.0}]}


class NoNumbers(Jina):
    def told(self, scores: list[tuple[int, float]]) -> object:
        return [{"index": at, "score": None} for at, _ in scores]


class NoJson(Jina):
    def answer(self, told: object) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>")


class Broken(Jina):
    def answer(self, told: object) -> None:
        self.send_error(500)


class Slow(Jina):
    released = threading.Event()

    def answer(self, told: object) -> None:
        self.released.wait(5)


@pytest.fixture
def serve() -> Iterator[Callable[[type[Jina]], str]]:
    servers: list[ThreadingHTTPServer] = []

    def start(handler: type[Jina]) -> str:
        handler.asked.clear()
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        return f"http://127.0.0.1:{server.server_port}/v1"

    Slow.released.clear()
    yield start
    Slow.released.set()
    for server in servers:
        server.shutdown()
        server.server_close()


def names(hits: list[Hit]) -> str:
    return "".join(hit.passage.doc_id for hit in hits)


@pytest.mark.parametrize("kind", [Jina, Tei])
def test_servers_of_both_kinds_are_understood(serve: Callable[[type[Jina]], str], kind: type[Jina]) -> None:
    reranker = RemoteReranker(serve(kind), "some-model", key="key")
    for _ in range(2):
        hits = reranker.reordered("question", HITS)
        assert names(hits) == "dcba"
        assert [hit.score for hit in hits] == [hit.score for hit in HITS]
    last = kind.asked[-1]
    assert (last["query"], last["key"], last["path"]) == ("question", "Bearer key", "/v1/rerank")
    assert len(kind.asked) == (2 if kind is Jina else 3)  # the other form is tried once


@pytest.mark.parametrize("kind", [SomeMissing, NoNumbers, NoJson, Broken, Slow])
def test_a_server_that_fails_changes_nothing_and_is_left_alone(
    serve: Callable[[type[Jina]], str], kind: type[Jina], caplog: pytest.LogCaptureFixture
) -> None:
    reranker = RemoteReranker(serve(kind), deadline=0.3)
    assert reranker.reordered("a secret question", HITS) == HITS
    asked = len(kind.asked)
    assert reranker.reordered("a secret question", HITS) == HITS
    assert len(kind.asked) == asked
    assert "secret" not in caplog.text
    assert "reranker did not answer" in caplog.text


def test_no_server_at_all_costs_no_answer() -> None:
    start = time.monotonic()
    assert RemoteReranker("http://127.0.0.1:9").reordered("question", HITS) == HITS
    assert time.monotonic() - start < 5


def test_what_stands_far_behind_stays_there(serve: Callable[[type[Jina]], str]) -> None:
    many = [Hit(Passage(f"{n}#0", str(n), "", "", "x" * n), 1 - n / 100) for n in range(READ + 5)]
    hits = RemoteReranker(serve(Jina)).reordered("question", many)
    assert [hit.passage.doc_id for hit in hits[READ:]] == [str(n) for n in range(READ, READ + 5)]
    assert sorted(names(hits)) == sorted(names(many))


async def test_search_follows_it(shelf: Shelf, serve: Callable[[type[Jina]], str]) -> None:
    shelf.put("short.md", "# Badges\nA lost badge is blocked.")
    shelf.put("long.md", "# Badges\nA badge is given to everybody on the first day, with a photograph, by reception.")
    shelf.sync()
    plain = await Retriever(shelf.library).search("lost badge", PUBLIC, k=1)
    ordered = await Retriever(shelf.library, RemoteReranker(serve(Jina))).search("lost badge", PUBLIC, k=1)
    assert [hits[0].passage.doc_id for hits in (plain, ordered)] == ["short.md", "long.md"]
    assert plain[0].score == ordered[0].score
