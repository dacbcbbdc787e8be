"""A scripted model that says what the small handbook says, and the questions to which it does."""

import asyncio
from collections.abc import AsyncIterator
from itertools import product
from typing import Final

from bot.errors import ModelDown
from bot.model import ScriptedModel
from bot.prompt import Prompt

HOTEL: Final = "How much may a hotel in Paris cost?"
SAID: Final = "A hotel in Paris may cost EUR 180 a night. [1]"
LEAVE: Final = "How many days of holiday do I have?"
MORE: Final = f"{SAID} Trains are booked in second class at the travel desk. [1]"
LEFT: Final = "Everybody has 25 days of holiday a year. [1]"
WORDS: Final = ["".join(letters) for letters in product("abcdefghij", repeat=3)][:400]
LONG: Final = " ".join(f"A hotel in Paris may cost EUR 180 a night, says {word}. [1]" for word in WORDS)


class Knowing(ScriptedModel):
    """Says what the documents say about hotels and holidays, any number of times; `draft` in place of it, if given.

    While `patience` is cleared it stops after `pause` words, and goes on when it is set. With `down` its server is away
    after so many words.
    """

    def __init__(self) -> None:
        super().__init__()
        self.draft = ""
        self.pause = 3
        self.down: int | None = None
        self.patience = asyncio.Event()
        self.patience.set()

    async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        """The answer, word by word."""
        self.asked.append(prompt)
        words = (self.draft or (LEFT if "holiday" in prompt.question else SAID)).split(" ")
        for at, word in enumerate(words):
            if at == self.down:
                raise ModelDown("The language model does not answer at the moment. Please ask again in a minute.")
            if at == self.pause:
                await self.patience.wait()
            yield word + " "
