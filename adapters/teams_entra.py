"""Entra as Microsoft Graph tells of it: which groups somebody is in. Asked as the app itself, for nobody."""

from typing import Final
from urllib.parse import quote

from adapters.teams_calls import Fate, NotTaken, taken
from adapters.teams_signin import SignIn
from adapters.teams_wire import FAILURES, Wire

GRAPH: Final = "https://graph.microsoft.com"


class Graph:
    """The directory; our app needs `GroupMember.Read.All` and `User.ReadBasic.All` there, which an admin grants."""

    def __init__(self, sign_in: SignIn) -> None:
        self._sign_in = sign_in
        self._wire = Wire()

    async def groups_of(self, person: str) -> frozenset[str]:
        """The ids of the groups that somebody is in, through others too; of a stranger none. Raises NotTaken."""
        url = f"{GRAPH}/v1.0/users/{quote(person, safe='')}/getMemberGroups"
        token = await self._sign_in.token()
        try:
            reply = await self._wire.call("POST", url, token, {"securityEnabledOnly": False})
        except FAILURES as error:
            raise NotTaken(type(error).__name__) from error
        try:
            groups = taken(reply).get("value")
        except NotTaken as refusal:
            if refusal.fate is Fate.GONE:
                return frozenset()
            if reply.status == 401:
                self._sign_in.forget()
            raise
        if not isinstance(groups, list):
            raise NotTaken("an answer without groups")
        return frozenset(str(group) for group in groups)

    async def close(self) -> None:
        """Closes the connections; safe to call twice."""
        self._sign_in.close()
        await self._wire.close()
