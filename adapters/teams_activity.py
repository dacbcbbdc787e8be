"""What a Teams activity holds, read without trusting its shape: ids, texts, tenants, where an answer goes. Pure."""

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Final, Literal

import orjson

from bot.events import Person
from bot.language import LANGUAGE_NAMES, Language

PLATFORM: Final = "teams"

Activity = Mapping[str, object]
Kind = Literal["personal", "groupChat", "channel"]

_LONGEST_ID: Final = 1_000
_OF_TWO: Final = "@unq.gbl.spaces"  # how the id of a chat of two ends, with both of theirs in it
_MENTIONS: Final = 20  # of us, in one message


class Malformed(ValueError):
    """The activity lacks what every activity of its type has."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where an answer goes; `conversation` keeps its `;messageid=`, which is what puts a reply into its thread.

    `user` is the person's id in Teams, `bot` ours; `kind` is the conversation's, `tenant` whose it is, `locale` the
    person's. Everything is a string, so that it can wait in the inbox.
    """

    service_url: str
    conversation: str
    activity: str
    user: str
    bot: str
    kind: str = ""
    tenant: str = ""
    locale: str = ""

    @classmethod
    def of(cls, kept: Mapping[str, str]) -> "Address":
        """The address that a turn kept, among whatever else it kept."""
        return cls(**{name: kept[name] for name in _FIELDS if name in kept})

    @property
    def place(self) -> str:
        """Our name for the conversation."""
        return f"{PLATFORM}:{self.conversation}"

    @property
    def channel(self) -> str:
        """Our name for the channel or chat that the conversation is in: what holds there for all."""
        return f"{PLATFORM}:{self.conversation.partition(';messageid=')[0]}"

    @property
    def personal(self) -> bool:
        """Whether only the person and we are there: a chat of two people is personal to Teams as well."""
        colleagues = self.conversation.endswith(_OF_TWO) and self.bot.rpartition(":")[2] not in self.conversation
        return self.kind == "personal" and not colleagues

    @property
    def root(self) -> str:
        """The message that began the thread in a channel; empty elsewhere."""
        return self.conversation.partition(";messageid=")[2]

    def message(self, activity_id: str) -> str:
        """Our name for a message here; reactions come without the thread's root, so it is left out."""
        return f"{self.channel}:{activity_id}"


_FIELDS: Final = tuple(field.name for field in fields(Address))


def address_of(activity: Activity) -> Address:
    """Where what is said about an activity goes; Malformed if it lacks an id."""
    conversation = identifier(activity, "conversation", "id")
    return Address(
        service_url=text_at(activity, "serviceUrl"),
        conversation=conversation,
        activity=identifier(activity, "id"),
        user=identifier(activity, "from", "id"),
        bot=identifier(activity, "recipient", "id"),
        kind=text_at(activity, "conversation", "conversationType") or kind_of(conversation),
        tenant=next(iter(tenants(activity)), ""),
        locale=text_at(activity, "locale")[:20],
    )


def kind_of(conversation: str) -> Kind | Literal[""]:
    """What a conversation's id tells of its kind; empty where that is nothing: then others may read along."""
    if ";messageid=" in conversation or conversation.endswith(("@thread.tacv2", "@thread.skype")):
        return "channel"
    if conversation.startswith("a:"):
        return "personal"
    return "groupChat" if conversation.startswith("19:") else ""


def text_at(activity: Activity, *path: str) -> str:
    """The string at a path of keys; empty where there is none, or something else."""
    value: object = activity
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else ""


def opened(value: object) -> Activity:
    """The object that a value is, also where it comes as JSON text; empty where it is none."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = orjson.loads(value)
        except ValueError:
            return {}
    return value if isinstance(value, Mapping) else {}


def tenants(activity: Activity) -> list[str]:
    """Every tenant the activity names."""
    named = text_at(activity, "channelData", "tenant", "id"), text_at(activity, "conversation", "tenantId")
    return [tenant for tenant in named if tenant]


def objects(activity: Activity, key: str) -> Iterator[Activity]:
    """The objects in the list under a key."""
    value = activity.get(key)
    return (item for item in value if isinstance(item, Mapping)) if isinstance(value, list) else iter(())


def identifier(activity: Activity, *path: str) -> str:
    """The id at a path of keys. Raises Malformed."""
    value = text_at(activity, *path)
    # It becomes part of a URL and of an HTTP header.
    if not value or len(value) > _LONGEST_ID or not value.isascii() or not value.isprintable():
        raise Malformed(".".join(path))
    return value


def mentions_others(activity: Activity) -> bool:
    """Whether the text mentions anybody but us."""
    us = text_at(activity, "recipient", "id").casefold()
    mentioned = [
        text_at(entity, "mentioned", "id").casefold()
        for entity in objects(activity, "entities")
        if text_at(entity, "type") == "mention"
    ]
    return any(one != us for one in mentioned)


def own_mentions(activity: Activity) -> Iterator[str]:
    """The words by which the text mentions us."""
    us = text_at(activity, "recipient", "id").casefold()
    for entity in objects(activity, "entities"):
        if text_at(entity, "type") == "mention" and text_at(entity, "mentioned", "id").casefold() == us:
            yield text_at(entity, "text")


def spoken(text: str, mentions: list[str]) -> str:
    """What the person said: without the call to us, other people's names kept, entities and blanks made plain."""
    for mention in filter(None, mentions[:_MENTIONS]):
        text = text.replace(mention, " ", 1)
    text = html.unescape(re.sub(r"</?at\b[^<>]*>|<quoted\b[^<>]*>", "", text))
    return re.sub(r"[ \t\xa0]+", " ", text).strip()


def from_a_bot(activity: Activity) -> bool:
    """Whether a bot said it, ourselves included."""
    sender = text_at(activity, "from", "id")
    is_us = sender.casefold() == text_at(activity, "recipient", "id").casefold()
    return is_us or sender.startswith("28:") or text_at(activity, "from", "role") == "bot"


def person_of(activity: Activity) -> Person:
    """Who did it, by their id in the directory where Teams tells it."""
    tenant = next(iter(tenants(activity)), "")
    user = text_at(activity, "from", "aadObjectId") or text_at(activity, "from", "id")
    return Person(id=f"{PLATFORM}:{tenant}:{user}", name=text_at(activity, "from", "name"))


def language_at(activity: Activity) -> Language:
    """The language that Teams is set to; what a button or a single word is in, nobody can tell."""
    tag = text_at(activity, "locale").partition("-")[0].lower()
    return next((language for language in LANGUAGE_NAMES if language == tag), "en")
