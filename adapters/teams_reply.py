"""Says an answer in Teams: Markdown with the AI label, native citations and thumbs, in as many parts as it needs."""

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from adapters.teams_events import Address
from adapters.teams_sdk import TeamsBot
from bot.answers import Answer, Source
from bot.errors import HausgeistError, Unavailable
from bot.labels import SOURCES, hidden

_TYPING_SECONDS: Final = 3.0
# Teams takes 100 KB of UTF-16 in all: at worst 60 KB of text, the rest for citations and the envelope.
_PART: Final = 15_000
_CITATIONS: Final = 20
_URL: Final = 400

log = logging.getLogger(__name__)


class TeamsReply:
    """A reply that is shown whole at the end; until then Teams shows that we are typing."""

    def __init__(self, bot: TeamsBot, address: Address) -> None:
        self._bot = bot
        self._address = address
        self._typing: asyncio.Task[None] | None = None
        self._typed_at = -_TYPING_SECONDS

    async def status(self, text: str) -> None:  # noqa: ARG002 - Teams shows dots, no words
        self._show_typing()

    async def write(self, piece: str) -> None:  # noqa: ARG002 - shown whole by `finish`
        self._show_typing()

    async def finish(self, answer: Answer) -> str:
        """Posts the answer, long ones in numbered parts; feedback is asked for, and named by, the last."""
        await self._stop_typing()
        parts = list(_parts(_body(answer)))
        for number, part in enumerate(parts, 1):
            last = number == len(parts)
            activity_id = await self._bot.send(
                self._address,
                part if len(parts) == 1 else f"({number}/{len(parts)})\n\n{part}",
                entities=[_ai_label(part, answer.sources)],
                channel_data={"feedbackLoop": {"type": "default"}} if last else None,
            )
        return self._address.message(activity_id)

    async def fail(self, error: HausgeistError, trace_id: str) -> None:
        await self._stop_typing()
        try:
            await self._bot.send(self._address, f"{_plain(str(error))}\n\nTrace: `{trace_id}`")
        except Unavailable:
            log.error("Teams could not be told of an error", extra={"trace_id": trace_id})

    def _show_typing(self) -> None:
        now = time.monotonic()
        if now - self._typed_at >= _TYPING_SECONDS and (self._typing is None or self._typing.done()):
            self._typed_at = now
            self._typing = asyncio.create_task(self._type())
            self._typing.add_done_callback(_note_failure)

    async def _type(self) -> None:
        with contextlib.suppress(Unavailable):
            await self._bot.show_typing(self._address)

    async def _stop_typing(self) -> None:
        if self._typing:
            await asyncio.wait([self._typing])


def _note_failure(typing: asyncio.Task[None]) -> None:
    """Logs what nobody expected; the answer does not depend on it."""
    if not typing.cancelled() and (error := typing.exception()):
        log.error("Teams was not shown that we type", extra={"error": type(error).__name__})


def _body(answer: Answer) -> str:
    """The answer, what was hidden from the model, and the sources, with nothing in it that Teams would obey."""
    blocks = [_plain(answer.text)]
    if answer.masked:
        blocks.append(f"_{_plain(hidden(answer.masked, answer.language))}._")
    if answer.sources:
        blocks.append(f"**{SOURCES[answer.language]}**\n\n" + "\n".join(map(_listed, answer.sources)))
    return "\n\n".join(blocks)


def _plain(text: str) -> str:
    """Markdown without HTML: no tag, and so no `<at>` mention, gets through."""
    return re.sub(r"<(?=[A-Za-z/!?])", "&lt;", text)


def _listed(source: Source) -> str:
    title = _plain(re.sub(r"([\\`*_\[\]|~])", r"\\\1", " ".join((source.title or source.doc_id).split())))
    url = _url(source)
    said = [f"[{title}]({url})" if url else title, _plain(source.owner), source.date]
    return f"- **{source.number}** " + ", ".join(filter(None, said))


def _url(source: Source) -> str:
    """The source's link where Teams can follow it: a path on our own server means nothing there."""
    if not re.match(r"https?://", source.link):
        return ""
    url = quote(source.link, safe=":/?#@!$&'*+,;=%~")
    return url if len(url) <= _URL else ""


def _parts(text: str) -> Iterator[str]:
    """The text in pieces that Teams takes, cut at paragraphs, else lines, else blanks; joined they are the text."""
    while len(text) > _PART:
        cut = next((at + len(gap) for gap in ("\n\n", "\n", " ") if (at := text.rfind(gap, 0, _PART - 1)) > 0), _PART)
        yield text[:cut]
        text = text[cut:]
    yield text


def _ai_label(part: str, sources: tuple[Source, ...]) -> dict[str, object]:
    cited = [source for source in sources if f"[{source.number}]" in part]
    return {
        "type": "https://schema.org/Message",
        "@type": "Message",
        "@context": "https://schema.org",
        "@id": "",
        "additionalType": ["AIGeneratedContent"],
        "citation": [_citation(source) for source in cited[:_CITATIONS]],
    }


def _citation(source: Source) -> dict[str, object]:
    appearance = {
        "@type": "DigitalDocument",
        "name": (source.title or source.doc_id)[:80],
        "abstract": " ".join(source.excerpt.split())[:160],
    }
    url = _url(source)
    return {
        "@type": "Claim",
        "position": source.number,
        "appearance": {**appearance, "url": url} if url else appearance,
    }
