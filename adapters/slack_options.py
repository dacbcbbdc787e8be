"""What there is to set about Slack beyond one workspace with one token."""

from dataclasses import dataclass, field

from adapters.slack_client import Lines
from adapters.slack_installs import Installations, States
from adapters.slack_manifest import scopes
from adapters.slack_oauth import SlackInstall
from adapters.slack_workspaces import Installed, OneWorkspace, Workspaces
from bot.cabinet import Cabinet
from bot.known import KNOWN_SECONDS
from bot.pace import FreePace, Pace


@dataclass(frozen=True, slots=True)
class SlackInstalls:
    """How workspaces install us themselves: the app's id and secret, where tokens are kept, and who is `welcome`."""

    client_id: str
    client_secret: str
    cabinet: Cabinet
    welcome: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SlackOptions:
    """The pace of all replicas together, which outsiders are let in, who helps, and how workspaces install us.

    With `groups` Slack is asked who is in its user groups; who may read what is relied on for `rights_seconds`.
    """

    pace: Pace = field(default_factory=FreePace)
    outsiders: tuple[str, ...] = ()
    helpdesk: tuple[str, ...] = ()
    installs: SlackInstalls | None = None
    groups: bool = False
    rights_seconds: float = KNOWN_SECONDS

    def workspaces(self, lines: Lines, bot_token: str) -> tuple[Workspaces, SlackInstall | None]:
        """The one workspace whose token is given, or all that install us, with the pages on which they do."""
        if self.installs is None:
            return OneWorkspace(lines, bot_token), None
        cabinet, secret = self.installs.cabinet, self.installs.client_secret
        kept = Installations(cabinet, self.installs.client_id, self.installs.welcome)
        pages = SlackInstall(kept, States(cabinet), lines, secret, tuple(scopes(groups=self.groups)))
        return Installed(kept, lines, secret), pages
