"""The manifest: Slack's own types take it, its limits hold, and it asks for what the adapter uses and no more."""

import json
import re
from itertools import product
from pathlib import Path
from typing import Any, Final, get_args

import pytest

from adapters.slack_commands import MESSAGE_SHORTCUT
from adapters.slack_manifest import GROUP_SCOPES, SCOPES, View, Wanted, events, explanation, manifest, scopes
from tests.house_process import hausgeist

ROOT: Final = Path(__file__).parents[2]
VIEWS: Final[tuple[View, ...]] = get_args(View)
WANTED: Final = [
    Wanted(url, view, name, oauth=oauth)
    for url, view, name, oauth in product(
        ("", "https://house.example/"),
        VIEWS,
        ("Hausgeist", "Wen fragen wir im Haus? Ihn da, jetzt!"[:35]),
        (False, True),
    )
    if url or not oauth
]
# The scopes of the methods that we call, of which one is enough; those without a scope are left out.
METHODS: Final = {
    "assistant.threads.setStatus": {"chat:write"},
    "assistant.threads.setSuggestedPrompts": {"assistant:write"},
    "assistant.threads.setTitle": {"assistant:write"},
    "chat.appendStream": {"chat:write"},
    "chat.delete": {"chat:write"},
    "chat.postEphemeral": {"chat:write"},
    "chat.postMessage": {"chat:write"},
    "chat.startStream": {"chat:write"},
    "chat.stopStream": {"chat:write"},
    "chat.update": {"chat:write"},
    "conversations.info": {"channels:read", "groups:read"},
    "conversations.members": {"channels:read", "groups:read", "mpim:read"},
    "conversations.open": {"im:write"},
    "conversations.replies": {"channels:history"},
    "files.info": {"files:read"},
    "reactions.add": {"reactions:write"},
    "usergroups.list": {"usergroups:read"},
    "users.info": {"users:read"},
}
# Used otherwise than by a method or an event that needs them: for the command and the shortcut, for files' addresses.
USED_OTHERWISE: Final = {"commands", "files:read", "assistant:write"}


def sources() -> str:
    """The adapter's own code, but for the manifest, and the table of what methods may be called how often."""
    modules = set((ROOT / "adapters").glob("slack*.py"))
    modules -= {ROOT / "adapters" / name for name in ("slack_manifest.py", "slack_calls.py")}
    return "\n".join(path.read_text() for path in sorted(modules))


def texts(value: Any, path: str = "") -> list[tuple[str, str]]:
    """All texts in it, by where they stand."""
    if isinstance(value, str):
        return [(path, value)]
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, one in inner for found in texts(one, path if isinstance(key, int) else f"{path}.{key}")]


MOST: Final = {
    ".display_information.name": 35,
    ".display_information.description": 140,
    ".display_information.long_description": 4000,
    ".features.bot_user.display_name": 80,
    ".features.agent_view.agent_description": 300,
    ".features.assistant_view.assistant_description": 300,
    ".features.shortcuts.name": 24,
    ".features.shortcuts.callback_id": 255,
    ".features.shortcuts.description": 150,
    ".features.slash_commands.command": 32,
    ".features.slash_commands.description": 2000,
    ".features.slash_commands.usage_hint": 1000,
}


@pytest.mark.parametrize("wanted", WANTED, ids=repr)
def test_all_texts_keep_to_slack_s_limits(wanted: Wanted) -> None:
    made = manifest(wanted)
    for path, text in texts(made):
        assert 0 < len(text) <= MOST.get(path, 255), path
    assert len(made["display_information"]["long_description"]) >= 174
    assert re.fullmatch(r"[a-z0-9._-]+", made["features"]["bot_user"]["display_name"])


@pytest.mark.timeout(60)
async def test_slack_s_own_types_take_it() -> None:
    """But for `assistant:write`, which Slack's pages ask for and its types (@slack/web-api 8.2) do not know yet."""
    typescript = pytest.importorskip("tests.slack.emulated.typescript")
    lines = ['import type { AppsManifestValidateArguments } from "@slack/web-api";']
    lines.append('type Manifest = AppsManifestValidateArguments["manifest"];')
    for number, wanted in enumerate(WANTED):
        made = manifest(wanted)
        made["oauth_config"]["scopes"]["bot"].remove("assistant:write")
        lines.append(f"const one{number}: Manifest = {json.dumps(made)};")
    assert await typescript.problems("\n".join(lines)) == ""
    wrong = json.dumps(manifest(WANTED[0])).replace('"chat:write"', '"chat:wrote"')
    assert "chat:wrote" in await typescript.problems(f"{lines[0]}\n{lines[1]}\nconst one: Manifest = {wrong};")


