"""The command line as users type it: what it prints, what it exits with, and one line for every error."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.house_process import Outcome, hausgeist
from tests.instant_model import instant_model

pytestmark = pytest.mark.timeout(90)

PAY = "# Pay\n\nThe top of level 5 is CHF 137000 a year.\n"


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """Documents to index: public ones, one for hr, one that cannot be read."""
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "hotels.md").write_text("# Hotels\n\nA hotel in Paris may cost EUR 180 a night.\n")
    (docs / "pay.md").write_text(PAY)
    (docs / "empty.pdf").write_bytes(b"")
    (docs / "_documents.toml").write_text('[[documents]]\nmatch = "pay.md"\ngroups = ["hr"]\n')
    return tmp_path


def lines(outcome: Outcome) -> list[dict[str, Any]]:
    assert outcome.status == 0, outcome.err
    return [json.loads(line) for line in outcome.out.splitlines()]


async def test_ingest_search_and_ask(folder: Path) -> None:
    (report,) = lines(await hausgeist(folder, "ingest", "docs", "--json"))
    assert (report["indexed"], report["unchanged"]) == (2, 0)
    assert [failure["path"] for failure in report["failed"]] == ["empty.pdf"]

    again = await hausgeist(folder, "ingest", "docs")
    assert "2 unchanged" in again.out
    assert "empty.pdf" in again.out

    (folder / "q.jsonl").write_text('{"_id": 7, "text": "hotel in Paris"}\n\n{"_id": "b", "text": "level 5 pay"}\n')
    public = lines(await hausgeist(folder, "search", "--jsonl", "q.jsonl"))
    assert [line["_id"] for line in public] == [7, "b"]
    assert public[0]["results"][0]["doc_id"] == "hotels.md"
    assert set(public[0]["results"][0]) == {"doc_id", "chunk_id", "score"}
    assert "pay.md" not in json.dumps(public)
    inside = lines(await hausgeist(folder, "search", "--jsonl", "q.jsonl", "--groups", "it,hr"))
    assert inside[1]["results"][0]["doc_id"] == "pay.md"

    asked = ({"_id": "1", "text": "A hotel in Paris?"}, {"_id": "2", "text": "top of level 5?", "groups": ["hr"]})
    (folder / "a.jsonl").write_text("\n".join(map(json.dumps, asked)))
    async with instant_model() as model:
        answers = lines(await hausgeist(folder, "ask", "--jsonl", "a.jsonl", HAUSGEIST_MODEL_URL=model.url))
    assert [line["sources"][0]["doc_id"] for line in answers] == ["hotels.md", "pay.md"]
    assert all(line["answer"] and line["trace_id"] and not line["refused"] for line in answers)


async def test_an_approved_answer_is_written_down_shown_and_dropped(tmp_path: Path) -> None:
    question = "Where is the first aid box?"
    added = await hausgeist(tmp_path, "admin", "curate", "add", question, "Floor 2.", "--owner", "Ann")
    assert (added.status, "answer 1 " in added.out) == (0, True)
    listed = await hausgeist(tmp_path, "admin", "curate", "list")
    assert all(part in listed.out for part in (question, "Ann", "everybody", "Floor 2."))
    (tmp_path / "q.jsonl").write_text(json.dumps({"_id": 1, "text": "where is the first-aid box"}))
    (found,) = lines(await hausgeist(tmp_path, "search", "--jsonl", "q.jsonl"))
    assert found["results"][0]["doc_id"] == "curated/1"
    assert (await hausgeist(tmp_path, "admin", "curate", "remove", "1")).status == 0
    again = await hausgeist(tmp_path, "admin", "curate", "remove", "1")
    assert (again.status, "no approved answer 1" in again.err) == (1, True)
    for nothing in (" ", "?", "Who are we?"):
        assert (await hausgeist(tmp_path, "admin", "curate", "add", nothing, "x", "--owner", "Ann")).status == 2


async def test_several_paths_and_corpus_files_name_their_documents(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.md").write_text(f"# {name}\n\nThe rule of {name}.\n")
    (tmp_path / "corpus.jsonl").write_text('{"_id": "one", "title": "One", "text": "Pelicans nest in spring."}\n')
    await hausgeist(tmp_path, "ingest", "a", "b")
    await hausgeist(tmp_path, "ingest", "corpus.jsonl", "--collection", "birds")
    found = await hausgeist(tmp_path, "search", "rule")
    assert "a/x.md" in found.out
    assert "b/x.md" in found.out
    birds = await hausgeist(tmp_path, "search", "pelicans nest", "--collection", "birds")
    assert "one" in birds.out
    assert "x.md" not in birds.out


MANY = " ".join(f"ann{number}@firm.example" for number in range(2100))


async def test_guard_shows_its_policy(tmp_path: Path) -> None:
    rows = lines(await hausgeist(tmp_path, "guard", "--policy", "--jsonl"))
    assert {"kind": "SECRET", "model": "block", "documents": "mask"}.items() <= {**rows[26]}.items()
    assert [row["kind"] for row in rows][:2] == ["PERSON", "STREET_ADDRESS"]


async def test_guard_shows_what_it_does(tmp_path: Path) -> None:
    text = "Grüezi, mail ann.meier@firm.example please."
    record = json.dumps({"_id": "1", "text": text})
    (line,) = lines(await hausgeist(tmp_path, "guard", "--jsonl", "--restore", stdin=record))
    (span,) = line["spans"]
    assert text[span["start"] : span["end"]] == "ann.meier@firm.example"
    assert (span["type"], line["blocked"], line["restored"]) == ("EMAIL_ADDRESS", False, text)
    assert "ann.meier" not in line["masked"]
    (everything,) = lines(await hausgeist(tmp_path, "guard", "--all", stdin=text))
    assert everything["spans"]


@pytest.mark.parametrize(
    ("words", "stdin", "status", "told"),
    [
        (["wander"], "", 2, "wander"),
        (["search"], "", 2, "QUERY"),
        (["search", "x", "-k", "0"], "", 2, "-k"),
        (["ingest", "nowhere"], "", 2, "nowhere"),
        (["ingest", ""], "", 2, "an address is empty"),
        (["ingest", "ftp://firm.example/"], "", 2, "ftp:// is no kind of address"),
        (["ingest", "https://ann:hush@firm.example/"], "", 2, "https://ann@firm.example/: take the password out"),
        (["ingest", "git+file:///nowhere.git"], "", 1, "'/nowhere.git' does not appear to be a git repository"),
        (["ingest", "http://127.0.0.1:1/"], "", 1, "cannot be reached: nobody answers at this host and port"),
        (["ingest", "http://nowhere.invalid/"], "", 1, "cannot be reached: no such host is known"),
        (["serve", "--role", "butler"], "", 2, "butler"),
        (["guard", "--jsonl"], "{", 1, "line 1"),
        (["guard", "--jsonl"], '{"_id": 1}', 1, '"text"'),
        (["guard", "--jsonl"], json.dumps({"_id": "r7", "text": MANY}), 1, "record r7: too much personal data"),
        (["models", "pull", "huge"], "", 1, "huge"),
        (["admin", "delete-doc", "nothing.md"], "", 1, "nothing.md"),
    ],
)
async def test_errors_are_one_line_and_an_exit_status(
    tmp_path: Path, words: list[str], stdin: str, status: int, told: str
) -> None:
    outcome = await hausgeist(tmp_path, *words, stdin=stdin)
    assert (outcome.status, outcome.out) == (status, "")
    assert told in outcome.err
    assert len(outcome.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ('"history": [{"role": "user"}]', "history.0.content"),
        ('"groups": "hr"', "groups: Input should be a valid list"),
    ],
)
async def test_a_record_that_is_no_question_is_named(tmp_path: Path, wrong: str, told: str) -> None:
    outcome = await hausgeist(
        tmp_path, "ask", "--jsonl", "-", stdin=f'{{"_id": "q7", "text": "hi", {wrong}}}', HAUSGEIST_MODEL_NAME="none"
    )
    assert outcome.status == 1
    assert outcome.err.splitlines()[-1].startswith(f"hausgeist: record 'q7': {told}")


async def test_wrong_settings_stop_every_command_with_2(tmp_path: Path) -> None:
    outcome = await hausgeist(tmp_path, "search", "x", HAUSGEIST_BIND="nonsense")
    assert outcome.status == 2
    assert "HAUSGEIST_BIND='nonsense'" in outcome.err


async def test_a_data_directory_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    outcome = await hausgeist(tmp_path, "ask", "Hello?", HAUSGEIST_DATA_DIR=str(tmp_path / "file"))
    assert outcome.status == 1
    assert len(outcome.err.splitlines()) == 1
    outcome = await hausgeist(tmp_path, "search", "x", HAUSGEIST_DATA_DIR="/proc/nowhere")
    assert outcome.err.startswith("hausgeist: /proc/nowhere")
    assert "Errno" not in outcome.err


async def test_gaps_are_reported(folder: Path) -> None:
    assert (await hausgeist(folder, "ingest", "docs")).status == 0
    assert (await hausgeist(folder, "ask", "Do whales sing?", HAUSGEIST_MODEL_NAME="none")).status == 0
    (told,) = lines(await hausgeist(folder, "admin", "gaps", "--json"))
    shown = await hausgeist(folder, "admin", "gaps")
    assert (told["questions"], [topic["name"] for topic in told["topics"]]) == (1, ["Do whales sing?"])
    assert Path(shown.out.split()[-1]).read_text().startswith("<!doctype html>")
