"""The assistant as an OpenAI-compatible API: chat completions (streaming too), models, embeddings.

Knows callers by their key; the key's groups decide what they may read. Sources come as an extra field of the answer.
"""

import asyncio
import hmac
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, Field
from starlette.routing import BaseRoute

from adapters.access import from_our_own_page, from_this_machine
from bot.answers import Answer
from bot.dispatch import Dispatcher
from bot.errors import Refused
from bot.events import Message, Person, Turn
from bot.labels import remarks
from bot.replies import Failure, Piece, ReplyStream

MODEL: Final = "hausgeist"
MESSAGES: Final = 200

Text = Annotated[str, Field(max_length=8000)]
Embed = Callable[[Sequence[str]], Awaitable[list[list[float]]]]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the name and groups that go with an API key."""

    name: str
    key: str = ""
    groups: frozenset[str] = frozenset()


class Part(BaseModel):
    """A part of a message; only text is read."""

    type: str
    text: str = ""


class ChatMessage(BaseModel):
    """A message of the conversation; `system` messages are ignored: the assistant has its own rules."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[Part] | None = None

    @property
    def text(self) -> str:
        """The message's text, parts joined."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.type == "text")
        return self.content or ""


class ChatRequest(BaseModel):
    """OpenAI's chat completion request; fields not named here are accepted and have no effect."""

    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=MESSAGES)]
    model: str = MODEL
    stream: bool = False
    n: Literal[1] = 1
    user: Annotated[str, Field(max_length=200)] = ""


class EmbeddingRequest(BaseModel):
    """OpenAI's embedding request."""

    input: Text | Annotated[list[Text], Field(min_length=1, max_length=256)]
    model: str = "embed"
    encoding_format: Literal["float"] = "float"


class OpenAIAPI:
    """Serves `/v1`; without callers it answers this machine only."""

    name = "api"

    def __init__(self, dispatcher: Dispatcher, embed: Embed, callers: Sequence[Caller] = ()) -> None:
        self._dispatcher = dispatcher
        self._embed = embed
        self._callers = tuple(callers)
        self._running: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Nothing to start."""

    def health(self) -> None:
        """Whoever asks for the state reached us."""

    async def stop_taking(self) -> None:
        """Nothing to stop."""

    async def stop(self) -> None:
        """Nothing to stop."""

    def routes(self) -> Sequence[BaseRoute]:
        """The routes, with their schema for `/openapi.json`."""
        router = APIRouter(prefix="/v1", tags=["OpenAI-compatible"])
        router.post("/chat/completions", response_model=None)(self.chat)
        router.get("/models", response_model=None)(self.models)
        router.post("/embeddings", response_model=None)(self.embeddings)
        return router.routes

    async def chat(self, request: Request, body: ChatRequest) -> Response:
        """Answers the last user message from the company's documents; the messages before it are its history."""
        turn = _turn(self._caller(request), body)
        reply = ReplyStream()
        task = asyncio.create_task(self._dispatcher.run(turn, reply))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        if body.stream:
            return StreamingResponse(_chunks(reply, task), media_type="text/event-stream")
        async for event in reply:
            if isinstance(event, Answer):
                return JSONResponse(_completion(event))
            if isinstance(event, Failure):
                return _failed(event)
        raise AssertionError("a reply stream ends with an answer or a failure")

    async def models(self, request: Request) -> Response:
        """The one model there is."""
        self._caller(request)
        model = {"id": MODEL, "object": "model", "created": 0, "owned_by": "hausgeist"}
        return JSONResponse({"object": "list", "data": [model]})

    async def embeddings(self, request: Request, body: EmbeddingRequest) -> Response:
        """Embeds texts as the index embeds passages."""
        self._caller(request)
        texts = [body.input] if isinstance(body.input, str) else body.input
        vectors = await self._embed(texts)
        data = [{"object": "embedding", "index": i, "embedding": vector} for i, vector in enumerate(vectors)]
        usage = {"prompt_tokens": 0, "total_tokens": 0}
        return JSONResponse({"object": "list", "model": body.model, "data": data, "usage": usage})

    def _caller(self, request: Request) -> Caller:
        """Who calls, by key; raises 401 or 403."""
        if not self._callers:
            if from_this_machine(request) and from_our_own_page(request):
                return Caller("local")
            raise HTTPException(403, "No API key is configured: the API serves this machine only.")
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        given = key.encode() if scheme.lower() == "bearer" else b""
        for caller in self._callers:
            if hmac.compare_digest(given, caller.key.encode()):
                return caller
        raise HTTPException(401, "The API key is missing or wrong.", headers={"WWW-Authenticate": "Bearer"})


def _turn(caller: Caller, body: ChatRequest) -> Turn:
    spoken = [message for message in body.messages if message.role in ("user", "assistant") and message.text]
    if not spoken or spoken[-1].role != "user":
        raise HTTPException(400, "The last message must be the user's question.")
    identifier = f"api:{uuid.uuid4().hex}"
    return Turn(
        event_id=identifier,
        message_id=identifier,
        platform=OpenAIAPI.name,
        conversation=identifier,
        # Whom the caller names is the caller's word: rights go by the key alone.
        person=Person(f"api:{caller.name}", body.user, caller.groups),
        text=spoken[-1].text,
        private=True,
        history=tuple(
            Message("user" if message.role == "user" else "assistant", message.text) for message in spoken[:-1]
        ),
    )


def _completion(answer: Answer) -> dict[str, Any]:
    message = {"role": "assistant", "content": answer.text}
    return _envelope(answer.trace_id, "chat.completion") | {
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
        **_extras(answer),
    }


def _extras(answer: Answer) -> dict[str, Any]:
    return {
        "sources": [asdict(source) for source in answer.sources],
        "refused": answer.refused,
        "masked": list(answer.masked),
        "makeshift": answer.makeshift,
        "remarks": remarks(answer),
        "trace_id": answer.trace_id,
    }


async def _chunks(reply: ReplyStream, task: asyncio.Task[None]) -> AsyncIterator[bytes]:
    """The answer as server-sent chunks; a caller who hangs up stops the work."""
    identifier = uuid.uuid4().hex
    written = False
    try:
        async for event in reply:
            match event:
                case Piece(text):
                    yield _chunk(identifier, {"role": "assistant", "content": text})
                    written = True
                case Answer():
                    rest = {} if written else {"role": "assistant", "content": event.text}
                    yield _chunk(identifier, rest, "stop", _extras(event))
                case Failure():
                    yield _line({"error": _error(event)})
        yield b"data: [DONE]\n\n"
    finally:
        task.cancel()


def _chunk(
    identifier: str, delta: dict[str, str], finish: str | None = None, extras: dict[str, Any] | None = None
) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return _line(_envelope(identifier, "chat.completion.chunk") | {"choices": [choice]} | (extras or {}))


def _line(event: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(event) + b"\n\n"


def _envelope(identifier: str, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{identifier}", "object": kind, "created": int(time.time()), "model": MODEL}


def _failed(failure: Failure) -> Response:
    status = 400 if isinstance(failure.error, Refused) else 503
    return JSONResponse({"error": _error(failure)}, status_code=status)


def _error(failure: Failure) -> dict[str, str]:
    return {"message": str(failure.error), "type": type(failure.error).__name__, "trace_id": failure.trace_id}
