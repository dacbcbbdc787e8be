"""The language model behind one port: any OpenAI-compatible server, or none at all."""

import asyncio
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final, Protocol

import aiohttp
import orjson

from bot.errors import ModelDown
from bot.language import EXTRACT, Language
from bot.prompt import MAX_TOKENS, NO_ANSWER, Prompt
from bot.verdict import Piece, answer_of, odds_of

RETRY_SECONDS: Final = 0.2
LIKELY: Final = 5  # tokens whose odds are asked for; Yes and No are the first two of a model that does as it is told
EXTRACTS: Final = 3
EXTRACT_CHARACTERS: Final = 400

DOWN: Final = "The language model does not answer at the moment. Please ask again in a minute."
TOO_MUCH: Final = "The language model has too much to do at the moment. Please ask again in a minute."


class ModelBusy(ModelDown):
    """The model server lives, but takes no more work for now."""


class Model(Protocol):
    """Whoever writes the draft of an answer."""

    @property
    def name(self) -> str:
        """The model's name, as recorded with each answer."""

    def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        """The draft, piece by piece, NO ANSWER where the passages hold none; raises ModelDown, ModelBusy.

        Leaving the iteration stops the server's work.
        """

    async def queue(self) -> int | None:
        """How many requests wait for the server to begin with them; None if it does not tell. Never raises."""


@dataclass(frozen=True, slots=True)
class Patience:
    """For how many seconds a server may stay unreachable, silent before its first word, and silent between words."""

    connect: float = 5.0
    first: float = 90.0  # a small machine may read a long prompt for a minute before the first word
    between: float = 20.0


class OpenAIModel:
    """A server that speaks OpenAI's `/v1/chat/completions` (SGLang, llama.cpp, vLLM), streaming.

    Reads the event stream itself: with a thousand streams the usual client costs twenty times more.
    """

    def __init__(
        self, session: aiohttp.ClientSession, url: str, name: str, key: str = "", patience: Patience | None = None
    ) -> None:
        self._session = session
        self._url = url.rstrip("/") + "/chat/completions"
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._patience = patience or Patience()
        self._odds = True  # until it refuses to tell them
        self._queue = _Queue(session, url.rstrip("/").removesuffix("/v1") + "/metrics", self._headers)
        self.name = name

    async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        """The draft as the server streams it, at temperature 0; begun anew if the server goes before its first word."""
        begun, patience = False, 0.0
        while True:
            try:
                async with aclosing(self.draft(prompt)) as draft, aclosing(answer_of(draft)) as texts:
                    async for text in texts:
                        begun = True
                        yield text
                return
            except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError) as error:
                patience = patience or time.monotonic() + self._patience.connect
                if begun or time.monotonic() >= patience:
                    raise ModelDown(DOWN) from error
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                raise ModelDown(DOWN) from error
            await asyncio.sleep(RETRY_SECONDS)

    async def queue(self) -> int | None:
        return await self._queue.length()

    async def draft(self, prompt: Prompt) -> AsyncGenerator[Piece, None]:
        """One request's draft with its verdict; aiohttp hangs up on a response that is left before its end."""
        clock, complete = asyncio.get_running_loop().time, False
        until = clock() + self._patience.first
        async with asyncio.timeout_at(until):
            response = await self._post(prompt, odds=self._odds)
            if response.status in REFUSED and self._odds:
                response.release()
                response = await self._post(prompt, odds=False)
                self._odds = response.status != OK  # it may have been something else that it refused
        async with response:
            _check(response.status)
            while line := await _data(response, until):
                complete = complete or _ends(line)
                if (piece := _piece(line)).text:
                    yield piece
                    until = clock() + self._patience.between
        if not complete:  # the stream broke off: half an answer can say the opposite of the whole
            raise ModelDown(DOWN)

    async def _post(self, prompt: Prompt, *, odds: bool) -> aiohttp.ClientResponse:
        body = {
            "model": self.name,
            "messages": prompt.messages(),
            "temperature": 0,
            "max_tokens": MAX_TOKENS,
            "stream": True,
        }
        if odds:
            body |= {"logprobs": True, "top_logprobs": LIKELY}
        timeout = aiohttp.ClientTimeout(total=None, connect=self._patience.connect)
        return await self._session.post(
            self._url, data=orjson.dumps(body), headers=self._headers | JSON, timeout=timeout
        )


