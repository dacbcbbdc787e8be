"""A bucket is a source: its objects below a prefix, from a real S3 server."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from minio import Minio
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

from rag.embedder import HashEmbedder
from rag.errors import SourceError
from rag.library import Library
from rag.sources import Reach, Source
from tests.rag.shelf import Shelf

KEY = "reader:s3cret"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    started = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    started.start()
    host, port = started.get_host_and_port()
    yield f"http://{host}:{port}"
    started.stop()


@pytest.fixture
def bucket(server: str, request: pytest.FixtureRequest) -> "Filled":
    client = Minio(urlsplit(server).netloc, "reader", "s3cret", secure=False, region="us-east-1")
    name = "".join(letter for letter in request.node.name if letter.isalnum())[:60].lower()
    client.make_bucket(name)
    return Filled(client, name)


class Filled:
    """A bucket that tests fill."""

    def __init__(self, client: Minio, name: str) -> None:
        self.client, self.name = client, name

    def put(self, key: str, text: str) -> None:
        from io import BytesIO

        self.client.put_object(self.name, key, BytesIO(text.encode()), len(text.encode()))


@pytest.fixture
def shelf(server: str, tmp_path: Path) -> Iterator[Shelf]:
    library = Library.open(tmp_path / "data", HashEmbedder(), Reach(tmp_path, {"s3://": KEY}, server))
    yield Shelf(library, tmp_path)
    library.close()


async def test_objects_below_a_prefix_are_followed(bucket: Filled, shelf: Shelf) -> None:
    for key, text in {
        "hr/leave.md": "25 days",
        "hr/a/travel.md": "by train",
        "board/pay.md": "sums",
        "hr/": "",
    }.items():
        bucket.put(key, text)
    source = Source(f"s3://{bucket.name}/hr/")
    assert shelf.library.sync(source).indexed == 2
    bucket.put("hr/leave.md", "30 days")
    bucket.client.remove_object(bucket.name, "hr/a/travel.md")
    report = shelf.library.sync(source)
    assert (report.indexed, report.unchanged, report.removed) == (1, 0, 1)
    document = shelf.library.document("leave.md", frozenset())
    assert document
    assert (document.text, document.origin) == ("30 days", f"s3://{bucket.name}/hr/leave.md")


def test_labels_and_odd_keys(bucket: Filled, shelf: Shelf, server: str) -> None:
    bucket.put("_documents.toml", '[defaults]\ngroups = ["staff"]')
    for key in ("x//double.md", "ümlaut.md", "photo.raw"):
        bucket.put(key, "some text")
    requests.put(f"{server}/{bucket.name}/..%2Fup.md", b"some text", timeout=10).raise_for_status()
    report = shelf.library.sync(Source(f"s3://{bucket.name}"))
    assert report.indexed == 2
    assert report.failed == [("../up.md", "its name leads out of the bucket"), ("photo.raw", "unsupported type")]
    assert shelf.library.document("ümlaut.md", frozenset()) is None
    assert shelf.library.document("ümlaut.md", frozenset({"staff"}))


def test_one_that_is_not_there_keeps_what_stands(bucket: Filled, shelf: Shelf) -> None:
    bucket.put("leave.md", "25 days")
    source = Source(f"s3://{bucket.name}")
    shelf.library.sync(source)
    bucket.client.remove_object(bucket.name, "leave.md")
    bucket.client.remove_bucket(bucket.name)
    with pytest.raises(SourceError, match="cannot be listed: NoSuchBucket"):
        shelf.library.sync(source)
    assert shelf.library.document("leave.md", frozenset())
    assert shelf.library.sources()[0].problem


ODD = (
    "a b+c&d=e%20f?.md",
    "emoji 🐕.md",
    "tab\t.md",
    f"{'long/' * 190}x.md",
    "trailing./x.md",
    "'\"<>|*.md",
)


async def test_thousands_of_objects_and_odd_keys(bucket: Filled, shelf: Shelf) -> None:
    backend = s3_backends["123456789012"]["aws"]  # past the wire, which takes a while for each
    for number in range(2300):
        backend.put_object(bucket.name, f"many/{number:05}.raw", b"some text")
    for key in (*ODD, "new\nline.md"):  # the last is listed by this server, and then not known
        backend.put_object(bucket.name, f"odd/{key}", f"text of {key}".encode())
    report = shelf.library.sync(Source(f"s3://{bucket.name}"))
    assert (report.indexed, len(report.failed)) == (len(ODD), 2301)
    assert "cannot be fetched" in dict(report.failed)["odd/new line.md"]
    for key in ODD:
        document = shelf.library.document(f"odd/{key}", frozenset())
        assert document, key
        assert document.text == f"text of {key}"
    assert shelf.library.sync(Source(f"s3://{bucket.name}")).unchanged == len(ODD)
