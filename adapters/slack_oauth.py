"""How a workspace installs us: from our page to Slack's and back, with the state in a cookie and in Redis."""

import html
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from functools import cached_property
from typing import Final
from urllib.parse import urljoin

from slack_bolt import BoltResponse
from slack_bolt.adapter.starlette.async_handler import to_starlette_response
from slack_bolt.oauth.async_callback_options import AsyncCallbackOptions, AsyncFailureArgs, AsyncSuccessArgs
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.oauth.installation_store import Installation
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from adapters.slack_client import Lines
from adapters.slack_installs import STATE_SECONDS, Crowded, Installations, States, Unwelcome
from adapters.slack_refusals import FAILURES, not_taken
from bot.errors import StateDown

INSTALL: Final = "/slack/install"
REDIRECT: Final = "/slack/oauth_redirect"

_HEADERS: Final = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",  # the page's address holds a code
}
_WHY: Final = {
    "access_denied": "The installation was cancelled in Slack.",
    "invalid_browser": "This browser did not begin the installation, or went back to it.",
    "invalid_state": "The installation took longer than ten minutes, or was finished before.",
}
_AGAIN: Final = f'To try again, <a href="{INSTALL}">begin anew</a>.'

log = logging.getLogger(__name__)


class SlackInstall:
    """The pages through which an administrator installs the app in a workspace or an organisation."""

    def __init__(
        self, installs: Installations, states: States, lines: Lines, client_secret: str, scopes: Sequence[str]
    ) -> None:
        self._installs = installs
        self._states = states
        self._lines = lines
        self._client_secret = client_secret
        self._scopes = scopes

    def routes(self) -> Sequence[BaseRoute]:
        """Where an administrator begins, and where Slack sends them back."""
        return [Route(INSTALL, self._begin, methods=["GET"]), Route(REDIRECT, self._finish, methods=["GET"])]

    async def _begin(self, request: Request) -> Response:
        team = request.query_params.get("team", "")  # bolt puts it into an address as it is
        query = {"team": team} if re.fullmatch(r"[TE][A-Z0-9]{1,30}", team) else {}
        return await _page(self._flow.handle_installation, AsyncBoltRequest(body="", query=query))

    async def _finish(self, request: Request) -> Response:
        query = {key: request.query_params[key] for key in ("error", "state", "code") if key in request.query_params}
        headers: dict[str, str | Sequence[str]] = {"cookie": request.headers.get("cookie", "")}
        return await _page(self._flow.handle_callback, AsyncBoltRequest(body="", query=query, headers=headers))

    @cached_property
    def _flow(self) -> AsyncOAuthFlow:
        settings = AsyncOAuthSettings(
            client_id=self._installs.client_id,
            client_secret=self._client_secret,
            scopes=self._scopes,
            user_scopes=[],
            install_page_rendering_enabled=False,
            callback_options=AsyncCallbackOptions(_succeeded, _failed),
            authorization_url=urljoin(self._lines.api_url, "/oauth/v2/authorize"),
            installation_store=self._installs,
            installation_store_bot_only=True,
            state_store=self._states,
            state_expiration_seconds=STATE_SECONDS,
            logger=_sdk_log(),
        )
        # Else bolt takes it from the environment; Slack knows it from the manifest.
        settings.redirect_uri = settings.authorize_url_generator.redirect_uri = None
        return _Flow(client=self._lines.client(), logger=_sdk_log(), settings=settings)


class _Flow(AsyncOAuthFlow):
    async def store_installation(self, request: AsyncBoltRequest, installation: Installation) -> None:
        """Keeps the token, or gives it back to Slack where the workspace may not install us."""
        if not installation.bot_token:
            raise Unwelcome("Slack gave no token for our bot")
        try:
            await super().store_installation(request, installation)
        except Unwelcome:
            try:
                await self.client.auth_revoke(token=installation.bot_token)
            except FAILURES as error:
                not_taken(error)
            raise
        log.info("the app was installed", extra={"workspace": installation.team_id or installation.enterprise_id})


async def _page(step: Callable[[AsyncBoltRequest], Awaitable[BoltResponse]], request: AsyncBoltRequest) -> Response:
    try:
        answer = await step(request)
    except Crowded:
        answer = _said(429, "Not now", "Too many installations were begun. Please come back in ten minutes.")
    except StateDown:
        answer = _said(503, "Not now", f"Our memory does not answer at the moment. {_AGAIN}")
    except FAILURES as error:
        not_taken(error)
        answer = _said(502, "Not now", f"Slack did not answer as it should. {_AGAIN}")
    return to_starlette_response(answer)


async def _succeeded(arguments: AsyncSuccessArgs) -> BoltResponse:
    installed = arguments.installation
    name = html.escape(installed.team_name or installed.enterprise_name or "your workspace")
    rest = "Write it a direct message, or invite it to a channel and mention it."
    if installed.is_enterprise_install:
        rest = "Now add it to workspaces, on the page of your organisation's apps in Slack."
    answer = _said(200, "Installed", f"The assistant is installed in {name}. {rest}")
    return _without_cookie(answer, arguments.settings)


async def _failed(arguments: AsyncFailureArgs) -> BoltResponse:
    log.warning("an installation failed", extra={"reason": _known(arguments)})
    if isinstance(arguments.error, Unwelcome):
        why = "This workspace is not among those that may install the assistant (HAUSGEIST_WORKSPACES)."
        return _without_cookie(_said(403, "Not installed", why), arguments.settings)
    why = _WHY.get(arguments.reason, "Slack did not confirm the installation.")
    status = max(arguments.suggested_status_code, 400)
    return _without_cookie(_said(status, "Not installed", f"{why} {_AGAIN}"), arguments.settings)


def _known(arguments: AsyncFailureArgs) -> str:
    """The reason, if it is one of a few: anybody may write any into the address."""
    known = {*_WHY, "missing_code", "invalid_code", "storage_error"}
    return arguments.reason if arguments.reason in known else "other"


def _without_cookie(answer: BoltResponse, settings: AsyncOAuthSettings) -> BoltResponse:
    answer.headers["set-cookie"] = [settings.state_utils.build_set_cookie_for_deletion()]
    return answer


def _said(status: int, title: str, text: str) -> BoltResponse:
    page = f'<!doctype html><html lang="en"><title>{title}</title><h1>{title}</h1><p>{text}</p></html>'
    return BoltResponse(status=status, body=page, headers=dict(_HEADERS))


def _sdk_log() -> logging.Logger:
    """Bolt's logger: in its warnings it quotes codes."""
    sdk = logging.getLogger(f"{__name__}.sdk")
    sdk.setLevel(logging.ERROR)
    return sdk