OK: Final = 200
REFUSED: Final = (400, 422, 501)  # what servers say to log probabilities that they do not tell
JSON: Final = {"Content-Type": "application/json"}
DONE: Final = b"data: [DONE]"
_FINISH: Final = re.compile(rb'"finish_reason"\s*:\s*"')


def _check(status: int) -> None:
    if status in (429, 503):
        raise ModelBusy(TOO_MUCH)
    if status != OK:
        raise ModelDown(DOWN)


async def _data(response: aiohttp.ClientResponse, until: float) -> bytes:
    """The next line that says something, empty at the end; raises TimeoutError."""
    async with asyncio.timeout_at(until):
        while (line := await response.content.readline()) and not line.startswith(b"data:"):
            pass
    return line


def _ends(line: bytes) -> bool:
    """Whether the server says with this line that the draft is complete."""
    return line.strip() == DONE or _FINISH.search(line) is not None


def _piece(line: bytes) -> Piece:
    """What one line of the event stream says; raises ModelDown for an error in place of it."""
    if line.strip() == DONE:
        return Piece("")
    match orjson.loads(line[5:]):
        case {"choices": [{"delta": {"content": str(text)}, **choice}, *_]}:
            return Piece(text, _odds(choice))
        case {"choices": _}:
            return Piece("")
        case _:
            raise ModelDown(DOWN)


def _odds(choice: dict[Any, Any]) -> float | None:
    """The odds of the first token in a line, of a server that tells."""
    match choice:
        case {"logprobs": {"content": [{"top_logprobs": [*likely]}, *_]}}:
            return odds_of((str(it["token"]), float(it["logprob"])) for it in likely)
        case _:
            return None


class _Queue:
    """Reads the length of a server's queue from its Prometheus page, once a second however many ask."""

    def __init__(self, session: aiohttp.ClientSession, url: str, headers: Mapping[str, str]) -> None:
        self._session = session
        self._url = url
        self._headers = headers
        self._lock = asyncio.Lock()
        self._length: int | None = None
        self._valid_until = 0.0

    async def length(self) -> int | None:
        """How many wait, as of a second ago at most; None if the server does not tell."""
        async with self._lock:
            if time.monotonic() >= self._valid_until:
                self._length, seconds = await self._read()
                self._valid_until = time.monotonic() + seconds
            return self._length

    async def _read(self) -> tuple[int | None, float]:
        """The length, and for how many seconds to believe it."""
        try:
            timeout = aiohttp.ClientTimeout(total=QUEUE_SECONDS)
            async with self._session.get(self._url, headers=self._headers, timeout=timeout) as response:
                page = await response.read() if response.status == 200 else b""
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None, QUEUE_SECONDS
        lengths = _WAITING.findall(page)
        return (int(sum(map(float, lengths))), QUEUE_SECONDS) if lengths else (None, NO_QUEUE_SECONDS)


QUEUE_SECONDS: Final = 1.0
NO_QUEUE_SECONDS: Final = 60.0
_WAITING: Final = re.compile(
    rb"^(?:sglang:num_queue_reqs|vllm:num_requests_waiting|llamacpp:requests_deferred)(?:{[^\n]*})? ([\d.e+]+)",
    re.MULTILINE,
)


class ExtractiveModel:
    """No model at all: quotes the passages that fit best, and says so (`notice`)."""

    name = "none (extractive)"

    def __init__(self, notice: Mapping[Language, str] = EXTRACT) -> None:
        self._notice = notice

    async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        """The notice, then the beginnings of the best passages, each cited."""
        if not prompt.passages:
            yield NO_ANSWER
            return
        yield self._notice[prompt.language] + "\n"
        for number, passage in enumerate(prompt.passages[:EXTRACTS], 1):
            yield f"\n- {_shorten(passage.text)} [{number}]\n"

    async def queue(self) -> int | None:
        return 0


def _shorten(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= EXTRACT_CHARACTERS else flat[:EXTRACT_CHARACTERS].rsplit(" ", 1)[0] + " …"


class ScriptedModel:
    """The fake of this port: says its drafts one after the other, word by word, and raises an error among them.

    `waiting` is the length of its queue.
    """

    name = "scripted"

    def __init__(self, *drafts: str | ModelDown) -> None:
        self.asked: list[Prompt] = []
        self.waiting: int | None = None
        self._drafts = list(drafts)

    async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        """The next draft."""
        self.asked.append(prompt)
        draft = self._drafts.pop(0)
        if isinstance(draft, ModelDown):
            raise draft
        for word in draft.split(" "):
            yield word + " "

    async def queue(self) -> int | None:
        return self.waiting
