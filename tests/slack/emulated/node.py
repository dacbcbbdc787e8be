"""The Slack stand-in of others, on Node: one for a whole test run, reset for each test."""

import json
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.node.packages import NODE, installed

HERE: Final = Path(__file__).parent

TEAM: Final = "T000000001"  # emulate's own
SECRET: Final = "5b1f0ce0a3d94c6f8c0e2b7d9a4f6e13"
BOT: Final = {"bot_id": "B0GEIST01", "bot_user_id": "U0GEIST01", "app_id": "A0GEIST01"}
BOT_TOKEN: Final = "xoxb-emulated-house"
PEOPLE: Final = ("anna", "beat", "guest", "stranger")
SEED: Final[Mapping[str, Any]] = {
    "tokens": {},
    "slack": {
        "team": {"name": "Rheinwerk", "domain": "rheinwerk"},
        "users": [{"name": name, "real_name": name.title()} for name in PEOPLE],
        "channels": [{"name": "secret", "is_private": True}, {"name": "abroad"}],
        "oauth_apps": [
            {
                "client_id": "11.22",
                "client_secret": "client-secret",
                "name": "hausgeist",
                "bot_name": "hausgeist",
                "redirect_uris": ["https://house.example/slack/oauth"],
                **BOT,
            }
        ],
        "tokens": [
            {"token": BOT_TOKEN, "type": "bot", "user_id": BOT["bot_user_id"], **BOT},
            *({"token": f"xoxp-{name}", "type": "user", "user": name} for name in PEOPLE),
        ],
        "signing_secret": SECRET,
    },
}


@dataclass(frozen=True)
class Emulate:
    """The running process; `url` is where it answers."""

    url: str

    def reset(self, callback: str) -> None:
        """Forgets everything; from now on its events go to `callback`."""
        request = urllib.request.Request(f"{self.url}/_reset", callback.encode(), method="POST")
        with urllib.request.urlopen(request, timeout=5):
            pass


@contextmanager
def emulate() -> Iterator[Emulate]:
    """Starts the process; it ends with us, whichever way."""
    command: list[str | Path] = [NODE, HERE / "serve.mjs", installed("emulate") / "dist", json.dumps(SEED)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdin
        yield Emulate(process.stdout.readline().strip())
        process.stdin.close()  # which it takes for the end
        process.wait(5)
