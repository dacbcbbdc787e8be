"""The console: a chat page and a state page in the browser of whoever sits at the machine."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import assert_never

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from adapters.console.access import Declined, Gate
from adapters.console.documents import Knowledge, Readable, document_response
from adapters.console.forms import Judgement, Question, read
from adapters.console.state import Part, State
from bot.answers import Answer
from bot.dispatch import Dispatcher
from bot.errors import HausgeistError, Refused
from bot.events import Feedback, Person, Turn, Verdict
from bot.kinds import hidden
from bot.labels import remarks
from bot.replies import Failure, Piece, ReplyEvent, ReplyStream, Status

__all__ = ["ConsoleAdapter", "Knowledge", "Part", "Readable", "State"]

_HERE = Path(__file__).parent
_ANYBODY = Person(id="console:local")
_BODY_LIMIT = 64 * 1024


class ConsoleAdapter:
    """Serves the pages and lets them ask: as one of `demo_people`, or as nobody in particular who reads what is public.

    Only this machine's browser is served unless `open_to_network`; `examples` are the questions offered at first.
    """

    name = "console"

    def __init__(
        self,
        dispatcher: Dispatcher,
        knowledge: Knowledge,
        state: Callable[[], Awaitable[State]],
        *,
        demo_people: Sequence[Person] = (),
        examples: Sequence[str] = (),
        open_to_network: bool = False,
    ) -> None:
        self._dispatcher = dispatcher
        self._knowledge = knowledge
        self._state = state
        self._people = {person.id: person for person in demo_people}
        self._examples = tuple(examples)
        self._gate = Middleware(Gate, open_to_network=open_to_network)
        self._turns: set[asyncio.Task[None]] = set()

    def routes(self) -> list[BaseRoute]:
        """What the web server mounts at its root."""
        static = StaticFiles(directory=_HERE / "static")
        return [
            self._route("/", _redirect),
            self._route("/console", _chat_page),
            self._route("/console/state", _state_page),
            self._route("/console/documents/{doc_id:path}", self._document),
            self._route("/console/api/setup", self._setup),
            self._route("/console/api/state", self._read_state),
            self._route("/console/api/ask", self._ask, "POST"),
            self._route("/console/api/feedback", self._judge, "POST"),
            Mount("/console/static", app=static, middleware=[self._gate]),
        ]

    async def start(self) -> None:
        """Needs nothing: a page asks when it is opened."""

    def health(self) -> None:
        """Whoever asks for the state reached us."""

    async def stop_taking(self) -> None:
        """Nothing to close: browsers come over HTTP."""

    async def stop(self) -> None:
        """Waits for the turns under way, so that no answer in flight is lost."""
        await asyncio.gather(*self._turns, return_exceptions=True)

    def _route(self, path: str, endpoint: Callable[[Request], Awaitable[Response]], method: str = "GET") -> Route:
        return Route(path, endpoint, methods=[method], middleware=[self._gate], max_body_size=_BODY_LIMIT)

    async def _ask(self, request: Request) -> Response:
        question = await read(request, Question)
        person = self._person(question.person, question.groups)
        event_id = uuid.uuid4().hex
        turn = Turn(
            event_id=event_id,
            message_id=event_id,
            platform=self.name,
            conversation=f"console:{person.id}:{question.conversation}",
            person=person,
            text=question.question,
            private=True,
        )
        reply = ReplyStream()
        # The turn is a task of its own: it ends, and is remembered, also when the page is closed meanwhile.
        task = asyncio.create_task(self._see_through(turn, reply))
        self._turns.add(task)
        task.add_done_callback(self._turns.discard)
        return StreamingResponse(_server_sent(reply), media_type="text/event-stream")

    async def _see_through(self, turn: Turn, reply: ReplyStream) -> None:
        try:
            await self._dispatcher.run(turn, reply)
        finally:
            # A stream ends with its first answer or failure: this one is heard only where `run` gave neither.
            await reply.fail(HausgeistError("Something broke on our side. Please ask again."), turn.event_id)

    async def _judge(self, request: Request) -> Response:
        judgement = await read(request, Judgement)
        feedback = Feedback(
            event_id=uuid.uuid4().hex,
            message_id=judgement.answer,
            person=self._person(judgement.person, judgement.groups),
            verdict=Verdict(judgement.verdict),
            removed=judgement.removed,
        )
        receipt = await self._dispatcher.accept(feedback)
        return JSONResponse({"accepted": receipt.new}, status_code=202)

    async def _document(self, request: Request) -> Response:
        person = self._person(request.query_params.get("person"), request.query_params.get("groups"))
        found = await asyncio.to_thread(self._knowledge.document, request.path_params["doc_id"], person.groups)
        return document_response(request, found)

    async def _setup(self, _: Request) -> Response:
        people = [{"id": p.id, "name": p.name, "groups": sorted(p.groups)} for p in self._people.values()]
        return JSONResponse({"people": people, "examples": self._examples})

    async def _read_state(self, _: Request) -> Response:
        return JSONResponse(asdict(await self._state()))

    def _person(self, person_id: str | None, groups: object) -> Person:
        """Who asks; groups are never taken from the page, and a person only in the demo."""
        if groups is not None:
            raise Declined(403, "Groups cannot be chosen; they belong to the person.")
        if person_id is None:
            return _ANYBODY
        if person_id not in self._people:
            raise Declined(403, "Only the demo's people can be played, and only in the demo.")
        return self._people[person_id]


async def _server_sent(reply: ReplyStream) -> AsyncIterator[str]:
    async for event in reply:
        name, data = _named(event)
        yield f"event: {name}\ndata: {json.dumps(data)}\n\n"


def _named(event: ReplyEvent) -> tuple[str, dict[str, object]]:
    match event:
        case Status(text):
            return "status", {"text": text}
        case Piece(text):
            return "piece", {"text": text}
        case Answer():
            around = {"hidden": hidden(event.masked, event.language), "remarks": "\n".join(remarks(event))}
            return "answer", {**asdict(event), **around}
        case Failure(error, trace_id):
            return "error", {"message": str(error), "trace_id": trace_id, "again": not isinstance(error, Refused)}
        case _:
            assert_never(event)


async def _redirect(_: Request) -> Response:
    return RedirectResponse("/console")


async def _chat_page(_: Request) -> Response:
    return FileResponse(_HERE / "pages" / "chat.html")


async def _state_page(_: Request) -> Response:
    return FileResponse(_HERE / "pages" / "state.html")
