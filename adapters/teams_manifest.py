"""The app package that a company uploads to Teams: a manifest in three languages and two icons, and why each thing."""

import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from adapters.teams_words import ASK, COMMANDS, FIND, FULL, LONG, QUESTION, SHORT, Words
from bot.language import LANGUAGE_NAMES, Language

MANIFEST_VERSION: Final = "1.23"
NO_WEBSITE: Final = "https://example.com"
ICONS: Final = ("color.png", "outline.png")

# Where the bot may be, and what would be missing without it.
SCOPES: Final[Mapping[str, str]] = {
    "personal": "answer in a chat with one person",
    "team": "answer who mentions it in a channel of a team that it was added to",
    "groupChat": "the same in a group chat, or in the chat of a meeting",
}

# What people agree to when they add the app, and what would be missing without it.
PERMISSIONS: Final[Mapping[str, str]] = {
    "identity": "know who asks, and so what they may read",
    "messageTeamMembers": "answer privately what somebody asks about a message, in their own chat with the app",
}

# The same with `without_mention`, per team or chat. Teams sends us every message there.
CONSENTS: Final[Mapping[str, str]] = {
    "ChannelMessage.Read.Group": "follow its own threads, and answer questions nobody put to it, in a team's channels",
    "ChatMessage.Read.Chat": "the same in group chats and the chats of meetings",
}

# What else it offers there.
OFFERS: Final[Mapping[str, str]] = {
    "files": "be sent files with a question, in a chat with one person",
    "ask": "“Ask about this message” in the menu of a message",
    "question": "the same form from the box one writes in, or the search box",
    "find": "documents from there, to put into a message",
}

_ACCENT: Final = "#128580"
_SCHEMAS: Final = f"https://developer.microsoft.com/json-schemas/teams/v{MANIFEST_VERSION}"
_PACKAGE: Final = Path(__file__).parent / "teams_package"
_DEFAULT: Final[Language] = "en"
_LISTS: Final = (
    (("personal",), ("help", "stop", "reset", "forget-me", "export-me", "add-doc", "delete-doc")),
    (("team", "groupChat"), ("help", "stop", "reset", "enable", "disable")),
)
_TRANSLATED: Final = re.compile(r"(bots|composeExtensions)\[0\].*\.(title|description)")


