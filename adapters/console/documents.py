"""The documents behind the sources, as a page for people and as JSON for the chat's side panel."""

from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import Protocol

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

_PAGE = Path(__file__).parent / "pages" / "document.html"


class Readable(Protocol):
    """A document as far as it is shown."""

    @property
    def title(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def owner(self) -> str: ...
    @property
    def date(self) -> str: ...


class Knowledge(Protocol):
    """Where documents are looked up; may block, and is called in a thread."""

    def document(self, doc_id: str, groups: frozenset[str]) -> Readable | None:
        """The document, or None if there is none or none that these groups may read; safe in several threads."""


def document_response(request: Request, document: Readable | None) -> Response:
    """The document, or one and the same 404 for what is unknown and what is forbidden."""
    wants_json = "application/json" in request.headers.get("accept", "")
    if document is None:
        if wants_json:
            return JSONResponse({"error": "There is no such document, or not for you."}, 404)
        return HTMLResponse(_page("No such document", "", "There is no such document, or not for you."), 404)
    if wants_json:
        shown = {"title": document.title, "text": document.text, "owner": document.owner, "date": document.date}
        return JSONResponse(shown)
    about = " · ".join(part for part in (document.owner, document.date) if part)
    return HTMLResponse(_page(document.title, about, document.text))


def _page(title: str, about: str, text: str) -> str:
    """The page with the text as it is; its script then lays out the Markdown."""
    return _template().substitute(title=escape(title), about=escape(about), text=escape(text))


@cache
def _template() -> Template:
    return Template(_PAGE.read_text(encoding="utf-8"))
