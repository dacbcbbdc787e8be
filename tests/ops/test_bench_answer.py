"""The bench of answers builds its rows from the public sets' form, and judges what the product makes of drafts."""

import json
from pathlib import Path

from bot.verdict import Piece
from ops.bench.answer_sets import Row, answer_rows
from ops.bench.knowledge import Options
from ops.bench.knowledge_answer import Drafts, figures

TEXTS = {
    "aa1": "The lighthouse of Norvik flashes every 17 seconds.",
    "aa2": "The harbour of Norvik closes in winter because of the ice.",
    "aa3": "The bakery of Norvik sells bread made of rye.",
    "aa4": "The school of Norvik has forty pupils.",
}
ASKED = "How often does the lighthouse flash?"
RIGHT = "The lighthouse of Norvik flashes every 17 seconds. [1]"


def write(path: Path, *rows: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(map(json.dumps, rows)))


def sets(data: Path) -> Path:
    passage = {"title": "Norvik", "text": TEXTS["aa1"]}
    write(
        data / "rag-clapnq/dev.jsonl",
        {"id": 1, "answerable": True, "question": ASKED, "passages": [passage]},
        {"id": 2, "answerable": False, "question": "Who built it?", "passages": [passage]},
    )
    talk = [{"role": "user", "text": "Norvik?"}, {"role": "agent", "text": "A town."}, {"role": "user", "text": ASKED}]
    context = [{"id": name, "text": text} for name, text in TEXTS.items()]
    write(
        data / "rag-mtrag/mtrag_un_reference.jsonl",
        {"messages": talk, "answerability": ["ANSWERABLE"], "contexts": context},
        {"messages": talk, "answerability": ["UNANSWERABLE"], "contexts": []},
        {"messages": talk, "answerability": ["PARTIAL"], "contexts": context},
    )
    for language in ("en", "de"):
        folder = data / "qa-xquad-multilingual"
        corpus = [{"_id": name, "title": "Norvik", "text": text} for name, text in TEXTS.items()]
        write(folder / f"corpus.{language}.jsonl", *corpus)
        write(folder / f"questions.{language}.jsonl", *[{"_id": n, "text": ASKED, "positive": "aa1"} for n in range(6)])
    return data


def drafted(row: Row) -> Piece:
    if row.set == "clapnq" and not row.holds:
        return Piece("Yes. Perhaps somebody repaired everything yesterday. [1]", 2.0)
    if row.set == "mtrag" and not row.holds:
        return Piece(f"Yes. {RIGHT}", -1.0)
    return Piece(f"Yes. {RIGHT}" if row.holds else "No. NO ANSWER", 2.0 if row.holds else -2.0)


def test_each_check_is_left_out_by_turns(tmp_path: Path) -> None:
    rows = list(answer_rows(Options(sets(tmp_path / "data"), tmp_path), 4096))
    assert [(row.set, row.holds) for row in rows[:4]] == [
        ("clapnq", True),
        ("clapnq", False),
        ("mtrag", True),
        ("mtrag", False),
    ]
    assert len(rows[3].prompt.passages) == 3
    assert [message.text for message in rows[3].prompt.history] == ["Norvik?", "A town."]
    among = [row for row in rows if row.among]
    assert len(among) == 2
    assert all(row.gold == {"aa1"} and len(row.prompt.passages) == 3 for row in among)

    drafts = Drafts(tmp_path / "drafts.jsonl", "tiny")
    for row in rows:
        drafts.keep(row, [drafted(row)])
    again = Drafts(tmp_path / "drafts.jsonl", "tiny")
    found = {figure.name: figure.value for figure in figures(rows, again)}
    assert found["answer-together"] == 1.0
    assert found["answer-citations-together"] == found["answer-citations-xquad-among-three"] == 1.0
    assert (
        found["answer-mtrag-without-odds-declined"] == found["answer-clapnq-without-the-check-of-words-declined"] == 0
    )
    assert found["answer-together-by-the-prompt-alone-declined"] == 0
