"""An answer that somebody approved for this very question is told as it stands; no model has a say in it."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

from bot.language import Language
from bot.prompt import Prompt
from rag.curated import is_approved
from rag.passages import Passage

APPROVED: Final[dict[Language, str]] = {
    "en": "Approved by {owner} on {date}.",
    "de": "Freigegeben von {owner} am {date}.",
    "fr": "Approuvé par {owner} le {date}.",
}


class ApprovedModel:
    """Says the first passage, each line with its citation."""

    name = "none (approved)"

    async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        """The answer, line by line."""
        for line in prompt.passages[0].text.splitlines(keepends=True):
            told = line.rstrip()
            yield f"{told} [1]{line[len(told) :]}" if told else line

    async def queue(self) -> int | None:
        return 0


def approval(passages: Sequence[Passage], language: Language) -> tuple[str, ...]:
    """Who approved the answer, and when; nothing where it is not an approved one."""
    if not passages or not is_approved(passages[0]):
        return ()
    return (APPROVED[language].format(owner=passages[0].owner, date=passages[0].date),)
