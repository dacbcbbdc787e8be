"""The Teams package: Microsoft's own schema takes it, its limits hold, and it asks for what the adapter uses."""

import asyncio
import io
import json
import os
import re
import struct
import subprocess
import zipfile
import zlib
from itertools import product
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator, Draft202012Validator

from adapters.teams_manifest import (
    CONSENTS,
    OFFERS,
    PERMISSIONS,
    SCOPES,
    Maker,
    Wanted,
    explanation,
    manifest,
    package,
    translation,
)
from adapters.teams_words import ASK, COMMANDS
from bot.language import LANGUAGE_NAMES
from bot.notices import TEAMS_HELP
from bot.verbs import ERRANDS, HERE, said
from tests.house_process import COMMAND, Outcome, environment, hausgeist

ROOT: Final = Path(__file__).parents[2]
SCHEMA: Final = json.loads((Path(__file__).parent / "schema" / "MicrosoftTeams.schema.json").read_text())
LOCAL_SCHEMA: Final = json.loads(
    (Path(__file__).parent / "schema" / "MicrosoftTeams.Localization.schema.json").read_text()
)
APP: Final = "5F6e1c2a-9b7d-4e0f-8a3b-0c1d2e3f4a5b"
LONG: Final = "Wen fragen wir im Haus? Ihn da!"[:30]
WANTED: Final = [
    Wanted(APP, name, without_mention, maker=Maker("Rheinwerk AG, Informatik", "https://rheinwerk.example/geist"))
    for name, without_mention in product(("Hausgeist", LONG), (False, True))
]
# Where Teams' pages are stricter than its schema.
MOST: Final = {
    "name.short": 30,
    "name.full": 100,
    "description.short": 80,
    "description.full": 4000,
    "developer.name": 32,
    "bots.commandLists.commands.title": 32,
    "bots.commandLists.commands.description": 128,
    "composeExtensions.commands.id": 64,
    "composeExtensions.commands.title": 32,
    "composeExtensions.commands.description": 128,
    "composeExtensions.commands.parameters.name": 64,
    "composeExtensions.commands.parameters.title": 32,
    "composeExtensions.commands.parameters.description": 128,
}


def complaints(schema: dict[str, Any], value: Any) -> list[str]:
    """What is wrong with it by the schema's own draft, and by a later one, which does not overlook `const` and more."""
    found = [error for draft in (Draft4Validator, Draft202012Validator) for error in draft(schema).iter_errors(value)]
    return [error.message for error in found]


def texts(value: Any, path: str = "") -> list[tuple[str, str]]:
    """All texts in it, by where they stand."""
    if isinstance(value, str):
        return [(path.strip("."), value)]
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, one in inner for found in texts(one, path if isinstance(key, int) else f"{path}.{key}")]


def translations(wanted: Wanted) -> list[dict[str, str]]:
    """In every language but the manifest's own."""
    return [translation(wanted, language) for language in LANGUAGE_NAMES if language != "en"]


@pytest.mark.parametrize("wanted", WANTED, ids=repr)
def test_microsoft_s_schema_takes_it(wanted: Wanted) -> None:
    assert complaints(SCHEMA, manifest(wanted)) == []
    for words in translations(wanted):
        assert complaints(LOCAL_SCHEMA, words) == []


def test_the_schema_would_have_refused_a_wrong_one() -> None:
    made, words = manifest(WANTED[0]), translation(WANTED[0], "de")
    assert complaints(SCHEMA, {**made, "manifestVersion": "1.22"})
    assert complaints(SCHEMA, {**made, "bots": [{"botId": APP, "scopes": ["chat"]}]})
    assert complaints(SCHEMA, {key: made[key] for key in made if key != "developer"})
    assert complaints(LOCAL_SCHEMA, {**words, "name.short": "x" * 31})
    assert complaints(LOCAL_SCHEMA, {**words, "name.short": "null"})


@pytest.mark.parametrize("wanted", WANTED, ids=repr)
def test_all_texts_keep_to_teams_limits(wanted: Wanted) -> None:
    for words in [manifest(wanted), *translations(wanted)]:
        for path, text in texts(words):
            assert 0 < len(text) <= MOST.get(re.sub(r"\[\d+\]", "", path), 2048), path
        if "name" in words:
            assert words["name"]["short"] != words["name"]["full"]
            assert words["description"]["short"] not in words["description"]["full"]


