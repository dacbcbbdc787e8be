"""What can go wrong in here, said so that it may be shown.

LibraryError       the index cannot be opened, read or written: nothing goes on
└── SourceError    a source cannot be listed, or says something unclear about who may read it: left as it was
Unreadable         one document gave no text: the batch goes on
"""


class LibraryError(Exception):
    """The index could not be opened, read or written; says what to do."""


class SourceError(LibraryError):
    """A source is missing or its metadata is malformed; what was indexed from it stays as it was."""


class Unreadable(Exception):
    """One document has no usable text; `passing` when a later try may well succeed."""

    def __init__(self, reason: str, *, passing: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.passing = passing
