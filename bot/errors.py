"""Every error we raise on purpose; `str(error)` may be shown to the person.

HausgeistError
├── Refused            we understood, and will not: burns no error budget
│   ├── NotAllowed     the person or place may not ask
│   ├── Blocked        the guard's policy forbids the text
│   ├── OverQuota      too much at once
│   └── Stopped        the person stopped it, or deleted the question
└── Unavailable        we would, but a part is missing
    ├── ModelDown      the model server does not answer
    ├── IndexDown      the index cannot be searched
    ├── GuardDown      the guard cannot look at the text: nothing passes
    ├── StateDown      Redis does not answer
    ├── Undelivered    the platform does not take what we say: it is said later
    ├── TooSlow        the answer took longer than anybody waits
    └── Broken         something that must not happen, happened
"""

from collections.abc import Iterator
from contextlib import contextmanager

from rag.errors import LibraryError


class HausgeistError(Exception):
    """The root of all errors that are ours."""


class Refused(HausgeistError):
    """The request was understood and declined."""


class NotAllowed(Refused):
    """The person, or the place they ask in, may not do this."""


class Blocked(Refused):
    """The guard's policy forbids the text."""


class OverQuota(Refused):
    """Too many questions are waiting already."""


class Stopped(Refused):
    """The person wants no answer any more."""


class Unavailable(HausgeistError):
    """A part that the answer needs does not work at the moment."""


class ModelDown(Unavailable):
    """The model server refused, failed or kept silent past its deadline."""


class IndexDown(Unavailable):
    """The index could not be read or searched."""


class GuardDown(Unavailable):
    """The guard could not look at the text; nothing unchecked passes."""


class StateDown(Unavailable):
    """Redis could not be reached or written."""


class Undelivered(Unavailable):
    """The platform did not take a message in time; the turn is taken up again later."""


class TooSlow(Unavailable):
    """The answer took longer than anybody waits."""

    def __init__(self) -> None:
        super().__init__("That took too long. Please ask again.")


class Broken(Unavailable):
    """Something that must not happen, happened; the log has the place."""

    def __init__(self, text: str = "Something went wrong on our side.") -> None:
        super().__init__(text)


@contextmanager
def searching() -> Iterator[None]:
    """Says in our words what the library could not do: raises IndexDown for a LibraryError."""
    try:
        yield
    except LibraryError as error:
        raise IndexDown("I cannot search the documents at the moment. Please ask again in a minute.") from error