def mostly(right: Any, *wrong: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """A right value, or else one of the wrong ones, some of which may do all the same."""
    return st.one_of(st.just(right), st.just(right), *wrong)


PAGES: Final = mostly(
    "https://rheinwerk.example/geist",
    st.text(max_size=30),
    st.from_regex(r"https?://[a-z/?#%ü\s]*"),
    st.just("https://" + "h" * 3000),
)


@given(
    mostly(APP, st.uuids().map(str), st.sampled_from(["", "bot", APP + "\n", APP[1:], "{" + APP + "}"])),
    mostly(
        "Fips", st.text(max_size=40), st.sampled_from(["null", " Null ", "\ud800", "a\u202eb", "a\u00a0b", "[[x]]"])
    ),
    mostly("1.2.3", st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){1,3}"), st.text(max_size=9)),
    st.builds(Maker, mostly("IT", st.text(max_size=40)), PAGES, PAGES, PAGES),
)
def test_whatever_is_wanted_is_a_valid_package_or_refused(app: str, name: str, version: str, maker: Maker) -> None:
    wanted = Wanted(app, name, True, version, maker)
    try:
        content = package(wanted)
    except ValueError:
        return
    files = unzipped(content)
    assert complaints(SCHEMA, json.loads(files["manifest.json"])) == []
    assert complaints(LOCAL_SCHEMA, json.loads(files["fr.json"])) == []


@given(st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=30))
def test_any_name_that_can_be_read_will_do(name: str) -> None:
    made = manifest(Wanted(APP, name if name.lower() != "null" else "x"))
    assert complaints(SCHEMA, made) == []


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (Wanted("bot"), "app id"),
        (Wanted(APP, "x" * 31), "30 characters"),
        (Wanted(APP, " "), "30 characters"),
        (Wanted(APP, "Haus\ngeist"), "30 characters"),
        (Wanted(APP, version="1.0"), "1.0.2"),
        (Wanted(APP, version="1.0.0-beta"), "1.0.2"),
        (Wanted(APP, version="01.0.0"), "1.0.2"),
        (Wanted(APP, maker=Maker("")), "32 characters"),
        (Wanted(APP, maker=Maker(website="")), "https://HOST"),
        (Wanted(APP, maker=Maker(website="http://rheinwerk.example")), "https://HOST"),
        (Wanted(APP, maker=Maker(privacy="rheinwerk.example")), "https://HOST"),
        (Wanted(APP, maker=Maker(terms="https://")), "https://HOST"),
    ],
)
def test_what_teams_would_refuse_is_refused_here(wanted: Wanted, told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        manifest(wanted)


def unzipped(content: bytes) -> dict[str, bytes]:
    """The files in a package."""
    with zipfile.ZipFile(io.BytesIO(content)) as zipped:
        assert zipped.testzip() is None
        return {name: zipped.read(name) for name in zipped.namelist()}


def test_the_zip_holds_what_the_manifest_names_and_nothing_else() -> None:
    files = unzipped(package(WANTED[0]))
    made = json.loads(files["manifest.json"])
    named = {*made["icons"].values(), *(other["file"] for other in made["localizationInfo"]["additionalLanguages"])}
    assert set(files) == {"manifest.json", *named}
    assert made == manifest(WANTED[0])
    assert json.loads(files["de.json"]) == translation(WANTED[0], "de")


def test_the_same_wish_makes_the_same_bytes() -> None:
    assert package(WANTED[0]) == package(WANTED[0])
    with zipfile.ZipFile(io.BytesIO(package(WANTED[0]))) as zipped:
        assert {entry.date_time for entry in zipped.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_new_package_takes_the_old_one_s_place_and_no_other_s() -> None:
    first = manifest(Wanted(APP))
    again = manifest(Wanted(APP.upper(), "Fips", without_mention=True, version="2.0.0"))
    assert (first["id"], first["bots"][0]["botId"]) == (again["id"], again["bots"][0]["botId"])
    assert first["id"] not in (APP, manifest(Wanted(APP.replace("5", "6")))["id"])


def pixels(png: bytes) -> tuple[int, int, list[tuple[int, ...]]]:
    """Width, height and all pixels of a PNG with eight bits a channel."""
    width, height, depth, kind = struct.unpack(">IIBB", png[16:26])
    channels = {2: 3, 6: 4}[kind]
    assert (png[:8], depth) == (b"\x89PNG\r\n\x1a\n", 8)
    at, packed = 8, b""
    while at < len(png):
        size, name = struct.unpack(">I4s", png[at : at + 8])
        packed += png[at + 8 : at + 8 + size] if name == b"IDAT" else b""
        at += size + 12
    raw, row, rows, length = zlib.decompress(packed), bytes(width * channels), [], width * channels
    for start in range(0, len(raw), length + 1):
        row = unfiltered(raw[start], raw[start + 1 : start + 1 + length], row, channels)
        rows.append(row)
    flat = b"".join(rows)
    return width, height, [tuple(flat[i : i + channels]) for i in range(0, len(flat), channels)]


def unfiltered(way: int, line: bytes, above: bytes, step: int) -> bytes:
    """One row of a PNG, as it was before its filter."""
    row = bytearray()
    for i, byte in enumerate(line):
        left, up = (row[i - step] if i >= step else 0), above[i]
        corner = above[i - step] if i >= step else 0
        paeth = min((left, up, corner), key=lambda one: abs(left + up - corner - one))
        row.append((byte + (0, left, up, (left + up) // 2, paeth)[way]) % 256)
    return bytes(row)


def test_the_icons_are_as_teams_wants_them() -> None:
    files = unzipped(package(WANTED[0]))
    width, height, color = pixels(files["color.png"])
    assert (width, height) == (192, 192)
    assert color[0][:3] == (0x12, 0x85, 0x80)  # the accent colour, to all corners
    assert {color[0], color[191], color[-192], color[-1]} == {color[0]}
    assert all(len(pixel) == 3 or pixel[3] == 255 for pixel in color)
    width, height, outline = pixels(files["outline.png"])
    assert (width, height) == (32, 32)
    assert {pixel[:3] for pixel in outline if pixel[3]} == {(255, 255, 255)}
    shown = [place for place, pixel in enumerate(outline) if pixel[3] == 255]
    assert 400 < len(shown) < 900
    assert outline[0][3] == outline[31][3] == 0


def test_it_may_be_everywhere_and_takes_files() -> None:
    made = manifest(Wanted(APP))
    (bot,) = made["bots"]
    assert (bot["botId"], bot["scopes"], bot["supportsFiles"]) == (APP.lower(), ["personal", "team", "groupChat"], True)
    assert made["validDomains"] == []
    assert made["defaultInstallScope"] == "personal"


def test_the_commands_are_those_that_exist_and_each_scope_has_a_list() -> None:
    lists = manifest(Wanted(APP))["bots"][0]["commandLists"]
    assert sorted(scope for one in lists for scope in one["scopes"]) == sorted(SCOPES)
    listed = [command["title"] for one in lists for command in one["commands"]]
    assert set(listed) == set(COMMANDS) == set(HERE) - {"ask"}
    assert all(title in ERRANDS or said(title).verb == title for title in listed)
    assert all(len(one["commands"]) <= 10 for one in lists)


def test_translated_commands_are_still_the_words_that_we_know() -> None:
    for words in translations(Wanted(APP)):
        assert {text for path, text in words.items() if re.fullmatch(r"bots.*\.title", path)} == set(COMMANDS)


def test_the_extension_asks_and_finds() -> None:
    (extension,) = manifest(Wanted(APP))["composeExtensions"]
    ask, question, find = extension["commands"]
    assert (ask["id"], ask["type"], ask["fetchTask"], ask["context"]) == ("ask", "action", True, ["message"])
    assert (question["type"], question["fetchTask"]) == ("action", True)
    assert question["context"] == find["context"] == ["compose", "commandBox"]
    assert (find["id"], find["type"], len(find["parameters"])) == ("find", "query", 1)


def test_help_names_the_extension_as_the_menu_does() -> None:
    for language in LANGUAGE_NAMES:
        assert f"*{ASK[language][0]}*" in TEAMS_HELP[language]


def test_it_reads_without_mention_only_where_that_is_wanted() -> None:
    least, most = manifest(Wanted(APP)), manifest(Wanted(APP, without_mention=True))
    assert not {"authorization", "webApplicationInfo"} & set(least)
    asked = most.pop("authorization")["permissions"]["resourceSpecific"]
    assert asked == [{"name": name, "type": "Application"} for name in CONSENTS]
    assert most.pop("webApplicationInfo")["id"] == APP.lower()
    assert most == least


def test_everything_it_asks_for_is_explained_in_plain_lines() -> None:
    told = explanation(without_mention=True)
    for name in [*SCOPES, *PERMISSIONS, *CONSENTS, *OFFERS]:
        assert re.search(rf"^{re.escape(name)} +\S.{{3,}}$", told, re.MULTILINE), name
    assert not any(name in explanation() for name in CONSENTS)
    made = manifest(Wanted(APP, without_mention=True))
    assert (set(made["bots"][0]["scopes"]), set(made["permissions"])) == (set(SCOPES), set(PERMISSIONS))


def test_the_page_says_what_the_code_asks_for() -> None:
    page = (ROOT / "docs" / "teams.md").read_text()
    for name, why in {**SCOPES, **PERMISSIONS, **CONSENTS, **OFFERS}.items():
        assert f"| `{name}` | {why} |" in page


def on_a_terminal(folder: Path, *words: str) -> tuple[int, str]:
    """Runs a command whose output is a terminal."""
    ours, theirs = os.openpty()
    status = subprocess.call([COMMAND, *words], stdout=theirs, stderr=theirs, cwd=folder, env=environment(folder))
    os.set_blocking(ours, False)
    told = os.read(ours, 10_000).decode()
    os.close(ours)
    os.close(theirs)
    return status, told


async def piped(folder: Path, *words: str, **settings: str) -> tuple[int, bytes]:
    """Runs a command whose output is not."""
    run = await asyncio.create_subprocess_exec(
        COMMAND, *words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment(folder, **settings)
    )
    out, _ = await run.communicate()
    return run.returncode or 0, out


@pytest.mark.timeout(60)
async def test_piped_the_command_writes_the_zip(tmp_path: Path) -> None:
    words = "manifest", "teams", "--name", "Fips", "--developer", "IT", "--website", "https://h.example"
    status, content = await piped(tmp_path, *words, "--app-version", "1.2.3", MICROSOFT_APP_ID=APP)
    wanted = Wanted(APP, "Fips", version="1.2.3", maker=Maker("IT", "https://h.example"))
    assert (status, content) == (0, package(wanted))
    status, content = await piped(tmp_path, "manifest", "teams", "--app-id", APP, "--without-mention", "--output", "-")
    assert status == 0
    assert "authorization" in json.loads(unzipped(content)["manifest.json"])


@pytest.mark.timeout(60)
def test_on_a_terminal_it_writes_a_file_and_no_binary(tmp_path: Path) -> None:
    status, told = on_a_terminal(tmp_path, "manifest", "teams", "--app-id", APP)
    assert (status, "upload it" in told, "example.com" in told) == (0, True, True)
    assert json.loads(unzipped((tmp_path / "hausgeist-teams.zip").read_bytes())["manifest.json"])["name"]
    status, told = on_a_terminal(tmp_path, "manifest", "teams", "--app-id", APP, "--output", "-")
    assert (status, "binary" in told, "PK" in told) == (2, True, False)


@pytest.mark.timeout(60)
async def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    target, words = tmp_path / "geist.zip", ("manifest", "teams", "--app-id", APP, "--website", "https://h.example")
    target.write_text("old")
    assert await hausgeist(tmp_path, *words, "--output", str(target)) == Outcome(
        0, f"{target}: upload it in Teams, Apps, Manage your apps; docs/teams.md says more\n", ""
    )
    assert target.read_bytes()[:2] == b"PK"
    assert [path.name for path in tmp_path.iterdir() if "hausgeist" in path.name] == []
    for nowhere in (tmp_path, tmp_path / "no" / "folder.zip", target / "below.zip"):
        failed = await hausgeist(tmp_path, *words, "--output", str(nowhere))
        assert (failed.status, len(failed.err.splitlines())) == (1, 1)
        assert "cannot be written" in failed.err


@pytest.mark.timeout(60)
async def test_wrong_use_is_told_in_one_line(tmp_path: Path) -> None:
    missing = await hausgeist(tmp_path, "manifest", "teams")
    assert (missing.status, missing.out) == (2, "")
    assert "--app-id" in missing.err
    assert "MICROSOFT_APP_ID" in missing.err
    wrong = await hausgeist(tmp_path, "manifest", "teams", "--app-id", APP, "--name", "x" * 31)
    assert (wrong.status, "30 characters" in wrong.err, len(wrong.err.splitlines())) == (2, True, 1)
    told = await hausgeist(tmp_path, "manifest", "teams", "--explain")
    assert told.out.strip() == explanation()
