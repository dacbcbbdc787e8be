"""The language model behind one port: any OpenAI-compatible server, or none at all."""

import re
from collections.abc import AsyncIterator
from typing import Final, Protocol

import aiohttp
import orjson

from bot.errors import ModelDown
from bot.language import EXTRACT
from bot.prompt import NO_ANSWER, Prompt

MAX_TOKENS: Final = 400
CONNECT_SECONDS: Final = 5.0
SILENCE_SECONDS: Final = 90.0  # a small machine may read a long prompt for a minute before the first word
EXTRACTS: Final = 3
EXTRACT_CHARACTERS: Final = 400

DOWN: Final = "The language model does not answer at the moment. Please ask again in a minute."


class Model(Protocol):
    """Whoever writes the draft of an answer."""

    @property
    def name(self) -> str:
        """The model's name, as recorded with each answer."""

    def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        """The draft, piece by piece; raises ModelDown. Leaving the iteration early stops the server's work."""


class OpenAIModel:
    """A server that speaks OpenAI's `/v1/chat/completions` (SGLang, llama.cpp, vLLM), streaming.

    Reads the event stream itself: with a thousand streams the usual client costs twenty times more.
    """

    def __init__(self, session: aiohttp.ClientSession, url: str, name: str, key: str = "") -> None:
        self._session = session
        self._url = url.rstrip("/") + "/chat/completions"
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.name = name

    async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        """The draft as the server streams it, at temperature 0."""
        body = {
            "model": self.name,
            "messages": prompt.messages(),
            "temperature": 0,
            "max_tokens": MAX_TOKENS,
            "stream": True,
        }
        timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS, sock_read=SILENCE_SECONDS)
        try:
            async with self._session.post(
                self._url, data=orjson.dumps(body), headers=self._headers | JSON, timeout=timeout
            ) as response:
                if response.status != 200:
                    raise ModelDown(DOWN)
                complete = False
                async for line in response.content:
                    complete = complete or _ends(line)
                    if piece := _piece(line):
                        yield piece
                if not complete:  # the stream broke off: half an answer can say the opposite of the whole
                    raise ModelDown(DOWN)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise ModelDown(DOWN) from error


JSON: Final = {"Content-Type": "application/json"}
DONE: Final = b"data: [DONE]"
_FINISH: Final = re.compile(rb'"finish_reason"\s*:\s*"')


def _ends(line: bytes) -> bool:
    """Whether the server says with this line that the draft is complete."""
    return line.strip() == DONE or _FINISH.search(line) is not None


def _piece(line: bytes) -> str:
    """The text in one line of the event stream; raises ModelDown for an error in place of it."""
    if not line.startswith(b"data:") or line.strip() == DONE:
        return ""
    match orjson.loads(line[5:]):
        case {"choices": [{"delta": {"content": str(text)}}, *_]}:
            return text
        case {"choices": _}:
            return ""
        case _:
            raise ModelDown(DOWN)


class ExtractiveModel:
    """No model at all: quotes the passages that fit best, and says so."""

    name = "none (extractive)"

    async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        """The notice, then the beginnings of the best passages, each cited."""
        if not prompt.passages:
            yield NO_ANSWER
            return
        yield EXTRACT[prompt.language] + "\n"
        for number, passage in enumerate(prompt.passages[:EXTRACTS], 1):
            yield f"\n- {_shorten(passage.text)} [{number}]\n"


def _shorten(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= EXTRACT_CHARACTERS else flat[:EXTRACT_CHARACTERS].rsplit(" ", 1)[0] + " …"


class ScriptedModel:
    """The fake of this port: says its drafts one after the other, word by word, and raises an error among them."""

    name = "scripted"

    def __init__(self, *drafts: str | ModelDown) -> None:
        self.asked: list[Prompt] = []
        self._drafts = list(drafts)

    async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        """The next draft."""
        self.asked.append(prompt)
        draft = self._drafts.pop(0)
        if isinstance(draft, ModelDown):
            raise draft
        for word in draft.split(" "):
            yield word + " "