def test_socket_mode_needs_no_address_and_http_has_it_everywhere() -> None:
    made = manifest(Wanted())
    assert made["settings"]["socket_mode_enabled"] is True
    assert "http" not in json.dumps(made)
    made = manifest(Wanted("https://house.example/chat/", oauth=True))
    assert made["settings"]["socket_mode_enabled"] is False
    addresses = [text for path, text in texts(made) if "url" in path]
    assert set(addresses) == {
        "https://house.example/chat/slack/events",
        "https://house.example/chat/slack/oauth_redirect",
    }
    assert len(addresses) == 4  # events, buttons and forms, the command, the way back


def test_several_workspaces_mean_rotation_and_a_way_back() -> None:
    one, several = manifest(Wanted("https://h.example")), manifest(Wanted("https://h.example", oauth=True))
    for setting in ("org_deploy_enabled", "token_rotation_enabled"):
        assert (one["settings"][setting], several["settings"][setting]) == (False, True)
    assert "redirect_urls" not in one["oauth_config"]
    assert several["oauth_config"]["redirect_urls"] == ["https://h.example/slack/oauth_redirect"]


def test_both_views_have_what_they_need() -> None:
    agent, assistant = (manifest(Wanted(view=view)) for view in VIEWS)
    assert ("agent_view" in agent["features"], "assistant_view" in agent["features"]) == (True, False)
    assert ("agent_view" in assistant["features"], "assistant_view" in assistant["features"]) == (False, True)
    assert "assistant_thread_started" in assistant["settings"]["event_subscriptions"]["bot_events"]
    assert [shortcut["callback_id"] for shortcut in agent["features"]["shortcuts"]] == [MESSAGE_SHORTCUT]
    assert agent["features"]["app_home"]["messages_tab_read_only_enabled"] is False


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (Wanted(name="x" * 36), "35 characters"),
        (Wanted(name=" "), "35 characters"),
        (Wanted(command="hausgeist"), "/"),
        (Wanted(command="/Haus geist"), "space"),
        (Wanted("http://house.example"), "https://HOST"),
        (Wanted("https://house.example/?x"), "https://HOST"),
        (Wanted(oauth=True), "URL is needed"),
    ],
)
def test_what_slack_would_refuse_is_refused_here(wanted: Wanted, told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        manifest(wanted)


def test_what_the_adapter_handles_is_subscribed_and_nothing_else() -> None:
    known = {event.partition(".")[0] for view in VIEWS for event in events(view)}
    known |= {"app_context_changed", "assistant_thread_context_changed", "member_joined_channel", "link_shared"}
    handled = {event for event in known if f'"{event}"' in sources()}
    assert handled == {event.partition(".")[0] for view in VIEWS for event in events(view)}


def test_events_and_methods_have_their_scopes_and_no_scope_is_idle() -> None:
    needed = {scope for view in VIEWS for scope, _ in events(view).values()} - {""}
    assert needed <= set(SCOPES)
    called = [METHODS[method] for method in METHODS if f'"{method}"' in sources()]
    every = set(scopes(groups=True))
    for wanted in called:
        assert wanted & every, wanted
    assert every - needed - set().union(*called) <= USED_OTHERWISE


def test_to_see_user_groups_is_asked_for_only_where_the_company_wants_it() -> None:
    plain, more = (manifest(Wanted(groups=groups))["oauth_config"]["scopes"]["bot"] for groups in (False, True))
    assert set(more) - set(plain) == set(GROUP_SCOPES) == {"usergroups:read", "mpim:read"}
    assert set(plain).isdisjoint(GROUP_SCOPES)
    assert re.search("^usergroups:read +know who", explanation(groups=True), re.MULTILINE)


def test_every_scope_and_event_is_explained_in_plain_lines() -> None:
    for view in VIEWS:
        told = explanation(view)
        for name in [*SCOPES, *events(view)]:
            assert re.search(rf"^{re.escape(name)} +\S.{{3,}}$", told, re.MULTILINE), name


def test_the_page_says_what_the_code_asks_for() -> None:
    page = (ROOT / "docs" / "slack.md").read_text()
    for scope, why in scopes(groups=True).items():
        assert f"| `{scope}` | {why} |" in page
    for view in VIEWS:
        for event, (_, why) in events(view).items():
            assert f"| `{event}` | {why} |" in page
    assert len(re.findall(r"^\| `[a-z_:]+(?:\.[a-z]+)?` \|", page, re.MULTILINE)) == len(
        {*scopes(groups=True), *events("assistant")}
    )


@pytest.mark.timeout(60)
async def test_the_command_prints_it(tmp_path: Path) -> None:
    shown = await hausgeist(tmp_path, "manifest", "slack", "--url", "https://h.example", "--name", "Fips")
    assert (shown.status, json.loads(shown.out)) == (0, manifest(Wanted("https://h.example", name="Fips")))
    told = await hausgeist(tmp_path, "manifest", "slack", "--explain")
    assert told.out.strip() == explanation()
    wrong = await hausgeist(tmp_path, "manifest", "slack", "--oauth")
    assert wrong.status == 2
    assert "URL is needed" in wrong.err
