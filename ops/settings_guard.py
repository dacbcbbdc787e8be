"""The settings of the guard: what is hidden, and from whom."""

from ipaddress import ip_address
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings

from ops.settings_values import Words

_OURS: Final = (".local", ".internal", ".lan", ".localhost", ".home.arpa", ".intern", ".svc", ".cluster.local")


def _policy(entries: str) -> str:
    from guardrails.policy import STANDARD  # few commands need it

    STANDARD.changed(entries)
    return entries


def _pattern(pattern: str) -> str:
    if pattern:
        from guardrails.recognizers import employees  # few commands need it

        list(employees(pattern))
    return pattern


class GuardSettings(BaseSettings):
    """What the guard is told."""

    guard_policy: Annotated[str, AfterValidator(_policy)] = Field(
        "",
        examples=["PERSON@model=allow,CH_UID=allow,IBAN_CODE=block"],
        description="What is hidden where, KIND[@STAGE]=allow|mask|block; `hausgeist guard --policy` shows all.",
    )
    model_place: Literal["house", "outside"] | None = Field(
        None, examples=["outside"], description="Where model and embedding servers stand; none: judged by their hosts."
    )
    guard_workers: int = Field(1, ge=0, le=64, description="Processes that look for personal data; 0: one thread.")
    employee_number: Annotated[str, AfterValidator(_pattern)] = Field(
        "", examples=[r"\bE\d{6}\b"], description="How the company's own numbers of employees look, a pattern for RE2."
    )
    masked_collections: Words = Field(
        (), examples=["hr,board"], description="Collections whose passages are masked for a model in the house too."
    )


def in_house(url: str) -> bool:
    """Whether a server stands in the house: it has a private address, or a name that no other network knows."""
    host = (urlsplit(url).hostname or "").rstrip(".").lower()
    try:
        address = ip_address(host)
    except ValueError:
        return "." not in host or host.endswith(_OURS)
    return address.is_private or address.is_loopback or address.is_link_local
