"""A bucket of an S3-compatible server: its objects below a prefix, told apart by their ETags."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.credentials.providers import (
    AWSConfigProvider,
    ChainedProvider,
    EnvAWSProvider,
    IamAwsProvider,
    Provider,
    StaticProvider,
)
from minio.datatypes import Object
from minio.error import MinioException

from rag.errors import SourceError, Unreadable
from rag.labels import LABELS, Labels
from rag.parsing.parse import LARGEST, TYPES
from rag.parsing.parsed import Parsed
from rag.sources.listing import Failure, Item, Place, Reach
from rag.sources.spool import spooled

SECONDS = 30.0  # for one answer to begin, and between two pieces of it
LABELS_LARGEST = 2**20
PUBLIC = "public"  # in place of a key: the bucket is read without one
_FAILED = (MinioException, urllib3.exceptions.HTTPError, OSError, ValueError)


@contextmanager
def opened_bucket(address: str, reach: Reach) -> Iterator[Place]:
    """Opens a bucket; raises SourceError where the address or the server's is no such thing."""
    where, server = urlsplit(address), urlsplit(reach.s3_url)
    timeout = urllib3.Timeout(connect=10, read=SECONDS)
    retries = urllib3.Retry(total=3, redirect=False, backoff_factor=0.5, status_forcelist=(500, 502, 503, 504))
    with urllib3.PoolManager(timeout=timeout, retries=retries) as http:
        try:
            client = Minio(
                server.netloc,
                secure=server.scheme == "https",
                credentials=_credentials(reach.key(address)),
                http_client=http,
            )
        except ValueError as error:
            raise SourceError(f"{address}: {error}") from error
        yield Bucket(client, address, where.netloc, where.path.lstrip("/"))


def _credentials(key: str) -> Provider | None:
    """The key `ID:SECRET`; without one, as the tools of AWS find theirs."""
    if key == PUBLIC:
        return None
    if key:
        name, _, secret = key.partition(":")
        return StaticProvider(name, secret)
    return ChainedProvider([EnvAWSProvider(), AWSConfigProvider(), IamAwsProvider()])


@dataclass(frozen=True, slots=True)
class Bucket:
    """The objects of one bucket whose keys begin with a prefix."""

    client: Minio
    address: str
    bucket: str
    prefix: str

    def labels(self) -> Labels:
        """What the object `_documents.toml` below the prefix says."""
        key = self._top + LABELS
        if not any(found.object_name == key for found in self._listed(key)):
            return Labels()
        with TemporaryDirectory(prefix="hg") as folder:
            try:
                (Path(folder) / LABELS).write_bytes(b"".join(self._pieces(key))[:LABELS_LARGEST])
            except Unreadable as error:
                raise SourceError(f"{self.address}: {LABELS}: {error.reason}") from error
            return Labels.read(Path(folder))

    def items(self) -> Iterator[Item | Failure]:
        """Yields the objects as the server lists them, page by page."""
        for found in self._listed(self.prefix):
            key = found.object_name or ""
            name = key.removeprefix(self._top)
            if found.is_dir or key.endswith("/") or name == LABELS or PurePosixPath(name).name.startswith((".", "~$")):
                continue
            if PurePosixPath(name).name == LABELS:
                raise SourceError(f"{self.address}: {key} is not at its top: move what it says there")
            if {".", ".."} & set(key.split("/")):
                yield Failure(name, "its name leads out of the bucket")
            elif PurePosixPath(name).suffix.lower() not in TYPES:
                yield Failure(name, "unsupported type")
            elif (found.size or 0) > LARGEST:
                yield Failure(name, f"larger than {LARGEST // 2**20} MB")
            else:
                version = f"{found.etag}:{found.size}"
                yield Item(name, version, partial(self._load, name, key), f"s3://{self.bucket}/{key}")

    @property
    def _top(self) -> str:
        """The part of every key that is left out of names: whole folders."""
        return self.prefix[: self.prefix.rfind("/") + 1]

    def _listed(self, prefix: str) -> Iterator[Object]:
        try:
            yield from self.client.list_objects(self.bucket, prefix, recursive=True)
        except _FAILED as error:
            raise SourceError(f"{self.address} cannot be listed: {_reason(error)}") from error

    def _load(self, name: str, key: str) -> Parsed:
        return spooled(name, self._pieces(key))

    def _pieces(self, key: str) -> Iterator[bytes]:
        try:
            with closing(self.client.get_object(self.bucket, key)) as response:
                yield from response.stream(2**16)
        except _FAILED as error:
            raise Unreadable(f"cannot be fetched: {_reason(error)}", passing=True) from error


def _reason(error: Exception) -> str:
    """What S3 calls it, without the request's own words."""
    if isinstance(error, ValueError) and "credentials" in str(error):
        return "no key is known for it: put one into HAUSGEIST_SOURCE_KEYS (`public` reads without)"
    if isinstance(error, urllib3.exceptions.MaxRetryError):
        return "nobody answers at HAUSGEIST_S3_URL"
    return str(getattr(error, "code", "") or type(error).__name__)
