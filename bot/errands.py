"""Commands that take longer than a platform waits: about what is kept of a person, and to add or delete a document.

They wait in the inbox like questions, so that whoever takes over from a worker that died does them to the end.
"""

import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from bot.erasure import Eraser
from bot.errors import searching
from bot.events import Receipt, Turn
from bot.files import Fetch
from bot.language import Language, language_of
from bot.notices import ADMINS_ONLY
from bot.notices_rights import CLOSED_BY_NOW, COPY, COPY_CUT, IN_PRIVATE, NO_DOCUMENT, NOTHING_KEPT
from bot.people import Directory
from bot.report import DOCUMENT_STAYS, PERSON_STAYS, Erasure
from bot.uploads import SEND, Shelf, take_in, wish
from bot.verbs import said
from rag.passages import OWN_FILE

LONGEST: Final = 20_000  # characters of a copy that are told in a chat


class Archive(Protocol):
    """The library, as far as deleting needs it."""

    async def bury(self, doc_id: str, by: str) -> bool:
        """Takes a document out of all answers at once; False if there is none. Safe to call twice."""

    async def remove(self, doc_id: str, by: str) -> Mapping[str, int]:
        """Removes what a document leaves in the index: how much of what. Safe to call twice."""

    async def gone(self, doc_ids: Collection[str]) -> frozenset[str]:
        """Which of the documents were deleted, or are at no source any more."""

    async def readable(self, doc_ids: Collection[str], groups: frozenset[str]) -> frozenset[str]:
        """Which of the documents the groups may read."""


@dataclass(frozen=True, slots=True)
class Errands:
    """Does what such a command says; every method raises StateDown and IndexDown."""

    archive: Archive
    eraser: Eraser
    directory: Directory
    shelf: Shelf | None = None

    async def begin(self, turn: Turn) -> Turn | Receipt | None:
        """The errand that a turn is, or why not; None for a question.

        A document is in no answer any more when this returns.
        """
        words = said(turn.text.removeprefix("/"))
        verb, _, about = words.text.partition(" ")
        if words.verb != "errand" or (turn.files and verb != "add-doc") or turn.call != "addressed":
            return None
        if refusal := await self._refusal(turn, verb, about):
            return Receipt(note=refusal)
        # Nothing that was written before or after is part of it.
        apart = f"{turn.conversation}:{verb}:{turn.message_id}"
        return replace(turn, conversation=apart, errand=verb, text=about, place="", opens=False)

    async def _refusal(self, turn: Turn, verb: str, about: str) -> str:
        """Why an errand is not done; a document that shall be deleted is in no answer from here on."""
        language = language_of(turn.text)
        if not turn.private:
            return IN_PRIVATE[language].format(verb=verb)
        if verb in ("add-doc", "delete-doc") and not self.directory.administers(turn.person):
            return ADMINS_ONLY[language].format(person=turn.person.id)
        if verb == "add-doc" and (not turn.files or wish(about) is None):
            return SEND[language]
        if verb == "delete-doc":
            with searching():
                if not await self.archive.bury(about, turn.person.id):
                    return NO_DOCUMENT[language].format(name=about[:200])
        return ""

    async def run(self, turn: Turn, fetch: Fetch | None = None) -> str:
        """Does an errand to its end; what its person is told, in Markdown. `fetch` gets its files."""
        language = language_of(turn.text)
        if turn.errand == "delete-doc":
            return (await self.delete(turn.text, turn.person.id)).as_text(language)
        if turn.errand == "add-doc" and fetch and self.shelf:
            with searching():
                return await take_in(turn, fetch, self.shelf)
        if turn.errand == "export-me":
            return told(await self._copy(turn), language)
        return (await self.forget(turn.person.id, but=turn.conversation)).as_text(language)

    async def _copy(self, turn: Turn) -> Mapping[str, Any]:
        """What is kept of somebody, without answers made from what they may not read any more."""
        copy = await self.eraser.copy(turn.person.id)
        rights = await self.directory.rights(turn)
        named = {name for one in copy["exchanges"] for name in _ours(one["documents"] or ())}
        with searching():
            closed = named - await self.archive.readable(named, rights.groups) if named else named
        hidden = CLOSED_BY_NOW[language_of(turn.text)]
        told = [
            one if one["documents"] is not None and closed.isdisjoint(one["documents"]) else {**one, "answer": hidden}
            for one in copy["exchanges"]
        ]
        return {**copy, "exchanges": told}

    async def delete(self, doc_id: str, by: str) -> Erasure:
        """Erases a document and all that was made from it."""
        with searching():
            buried = await self.archive.bury(doc_id, by)
            removed = await self.archive.remove(doc_id, by)
        quoted = await self.sweep({doc_id}) if buried else {}
        stays = [place for place in DOCUMENT_STAYS if place != "sources" or not removed.get("copies")]
        return Erasure("document", doc_id, time.time(), {"tombstone": int(buried), **removed, **quoted}, tuple(stays))

    async def forget(self, person: str, but: str = "") -> Erasure:
        """Erases what is kept of somebody; `but` is the conversation in which they said so."""
        return Erasure("person", person, time.time(), await self.eraser.person(person, but), PERSON_STAYS)

    async def sweep(self, only: Collection[str] = ()) -> Mapping[str, int]:
        """Erases what was made from documents that are gone, of all or `only` of some: how much of what."""

        async def gone(doc_ids: Collection[str]) -> frozenset[str]:
            asked = [doc_id for doc_id in _ours(doc_ids) if not only or doc_id in only]
            with searching():
                return await self.archive.gone(asked) if asked else frozenset()

        return await self.eraser.documents(gone)


def _ours(doc_ids: Iterable[str]) -> Iterator[str]:
    """Of what an answer was made from the company's documents: files that came with a question are in no library."""
    return (doc_id for doc_id in doc_ids if not doc_id.startswith(OWN_FILE))


def told(copy: Mapping[str, Any], language: Language) -> str:
    """What is kept of somebody, as they read it: the newest first, as much as a chat takes."""
    if not copy["exchanges"] and not copy["verdicts"]:
        return NOTHING_KEPT[language]
    lines, size = [COPY[language].format(exchanges=len(copy["exchanges"]), verdicts=len(copy["verdicts"]))], 0
    for one in reversed(copy["exchanges"]):
        when = datetime.fromtimestamp(one["at"], UTC).isoformat(" ", timespec="minutes")
        lines.append(f"**{when} UTC: {one['question']}**\n{one['answer']}")
        size += len(lines[-1])
        if size > LONGEST:
            lines.append(COPY_CUT[language].format(person=copy["person"]))
            break
    return "\n\n".join(lines)
