"""What settings may hold: types that read a value from a line of text and refuse a wrong one with a reason."""

import base64
import binascii
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

GPU_SLOTS: Final = 16
CPU_SLOTS: Final = 2  # one question is read while another one is answered


def slots(before: Mapping[str, Any]) -> int:
    """How many answers a worker has under way where nothing is set."""
    return GPU_SLOTS if before["model_url"] else CPU_SLOTS


def teams_hosts(before: Mapping[str, Any]) -> tuple[str, ...]:
    """Where Teams' answers may go where nothing is set."""
    if not before["microsoft_app_id"] and not before["teams_insecure"]:
        return ()
    from adapters.teams_trust import MICROSOFT_HOSTS  # what it needs takes long to import, and few commands use it

    return MICROSOFT_HOSTS


def _split(value: object) -> object:
    return tuple(part for part in value.replace(",", " ").split() if part) if isinstance(value, str) else value


def _from_json(value: object) -> object:
    return json.loads(value) if isinstance(value, str) else value


def _expand(path: Path) -> Path:
    return path.expanduser().absolute()


def _host_and_port(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isdigit() or not 0 <= int(port) <= 65535:
        raise ValueError("must be HOST:PORT")
    return value


def _api_key(entry: str) -> str:
    if not 2 <= len(entry.split(":")) <= 3 or not all(entry.split(":")):
        raise ValueError("each entry must be NAME:KEY or NAME:KEY:GROUP+GROUP")
    return entry


def _place(entry: str) -> str:
    platform, _, channel = entry.partition(":")
    if not platform or not channel:
        raise ValueError("each entry must be PLATFORM:CHANNEL")
    return entry


def _key_of_32_bytes(value: SecretStr) -> SecretStr:
    try:
        if len(base64.b64decode(value.get_secret_value(), validate=True)) == 32:
            return value
    except (binascii.Error, ValueError):
        pass
    raise ValueError("must be 32 bytes in base64")


def _redis_url(url: str) -> str:
    from ops.redis_server import check_url  # its client takes long to import, and few commands need it

    return check_url(url)


def _terms(days: dict[str, float]) -> dict[str, float]:
    if days:
        from bot.retention import terms  # see above

        terms(days)
    return days


def _service_url(url: str) -> str:
    from adapters.teams_trust import ServiceUrls  # see above

    ServiceUrls([url])
    return url


def _certificate(path: str) -> str:
    if path:
        from adapters.teams_certificate import Certificate  # see above

        Certificate.read(path)
    return path


def _source_keys(keys: dict[str, SecretStr]) -> dict[str, SecretStr]:
    if wrong := [address for address in keys if "://" not in address]:
        raise ValueError(f"{len(wrong)} of them belong to no address; write https://wiki.firm.example/ before a key")
    return keys


def _groups_file(path: Path) -> Path:
    if path == Path():
        return path
    from bot.groups import members_in  # see above

    path = _expand(path)
    try:
        members_in(path)
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from error
    return path


Url = Annotated[str, Field(pattern=r"^https?://[^\s/]+")]
RedisUrl = Annotated[str, AfterValidator(_redis_url)]
Address = Annotated[str, AfterValidator(_host_and_port)]
Folder = Annotated[Path, AfterValidator(_expand)]
CertificateFile = Annotated[str, AfterValidator(_certificate)]
Key = Annotated[SecretStr, AfterValidator(_key_of_32_bytes)]
Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
ApiKeys = Annotated[tuple[Annotated[str, AfterValidator(_api_key)], ...], NoDecode, BeforeValidator(_split)]
ServiceUrls = Annotated[tuple[Annotated[str, AfterValidator(_service_url)], ...], NoDecode, BeforeValidator(_split)]
Places = Annotated[tuple[Annotated[str, AfterValidator(_place)], ...], NoDecode, BeforeValidator(_split)]
Outsiders = Annotated[tuple[Literal["guests", "external"], ...], NoDecode, BeforeValidator(_split)]
Languages = Annotated[tuple[Literal["en", "de", "fr"], ...], NoDecode, BeforeValidator(_split)]
Groups = Annotated[dict[str, frozenset[str]], NoDecode, BeforeValidator(_from_json)]
Owners = Annotated[dict[str, tuple[str, ...]], NoDecode, BeforeValidator(_from_json)]
GroupsFile = Annotated[Path, AfterValidator(_groups_file)]
GroupSources = Annotated[tuple[Literal["slack", "entra"], ...], NoDecode, BeforeValidator(_split)]
SourceKeys = Annotated[dict[str, SecretStr], NoDecode, BeforeValidator(_from_json), AfterValidator(_source_keys)]
Days = Annotated[dict[str, float], NoDecode, BeforeValidator(_from_json), AfterValidator(_terms)]
