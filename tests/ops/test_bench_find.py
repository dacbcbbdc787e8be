"""The bench of finding counts as it says, and pays for a vector once."""

import json
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from ops.bench.kept_vectors import KeptVectors
from ops.bench.knowledge_find import figures, ndcg
from ops.bench.knowledge_followups import Talk
from ops.bench.knowledge_followups import figures as followups
from ops.bench.knowledge_sets import RetrievalSet, retrieval_sets
from rag.embedder import HashEmbedder, Vectors
from rag.library import Library
from rag.sources import Source
from tests.public_data import public_data

PAGES = {"leave": "Annual leave is 25 days.", "badge": "Report a lost badge at once.", "vpn": "Install the VPN client."}


class Counted(HashEmbedder):
    """Keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def passages(self, texts: list[str]) -> Vectors:
        self.asked += texts
        return super().passages(texts)


def test_gain_is_one_for_the_best_order_and_falls_with_each_place() -> None:
    wanted = {"a": 1.0, "b": 3.0}
    assert ndcg(wanted, ["b", "a", "c"]) == pytest.approx(1)
    assert 0 < ndcg(wanted, ["c", "a", "b"]) < ndcg(wanted, ["a", "b", "c"]) < 1
    assert ndcg(wanted, ["c", *"defghijkl", "b"]) == 0  # behind the tenth place


def test_search_is_held_against_each_half(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus.jsonl"
    corpus.write_text("\n".join(json.dumps({"_id": name, "text": text}) for name, text in PAGES.items()))
    wanted = {"1": {"leave": 1.0}, "2": {"vpn": 1.0}}
    asked = RetrievalSet("small", corpus, {"1": "annual leave", "2": "VPN client"}, wanted, least=0.9)
    with closing(Library.open(tmp_path / "index", HashEmbedder())) as library:
        library.sync(Source(corpus))
        named = {figure.name: figure for figure in figures(asked, library, None)}
    assert [figure.value for figure in named.values()] == [1.0] * 5
    assert named["find-small"].goal == pytest.approx(0.99)
    assert named["find-small-at-least"].holds


def test_a_vector_is_made_once(tmp_path: Path) -> None:
    embedder = Counted()
    first = KeptVectors(embedder, tmp_path).passages(["one", "two", "one"])
    again = KeptVectors(embedder, tmp_path).passages(["two", "three", "one"])
    assert sorted(embedder.asked) == ["one", "three", "two"]
    assert np.array_equal(again, HashEmbedder().passages(["two", "three", "one"]))
    assert np.array_equal(first[0], first[2])


def test_every_question_of_the_sets_has_a_document() -> None:
    sets = list(retrieval_sets(public_data(".")))
    assert len(sets) == 15
    for asked in sets:
        documents = {str(json.loads(line)["_id"]) for line in asked.corpus.read_text().splitlines()}
        assert all(documents & asked.wanted[key].keys() for key in asked.questions), asked.name


def test_follow_ups_are_held_against_both_other_ways(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus.jsonl"
    corpus.write_text("\n".join(json.dumps({"_id": name, "text": text}) for name, text in PAGES.items()))
    talks = [Talk(("How do I report a lost badge?", "And why?"), {"badge": 1.0})]
    found = followups("small", corpus, KeptVectors(HashEmbedder(), tmp_path), talks)
    ours, alone, whole = (figure.value for figure in found)
    assert ours == whole == 1
    assert alone < 1
