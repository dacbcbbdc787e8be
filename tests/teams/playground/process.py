"""Microsoft's Agents Playground: a Teams client in a web page and the connector behind it, in a process of its own."""

import asyncio
import json
import os
import uuid
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from tests.node.packages import NODE, installed

PACKAGE: Final = "@microsoft/m365agentsplayground"
PIN: Final = Path(__file__).with_name("pin.cjs")

TENANT: Final = "7e0a0000-0000-4000-8000-0000000000aa"
BOT: Final = {"id": "28:hausgeist", "name": "Hausgeist"}
GENERAL: Final = "19:general@thread.tacv2"
HELPDESK: Final = "19:helpdesk@thread.tacv2"
CHAT: Final = "a:anna"
ANNA: Final = "29:anna"
GROUP: Final = "19:group@thread.v2"
OTHERS: Final = ("Beat Frei", "Chiara Rossi", "David Meier", "Elif Demir", "Felix Braun")  # it wants five


def _person(name: str, number: int) -> dict[str, str]:
    given, _, surname = name.partition(" ")
    mail = f"{given}.{surname}@rheinwerk.example".lower()
    return {
        "id": f"29:{given.lower()}",
        "name": name,
        "userPrincipleName": mail,  # as the Playground spells it
        "aadObjectId": f"00000000-0000-4000-8000-{number:012}",
        "givenName": given,
        "surname": surname,
        "email": mail,
    }


WORLD: Final[Mapping[str, Any]] = {
    "version": "0.1.1",
    "tenantId": TENANT,
    "bot": BOT,
    "currentUser": _person("Anna Keller", 1),
    "users": [_person(name, number) for number, name in enumerate(OTHERS, 2)],
    "personalChat": {"id": CHAT},
    "groupChat": {"id": GROUP, "name": "Travellers"},
    "team": {
        "id": GENERAL,
        "name": "Rheinwerk",
        "aadGroupId": "00000000-0000-4000-8000-000000000031",
        "channels": [{"id": HELPDESK, "name": "Helpdesk"}],
    },
}


@dataclass(frozen=True)
class Playground:
    """The running process; `url` is its page, `process` its number."""

    url: str
    process: int
    http: httpx.AsyncClient

    async def submit(self, data: Mapping[str, Any], message: str) -> None:
        """Has it send what the button of a card in the personal chat sends that posts a message."""
        said = {"value": data, "from": {"id": ANNA}, "conversation": {"id": CHAT}, "replyToId": message}
        (await self.http.post("/_conversation/v1/submit", json=said)).raise_for_status()

    async def react(self, message: str, *, added: str = "", removed: str = "") -> None:
        """Has it say that Anna reacts to our message in the personal chat, or takes that back."""
        names = {"reactionsAdded": added, "reactionsRemoved": removed}
        reactions = {name: [{"type": kind}] for name, kind in names.items() if kind}
        await self.send({**self.activity("messageReaction"), "replyToId": message, **reactions})

    def activity(self, kind: str) -> dict[str, Any]:
        """What every activity of Anna's in the personal chat holds."""
        user = WORLD["currentUser"]
        return {
            "type": kind,
            "id": str(uuid.uuid4()),
            "channelId": "msteams",
            "serviceUrl": f"{self.url}/_connector",
            "from": {name: user[name] for name in ("id", "name", "aadObjectId")},
            "recipient": dict(BOT),
            "conversation": {"id": CHAT, "conversationType": "personal", "tenantId": TENANT},
            "channelData": {"tenant": {"id": TENANT}},
        }

    async def send(self, activity: Mapping[str, Any]) -> None:
        """Has it send an activity of any kind, as its page does with those that one writes by hand."""
        (await self.http.post("/_internal/v1/customActivities", json=activity)).raise_for_status()


@asynccontextmanager
async def playground(app: str, folder: Path) -> AsyncIterator[Playground]:
    """Starts it in front of an app; it ends with us, whichever way."""
    world = folder / "playground.yml"
    world.write_text(json.dumps(WORLD))  # which is YAML too
    environment = {
        "HOME": str(folder),
        "LANG": "en_US.UTF-8",
        "M365_AGENTS_PLAYGROUND_CONFIG_PATH": str(world),
        "M365_AGENTS_PLAYGROUND_LOGFILE": str(folder / "playground.log"),
        "PATH": os.defpath,
        "TEAMSAPPTESTER_BROWSER": "none",
    }
    options = ("--app-endpoint", app, "--channel-id", "msteams", "--port", "0", "--disable-telemetry")
    command: list[str | Path] = [NODE, "--require", PIN, installed(PACKAGE) / "cli.js", "start", *options]
    process = await asyncio.create_subprocess_exec(
        *command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, cwd=folder, env=environment
    )
    assert process.stdin and process.stdout
    try:
        said = (await process.stdout.readline()).decode()
        assert said.startswith("Listening on "), said
        url = f"http://127.0.0.1:{said.split()[-1]}"
        async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
            (await http.get("/_internal/v1/testConfig")).raise_for_status()
            yield Playground(url, process.pid, http)
    finally:
        process.stdin.close()  # which it takes for the end
        await process.wait()
