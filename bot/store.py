"""How we talk to Redis: atomic scripts, and its failures in our own words."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha1
from importlib.resources import files
from typing import Any, cast

from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError

from bot.errors import StateDown


class Script:
    """A Lua script beside this module; its first argument names the operation, its keys are in one hash slot."""

    def __init__(self, name: str) -> None:
        self.text = files("bot").joinpath(name).read_text("utf-8")
        self.sha = sha1(self.text.encode(), usedforsecurity=False).hexdigest()

    async def run(self, redis: Redis, keys: Sequence[str], *arguments: str | bytes | float) -> Any:  # what it returns
        """Runs it; a server that does not know it yet learns it."""
        with state():
            try:
                return await cast(Any, redis.evalsha(self.sha, len(keys), *keys, *cast(Any, arguments)))
            except NoScriptError:
                return await cast(Any, redis.eval(self.text, len(keys), *keys, *cast(Any, arguments)))


@contextmanager
def state() -> Iterator[None]:
    """Turns Redis's errors inside into StateDown."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise StateDown("My memory does not answer at the moment. Please ask again in a minute.") from error
