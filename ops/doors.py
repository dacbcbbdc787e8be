"""Builds the adapters of every platform that is configured; the others are simply off."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from adapters.console import ConsoleAdapter, State
from adapters.openai_api import Caller, OpenAIAPI
from bot.errors import IndexDown
from bot.events import Person
from bot.pace import SharedPace
from ops.build import Service
from ops.settings import Settings
from ops.web import Adapter
from rag.errors import LibraryError
from rag.library import Library
from rag.passages import Document


@dataclass(frozen=True, slots=True)
class Demo:
    """What only a demo shows: people to play, and questions to begin with."""

    people: Sequence[Person] = ()
    examples: Sequence[str] = ()


def chats(parts: Service) -> list[Adapter]:
    """The chat platforms: their events go through the inbox, so that any process can answer."""
    settings = parts.settings
    adapters: list[Adapter] = []
    if settings.slack_bot_token.get_secret_value() or settings.slack_client_id:
        adapters.append(_slack(parts, settings))
    if settings.microsoft_app_id or settings.teams_insecure:
        adapters.append(_teams(parts, settings))
    return adapters


def direct(parts: Service, state: Callable[[], Awaitable[State]], demo: Demo) -> list[Adapter]:
    """Console and API, whose callers hold the line until the answer is there."""

    async def embed(texts: Sequence[str]) -> list[list[float]]:
        vectors = await asyncio.to_thread(parts.embedder.passages, list(texts))
        return [[float(x) for x in vector] for vector in vectors]

    shelf = _Shelf(parts.library)
    return [
        ConsoleAdapter(parts.dispatcher, shelf, state, demo_people=demo.people, examples=demo.examples),
        OpenAIAPI(parts.dispatcher, embed, [_caller(entry) for entry in parts.settings.api_keys]),
    ]


@dataclass(frozen=True, slots=True)
class _Shelf:
    """The library as the console knows it: with errors in our own words."""

    library: Library

    def document(self, doc_id: str, groups: frozenset[str]) -> Document | None:
        """The document, if the groups may read it."""
        try:
            return self.library.document(doc_id, groups)
        except LibraryError as error:
            raise IndexDown("The documents cannot be read at the moment.") from error


def _slack(parts: Service, settings: Settings) -> Adapter:
    from adapters.slack import SlackAdapter
    from adapters.slack_options import SlackInstalls, SlackOptions

    client_id, secret = settings.slack_client_id, settings.slack_client_secret.get_secret_value()
    installs = SlackInstalls(client_id, secret, parts.cabinet, settings.workspaces) if client_id else None
    return SlackAdapter(
        parts.dispatcher,
        bot_token=settings.slack_bot_token.get_secret_value(),
        signing_secret=settings.slack_signing_secret.get_secret_value(),
        app_token=settings.slack_app_token.get_secret_value() or None,
        api_url=settings.slack_api_url,
        command=settings.command,
        options=SlackOptions(
            SharedPace(parts.redis),
            settings.outsiders,
            settings.helpdesk,
            installs,
            groups="slack" in settings.group_sources,
            rights_seconds=settings.rights_seconds,
        ),
    )


def _teams(parts: Service, settings: Settings) -> Adapter:
    from adapters.teams import TeamsAdapter  # its SDK takes more than a second to import
    from adapters.teams_options import TeamsOptions

    return TeamsAdapter(
        parts.dispatcher,
        app_id=settings.microsoft_app_id,
        app_password=settings.microsoft_app_password.get_secret_value(),
        tenant_id=settings.microsoft_app_tenant_id,
        app_type=settings.microsoft_app_type,
        service_urls=settings.teams_service_urls,
        insecure=settings.teams_insecure,
        options=TeamsOptions(
            SharedPace(parts.redis),
            settings.outsiders,
            settings.helpdesk,
            settings.microsoft_app_certificate,
            settings.teams_sensitivity,
            parts.seal,
            groups="entra" in settings.group_sources,
            rights_seconds=settings.rights_seconds,
        ),
    )


def _caller(entry: str) -> Caller:
    name, key, *groups = entry.split(":")
    return Caller(name, key, frozenset("+".join(groups).split("+")) - {""})
