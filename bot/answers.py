"""What we say: an answer with its sources, and the port through which an adapter shows it."""

from dataclasses import dataclass
from typing import Protocol

from bot.errors import HausgeistError
from bot.language import Language


@dataclass(frozen=True, slots=True)
class Source:
    """A document that the answer cites as `[number]`, with the beginning of the passage; `link` is its URL, if any.

    `page` counts from 1, and is 0 where the document has no pages or they are not known.
    `stale` marks one whose date lies further back than documents are trusted to be current.
    """

    number: int
    doc_id: str
    title: str
    excerpt: str
    link: str = ""
    owner: str = ""
    date: str = ""
    stale: bool = False
    page: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer: Markdown text citing `sources` as `[1]`; `refused` when the documents do not hold it.

    `masked` names the kinds of personal data that were hidden from the model (`EMAIL_ADDRESS`, ...).
    `makeshift` marks passages given without the model's help: asking again (`trace_id`) may bring a real answer.
    `notices` are lines about the question itself, such as a file that could not be read.
    `title` names the conversation in a few words, with its first answer only.
    `read` names all documents that it was made from, cited or not: who may not read them must not see it.
    """

    text: str
    trace_id: str
    sources: tuple[Source, ...] = ()
    refused: bool = False
    language: Language = "en"
    masked: tuple[str, ...] = ()
    makeshift: bool = False
    notices: tuple[str, ...] = ()
    title: str = ""
    read: tuple[str, ...] = ()

    @property
    def uncited(self) -> bool:
        """Whether it claims something and names no document for it."""
        return not (self.sources or self.refused or self.makeshift)


class Reply(Protocol):
    """One answer on its way to one person. Calls come in order: `status`* `write`* then `finish` or `fail`, once."""

    async def waiting(self, text: str) -> None:
        """Shows, for as long as it takes, that the turn waits ("3 before you"); may do nothing; never raises."""

    async def status(self, text: str) -> None:
        """Says what we are doing ("searching"); may do nothing; never raises."""

    async def write(self, piece: str) -> None:
        """Appends a piece of Markdown; what was written is never taken back. May buffer; never raises."""

    async def finish(self, answer: Answer) -> str:
        """Shows the whole answer with sources and thumbs, and with a button to ask again if it is makeshift.

        Returns the id by which later feedback names it. Raises Undelivered, Superseded.
        """

    async def fail(self, error: HausgeistError, trace_id: str) -> None:
        """Tells the person, in place of an answer, what went wrong and the id to quote.

        Where the error is `Unavailable`, with a button that asks again (`Again.kept` is the trace id). Raises
        Undelivered, Superseded.
        """
