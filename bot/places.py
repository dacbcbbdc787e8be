"""What admins have enabled in a channel: when we speak there, from which documents, and in what manner."""

from dataclasses import dataclass, replace
from typing import Any, Final, Literal, cast, get_args

from redis.asyncio import Redis

from bot import keys
from bot.store import state

# Answer who mentions us; answer questions too that nobody put to us; the same, but only where we are sure.
Mode = Literal["mentions", "questions", "sure"]
PERSONA: Final = 300  # characters

_MODES: Final[dict[str, Mode]] = {mode: mode for mode in get_args(Mode)}


@dataclass(frozen=True, slots=True)
class Place:
    """A channel's settings; no `collections` are all of them, `persona` says how we speak."""

    mode: Mode = "mentions"
    collections: tuple[str, ...] = ()
    persona: str = ""

    def changed(self, words: str) -> "Place | None":
        """The settings after `questions`, `scope travel, hr`, `scope all`, `persona …`; None if that is not clear."""
        verb, _, rest = words.strip().partition(" ")
        rest = rest.strip()
        match verb.lower():
            case mode if mode in _MODES and not rest:
                return replace(self, mode=_MODES[mode])
            case "scope" if named := tuple(rest.replace(",", " ").split()):
                return replace(self, collections=() if rest.lower() == "all" else named)
            case "persona" if rest and len(rest) <= PERSONA:
                return replace(self, persona="" if rest.lower() == "none" else " ".join(rest.split()))
        return None


class Places:
    """The settings of every channel, by its id; every method raises StateDown."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def of(self, place: str) -> Place:
        """The settings of a channel; the defaults where nothing was set."""
        with state():
            found = await cast(Any, self._redis.hgetall(keys.place(place)))
        said = {name.decode(): value.decode() for name, value in found.items()}
        mode = _MODES.get(said.get("mode", ""), "mentions")
        return Place(mode, tuple(said.get("collections", "").split()), said.get("persona", ""))

    async def put(self, place: str, settings: Place) -> None:
        """Changes the settings of a channel."""
        kept = {"mode": settings.mode, "collections": " ".join(settings.collections), "persona": settings.persona}
        with state():
            await cast(Any, self._redis.hset(keys.place(place), mapping=cast(Any, kept)))

    async def clear(self, place: str) -> None:
        """Takes a channel's settings back to the defaults."""
        with state():
            await self._redis.delete(keys.place(place))
