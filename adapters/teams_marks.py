"""Which messages an answer stands in, as its button carries them: sealed, for what comes back may be forged."""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Final

from bot.seal import Seal

MOST: Final = 30  # messages


def own_seal() -> Seal:
    """A seal of this process alone, for where there is but one."""
    return Seal(os.urandom(32))


def sealed(seal: Seal, kept: str, messages: Sequence[str]) -> str:
    """The messages of the answer to a kept question, for its button alone."""
    named = [message for message in messages if message][:MOST]
    return urlsafe_b64encode(seal.close(" ".join(named), _place(kept))).decode()


def unsealed(seal: Seal, kept: str, mark: str) -> list[str]:
    """The messages that a button named; none where it is not a button of ours, or one of another answer."""
    try:
        body = urlsafe_b64decode(mark)
    except ValueError:
        return []
    return (seal.open(body, _place(kept)) or "").split()


def _place(kept: str) -> str:
    return f"teams:replaces:{kept}"