@dataclass(frozen=True, slots=True)
class Maker:
    """Whose app it is, and the three pages of theirs that Teams links to; without the last two it is the first."""

    name: str = "Hausgeist"
    website: str = NO_WEBSITE
    privacy: str = ""
    terms: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a company wants of its app. Teams notices a changed package by its `version`, which is to be raised then."""

    app_id: str
    name: str = "Hausgeist"
    without_mention: bool = False
    version: str = "1.0.0"
    maker: Maker = Maker()

    @property
    def package_id(self) -> str:
        """The app's own id in Teams: the same each time, so that a new package takes the old one's place."""
        return str(uuid5(NAMESPACE_URL, f"hausgeist:teams:{self.app_id.lower()}"))


def package(wanted: Wanted) -> bytes:
    """The zip to upload, the same bytes each time. Raises ValueError, whose text says what is wrong."""
    files = {"manifest.json": _json(manifest(wanted))}
    files |= {name: (_PACKAGE / name).read_bytes() for name in ICONS}
    files |= {f"{language}.json": _json(translation(wanted, language)) for language in _translated()}
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as zipped:  # stored as it is: another zlib would give other bytes
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)  # of 1980
            entry.external_attr = 0o644 << 16
            zipped.writestr(entry, content)
    return held.getvalue()


def manifest(wanted: Wanted) -> dict[str, Any]:
    """The manifest, as Teams takes it. Raises ValueError, whose text says what is wrong."""
    _check(wanted)
    return _in(wanted, _DEFAULT)


def translation(wanted: Wanted, language: Language) -> dict[str, str]:
    """What people read of the manifest, in another language."""
    _check(wanted)
    made = _in(wanted, language)
    return {
        "$schema": f"{_SCHEMAS}/MicrosoftTeams.Localization.schema.json",
        "name.short": made["name"]["short"],
        "name.full": made["name"]["full"],
        "description.short": made["description"]["short"],
        "description.full": made["description"]["full"],
        **{path: text for path, text in _texts(made) if _TRANSLATED.fullmatch(path)},
    }


def explanation(*, without_mention: bool = False) -> str:
    """Everything the app asks for with its reason, a line each."""
    parts = {"Scopes: where it is": SCOPES, "Permissions: what people agree to": PERMISSIONS}
    if without_mention:
        parts["Consents: what it reads without being mentioned, where a team or chat agrees"] = CONSENTS
    parts["Offers: what people find in Teams"] = OFFERS
    width = max(len(name) for part in parts.values() for name in part)
    blocks = [[title, *(f"{name:{width}}  {why}" for name, why in part.items())] for title, part in parts.items()]
    return "\n\n".join("\n".join(block) for block in blocks)


def _in(wanted: Wanted, language: Language) -> dict[str, Any]:
    name = wanted.name.strip()
    return {
        "$schema": f"{_SCHEMAS}/MicrosoftTeams.schema.json",
        "manifestVersion": MANIFEST_VERSION,
        "version": wanted.version,
        "id": wanted.package_id,
        "developer": _developer(wanted.maker),
        "localizationInfo": {
            "defaultLanguageTag": _DEFAULT,
            "additionalLanguages": [{"languageTag": other, "file": f"{other}.json"} for other in _translated()],
        },
        "name": {"short": name, "full": FULL[language].format(name=name)},
        "description": {"short": SHORT[language], "full": LONG[language]},
        "icons": {"color": ICONS[0], "outline": ICONS[1]},
        "accentColor": _ACCENT,
        "defaultInstallScope": "personal",
        "defaultGroupCapability": {"team": "bot", "groupchat": "bot"},
        "bots": [_bot(wanted, language)],
        "composeExtensions": [_extension(wanted, language)],
        "permissions": list(PERMISSIONS),
        "validDomains": [],  # nothing of ours is shown inside Teams but cards
        **(_consents(wanted) if wanted.without_mention else {}),
    }


def _developer(maker: Maker) -> dict[str, str]:
    return {
        "name": maker.name.strip(),
        "websiteUrl": maker.website,
        "privacyUrl": maker.privacy or maker.website,
        "termsOfUseUrl": maker.terms or maker.website,
    }


def _bot(wanted: Wanted, language: Language) -> dict[str, Any]:
    def command(verb: str) -> dict[str, str]:
        return {"title": verb, "description": COMMANDS[verb][language]}  # the verb is what is sent to us

    return {
        "botId": wanted.app_id.lower(),
        "scopes": list(SCOPES),
        "isNotificationOnly": False,
        "supportsFiles": True,
        "commandLists": [
            {"scopes": list(scopes), "commands": [command(verb) for verb in verbs]} for scopes, verbs in _LISTS
        ],
    }


def _extension(wanted: Wanted, language: Language) -> dict[str, Any]:
    beside = ["compose", "commandBox"]
    ask = {"id": "ask", "type": "action", "context": ["message"], **_told(ASK, language), "fetchTask": True}
    question = {"id": "question", "type": "action", "context": beside, **_told(QUESTION, language), "fetchTask": True}
    words = {"name": "query", "inputType": "text", **_told(FIND, language)}
    find = {"id": "find", "type": "query", "context": beside, **_told(FIND, language), "parameters": [words]}
    return {"botId": wanted.app_id.lower(), "commands": [ask, question, find]}


def _told(words: Mapping[Language, Words], language: Language) -> dict[str, str]:
    title, description = words[language]
    return {"title": title, "description": description}


def _consents(wanted: Wanted) -> dict[str, Any]:
    asked = [{"name": name, "type": "Application"} for name in CONSENTS]
    return {
        # Teams wants some address as the resource, and does nothing with it.
        "webApplicationInfo": {"id": wanted.app_id.lower(), "resource": "https://RscBasedStoreApp"},
        "authorization": {"permissions": {"resourceSpecific": asked}},
    }


def _check(wanted: Wanted) -> None:
    if not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", wanted.app_id):
        raise ValueError("the app id must look like 00000000-0000-0000-0000-000000000000")
    if not _short(wanted.name, 30) or wanted.name.strip().lower() == "null":
        raise ValueError("the name must have 1 to 30 characters")
    if not re.fullmatch(r"(0|[1-9][0-9]{0,8})(\.(0|[1-9][0-9]{0,8})){2}", wanted.version):
        raise ValueError("the version must be three numbers, such as 1.0.2")
    maker = wanted.maker
    if not _short(maker.name, 32):
        raise ValueError("the developer must have 1 to 32 characters")
    if not all(_address(page) for page in filter(None, (maker.website or "none", maker.privacy, maker.terms))):
        raise ValueError("website, privacy and terms must be https://HOST, up to 2048 characters")


def _address(page: str) -> bool:
    return len(page) <= 2048 and page.isprintable() and bool(re.fullmatch(r"https://[^\s/?#]+([/?#]\S*)?", page))


def _short(text: str, most: int) -> bool:
    return 1 <= len(text.strip()) <= most and text.isprintable()


def _translated() -> list[Language]:
    return [language for language in LANGUAGE_NAMES if language != _DEFAULT]


def _texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """All texts in it, by where they stand, as Teams writes that."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _texts(one, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for place, one in enumerate(value):
            yield from _texts(one, f"{path}[{place}]")


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=False).encode()
