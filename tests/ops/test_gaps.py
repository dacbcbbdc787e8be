"""The weekly report: what was not answered well, by topic, to those who own the documents, with no personal data."""

import json
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope
from redis.asyncio import Redis

from bot.events import Feedback, Person, Verdict
from bot.gaps import collect
from bot.model import ScriptedModel
from guardrails.pii import Guard
from ops.gaps import Report, make_report
from ops.gaps_job import report_gaps
from ops.gaps_page import page
from ops.mail import NotSent, message, send
from ops.settings import load
from rag.library import Library
from tests.bot.house import House
from tests.redis_servers import free_ports

HOTEL = "How much may a hotel in Paris cost?"


@dataclass
class Postman:
    """A mail server's inbox."""

    mails: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, server: object, session: object, envelope: Envelope) -> str:
        mail: Any = BytesParser(_class=EmailMessage, policy=default).parsebytes(envelope.original_content or b"")
        self.mails.append(mail)
        return "250 OK"


@pytest.fixture
def post() -> Iterator[tuple[Postman, str]]:
    postman = Postman()
    controller = Controller(postman, "127.0.0.1", free_ports(1)[0])
    controller.start()
    yield postman, f"smtp://127.0.0.1:{controller.port}"
    controller.stop()


@pytest.fixture
async def house(redis: Redis, guard: Guard, library: Library) -> AsyncIterator[House]:
    """A week: one answer that two people disliked, one declined question asked twice, one good answer."""
    house = House(
        redis,
        guard,
        library,
        ScriptedModel(*["A hotel in Paris may cost EUR 180 a night. [1]"] * 2, *["NO ANSWER"] * 3),
    )
    for name, text in (("disliked", HOTEL), ("good", "Which hotel may I book in Paris for a night?")):
        seen = await house.ask(text, message_id=name, conversation=name)
        assert not seen.answer.refused
        shown = f"post-{name}"
        await redis.rename("hg:answer:answer-1", f"hg:answer:{shown}")
        if name == "disliked":
            for person in ("mara", "jon"):
                said = Feedback(person, shown, Person(person), Verdict.DOWN, reason="outdated")
                await house.memory.judge(said)
    for person in ("Ann Keller", "Jon Meier"):
        text = f"Elephant permitted upstairs? {person} asks"
        await house.ask(text, message_id=person, conversation=person)
        await redis.rename("hg:answer:answer-1", f"hg:answer:{person}")
    yield house


async def report(house: House, stale_days: float = 10_000) -> Report:
    return await make_report(house.redis, house.library, 7, stale_days)


async def test_what_was_declined_or_disliked_is_grouped_by_topic(house: House) -> None:
    made = await report(house)
    assert (made.questions, made.gaps) == (4, 3)
    largest, other = made.topics
    assert (largest.unanswered, largest.disliked) == (2, 0)
    assert "elephant" in largest.name.lower()
    assert (other.name, other.disliked, other.reasons) == (HOTEL, 1, ("outdated",))
    assert (other.owner, other.documents) == ("Ann", ("travel.md",))


async def test_nobody_is_named_in_it(house: House) -> None:
    shown = page(await report(house))
    assert "Elephant" in shown
    assert not [word for word in ("Keller", "Meier", "PERSON_1", "mara") if word in shown]


async def test_a_verdict_taken_back_is_no_gap_any_more(house: House) -> None:
    for person in ("mara", "jon"):
        said = Feedback(f"{person}-2", "post-disliked", Person(person), Verdict.DOWN, removed=True)
        await house.memory.judge(said)
    assert HOTEL not in [topic.name for topic in (await report(house)).topics]


async def test_what_is_older_is_not_in_it(house: House) -> None:
    now = time.time()
    assert (await collect(house.redis, now - 1e6, now)).questions == 4
    assert (await collect(house.redis, now + 1, now + 2)).questions == 0
    assert (await collect(house.redis, 0, now - 3600)).questions == 0


async def test_an_answer_that_two_messages_show_counts_once(house: House) -> None:
    await house.redis.copy("hg:answer:post-disliked", "hg:answer:twin")
    assert (await report(house)).gaps == 3


async def test_old_documents_are_named_with_their_owners(house: House) -> None:
    (old,) = (await report(house, stale_days=1)).old
    assert (old.doc_id, old.owner, old.date) == ("travel.md", "Ann", "2026-01-05")


async def test_the_page_shows_any_text_as_text(house: House) -> None:
    await house.ask("May <script>alert(1)</script> & my zebra come along to the pasture?", conversation="x")
    shown = page(await report(house), "de")
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown
    assert "nicht beantwortet" in shown
    assert "http" not in shown.replace("http://www.w3.org/2000/svg", "")


async def test_a_week_without_gaps_has_a_page_too(redis: Redis, library: Library) -> None:
    made = await make_report(redis, library, 7, 10_000)
    assert "nobody disliked" in page(made)


async def test_owners_get_their_part_by_mail(house: House, post: tuple[Postman, str], tmp_path: Path) -> None:
    postman, url = post
    owners = {"Ann": ("ann@firm.example",), "*": ("all@firm.example",), "Nobody": ("no@firm.example",)}
    settings = load(data_dir=tmp_path / "data", smtp_url=url, owners=owners, mail_from="hausgeist@firm.example")
    await report_gaps(settings, house.redis, house.library)
    assert sorted(mail["To"] for mail in postman.mails) == ["all@firm.example", "ann@firm.example"]
    mine, everything = sorted(postman.mails, key=lambda mail: str(mail["To"]), reverse=True)
    assert HOTEL in body(mine)
    assert "Elephant" not in body(mine)
    assert "Elephant" in body(everything)
    (page_of,) = mine.iter_attachments()
    assert str(page_of.get_filename()).endswith(".html")
    (kept,) = (tmp_path / "data" / "reports").glob("*.html")
    assert "<svg" in kept.read_text()
    assert json.loads(kept.with_suffix(".json").read_text())["questions"] == 4


async def test_without_a_mail_server_the_page_is_kept_and_a_failure_told_without_a_word_of_it(
    house: House, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nobody = f"smtp://127.0.0.1:{free_ports(1)[0]}"
    settings = load(data_dir=tmp_path / "data", smtp_url=nobody, owners={"*": ("all@firm.example",)})
    await report_gaps(settings, house.redis, house.library)
    assert list((tmp_path / "data" / "reports").glob("*.html"))
    assert "no report of gaps" in caplog.text
    assert "Elephant" not in caplog.text


def test_a_password_goes_over_no_open_line(post: tuple[Postman, str]) -> None:
    postman, url = post
    mail = message("a@firm.example", ["b@firm.example"], "s", "t", "<p>", "p.html")
    with pytest.raises(NotSent, match="no encryption"):
        send(url.replace("smtp://", "smtp://me:secret@"), [mail])
    assert not postman.mails


def body(mail: Message) -> str:
    assert isinstance(mail, EmailMessage)
    plain = mail.get_body(("plain",))
    assert plain
    return str(plain.get_content())
