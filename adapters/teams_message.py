"""What we say, as Teams shows it: Markdown with the AI label, native citations, thumbs and buttons. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote

from bot import labels
from bot.answers import Answer, Source
from bot.errors import HausgeistError, Unavailable
from bot.language import Language

# Teams takes 100 KB of UTF-16 in all: at worst 60 KB of text, the rest for citations and the envelope.
_PART: Final = 15_000
_CITATIONS: Final = 20
_URL: Final = 400


@dataclass(frozen=True, slots=True)
class Button:
    """What a person may press under a message; `data` comes back as the value of a message without text."""

    title: str
    data: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Post:
    """A message in Teams; an edit replaces all of it, so a button that the new one lacks is gone."""

    text: str
    entities: tuple[Mapping[str, object], ...] = ()
    channel_data: Mapping[str, object] | None = None
    button: Button | None = None

    @property
    def card(self) -> Mapping[str, object] | None:
        """All of it as a card, where there is a button: of text beside a card Teams makes a message of its own."""
        if not self.button:
            return None
        press = {"type": "Action.Submit", "title": self.button.title, "data": self.button.data}
        said = {"type": "TextBlock", "text": self.text, "wrap": True}
        return {"type": "AdaptiveCard", "version": "1.5", "body": [said], "actions": [press]}


def answered(answer: Answer) -> list[Post]:
    """The answer, in numbered parts if it is long; feedback is asked for by the last."""
    parts = list(_parts(_body(answer)))
    posts = [
        Post(
            part if len(parts) == 1 else f"({number}/{len(parts)})\n\n{part}",
            entities=(_ai_label(part, answer.sources),),
        )
        for number, part in enumerate(parts, 1)
    ]
    button = _again(answer.trace_id, answer.language) if answer.makeshift else None
    posts[-1] = replace(posts[-1], channel_data={"feedbackLoop": {"type": "default"}}, button=button)
    return posts


def failed(error: HausgeistError, trace_id: str, language: Language) -> Post:
    """What went wrong, with a button that asks again where that may help."""
    button = _again(trace_id, language) if isinstance(error, Unavailable) else None
    return Post(f"{_plain(str(error))}\n\n{labels.QUOTE[language].format(id=trace_id)}", button=button)


def working(text: str, place: str, language: Language) -> Post:
    """What we are doing, with a button that stops it; stands where the answer will be."""
    return Post(_plain(text), button=Button(labels.STOP[language], {"hausgeist": "stop", "place": place}))


def noted(text: str) -> Post:
    """A line beside all answers."""
    return Post(_plain(text))


def offered(kept: str, language: Language) -> Post:
    """The offer to answer a question that was changed."""
    return Post(labels.CHANGED[language], button=Button(labels.ANEW[language], {"hausgeist": "again", "kept": kept}))


def _again(kept: str, language: Language) -> Button:
    return Button(labels.AGAIN[language], {"hausgeist": "again", "kept": kept})


def _body(answer: Answer) -> str:
    """The answer, what was hidden from the model, and the sources, with nothing in it that Teams would obey."""
    blocks = [_plain(answer.text)]
    blocks += [f"_{_plain(remark)}_" for remark in labels.remarks(answer)]
    if answer.masked:
        blocks.append(f"_{_plain(labels.hidden(answer.masked, answer.language))}._")
    if answer.sources:
        blocks.append(
            f"**{labels.SOURCES[answer.language]}**\n\n"
            + "\n".join(_listed(source, answer.language) for source in answer.sources)
        )
    return "\n\n".join(blocks)


def _plain(text: str) -> str:
    """Markdown without HTML: no tag, and so no `<at>` mention, gets through."""
    return re.sub(r"<(?=[A-Za-z/!?])", "&lt;", text)


def _listed(source: Source, language: Language) -> str:
    title = _plain(re.sub(r"([\\`*_\[\]|~])", r"\\\1", " ".join((source.title or source.doc_id).split())))
    url = _url(source)
    said = [f"[{title}]({url})" if url else title, _plain(source.owner), source.date]
    stale = labels.STALE[language] if source.stale else ""
    return f"- **{source.number}** " + ", ".join(filter(None, [*said, stale]))


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
