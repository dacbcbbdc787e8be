"""A document's end, for callers that must not be held up: at once in no answer, then out of every index."""

import asyncio
from collections.abc import Collection, Mapping

from rag.library import Library
from rag.uploads import Uploads


class Deletion:
    """Deletes from a library, in threads. Every method raises LibraryError."""

    def __init__(self, library: Library) -> None:
        self._library = library

    async def bury(self, doc_id: str, by: str) -> bool:
        """Takes a document out of all answers at once; False if there is none. Safe to call twice."""
        return await asyncio.to_thread(self._library.bury, doc_id, by)

    async def remove(self, doc_id: str, by: str) -> Mapping[str, int]:
        """Removes what a document leaves in the index, in every generation; counts what the current one had.

        Of one that was handed to us, our copy goes, too.
        """
        copies = await asyncio.to_thread(Uploads(self._library).discard, doc_id)
        removed = await asyncio.to_thread(self._library.delete, doc_id, by)
        number = self._library.current().number
        mine = [one for one in removed if one.generation == number]
        counts = {"documents": sum(one.documents for one in mine), "passages": sum(one.passages for one in mine)}
        return {**counts, "copies": copies} if copies else counts

    async def readable(self, doc_ids: Collection[str], groups: frozenset[str]) -> frozenset[str]:
        """Returns those of the documents that the groups may read."""
        return await asyncio.to_thread(self._library.readable, doc_ids, groups)

    async def gone(self, doc_ids: Collection[str]) -> frozenset[str]:
        """Returns those of the documents that were deleted, or are at no source any more."""
        return await asyncio.to_thread(self._library.gone, doc_ids)
