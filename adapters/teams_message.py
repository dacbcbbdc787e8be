"""What we say, as Teams shows it: Markdown with the AI label, native citations, thumbs and buttons. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote

from adapters import teams_cards as cards
from adapters.markdown import honest
from adapters.teams_markdown import fitted, line, parts_of, plain, size, sound
from bot import labels
from bot.answers import Answer, Source
from bot.errors import HausgeistError, Unavailable
from bot.kinds import hidden
from bot.language import Language

# Teams takes 100 KB of UTF-16 in all, which is 50,000 characters. A text and its citations leave a quarter of that
# for buttons and the envelope.
TEXT: Final = 42_000  # bytes
LABEL: Final = 34_000  # bytes
CITATIONS: Final = 20
NOTE: Final = 2_000  # characters of a line of ours
_URL: Final = 400
_NAME: Final = 80
_ABSTRACT: Final = 160
_KEYWORD: Final = 28
_PASSAGE: Final = 1_000  # characters of a passage, of which the words are few enough


@dataclass(frozen=True, slots=True)
class Post:
    """A message in Teams; an edit replaces all of it. A card stands in place of the text, or below it in a stream."""

    text: str
    entities: tuple[Mapping[str, object], ...] = ()
    channel_data: Mapping[str, object] | None = None
    card: Mapping[str, object] | None = None


def answered(answer: Answer, sensitivity: str = "") -> list[Post]:
    """The texts of an answer, numbered if there are several; the last asks for a verdict. What may be pressed is extra.

    `sensitivity` is the label that the answer carries, if any.
    """
    texts = parts_of(fitted(_body(answer), TEXT))
    posts = [Post(text, (_ai_label(text, answer, sensitivity),)) for text in texts]
    posts[-1] = replace(posts[-1], channel_data={"feedbackLoop": {"type": "custom"}})
    return posts


def below(answer: Answer, texts: Sequence[str], itself: str, manner: cards.Manner) -> Post:
    """What may be done about the answer in these messages, as a message of its own, or to be put `under` the last."""
    card = cards.below(answer, texts, itself, manner)
    return Post(cards.titles(card), card=card)


def under(last: Post, buttons: Post) -> Post:
    """A text with buttons, which may stand together at the end of a stream and nowhere else."""
    return replace(last, card=buttons.card)


def failed(error: HausgeistError, trace_id: str, language: Language) -> Post:
    """What went wrong, with a button that asks again where that may help."""
    told = f"{_note(str(error))}\n\n{labels.QUOTE[language].format(id=trace_id)}"
    again = cards.anew(labels.AGAIN[language], trace_id)
    return Post(told, card=cards.with_button(told, again) if isinstance(error, Unavailable) else None)


def working(text: str, place: str, language: Language) -> Post:
    """What we are doing, with a button that stops it; stands where the answer will be."""
    said = _note(text)
    return Post(said, card=cards.with_button(said, cards.stop(place, language)))


def draft(begun: str) -> Post:
    """The beginning of an answer that is still being written."""
    return Post(f"{begun} …" if begun else "…")


def noted(text: str) -> Post:
    """A line beside all answers."""
    return Post(_note(text))


def offered(kept: str, language: Language) -> Post:
    """The offer to answer a question that was changed."""
    said = labels.CHANGED[language]
    return Post(said, card=cards.with_button(said, cards.anew(labels.ANEW[language], kept)))


def _body(answer: Answer) -> str:
    """The answer, what was hidden from the model, and the sources, with nothing in it that Teams would obey."""
    blocks = [plain(answer.text)]
    blocks += [f"_{line(remark, NOTE)}_" for remark in labels.remarks(answer)]
    if answer.masked:
        blocks.append(f"_{line(hidden(answer.masked, answer.language), NOTE)}._")
    if answer.sources:
        blocks.append(
            f"**{labels.SOURCES[answer.language]}**\n\n"
            + "\n".join(_listed(source, answer.language) for source in answer.sources)
        )
    return "\n\n".join(filter(None, blocks)) or "…"


def _note(text: str) -> str:
    """A line of ours, which may stand in a card and again in what a notification says of it."""
    return fitted(plain(text[:NOTE]), TEXT // 2)[0] or "…"


def _listed(source: Source, language: Language) -> str:
    name = source.title or source.doc_id
    title, url = line(name, 300), _url(source)
    if url:
        title = f"[{title}]({url})" if honest(name, source.link) else f"{title} ({url})"
    stale = labels.STALE[language] if source.stale else ""
    return f"- **{source.number}** " + ", ".join(
        filter(None, [title, labels.page(source.page, language), line(source.owner, 120), line(source.date, 40), stale])
    )


def _url(source: Source) -> str:
    """The source's link where Teams can follow it: a path on our own server means nothing there."""
    if not honest("", source.link):
        return ""
    url = quote(source.link, safe=":/?#@!$&'*+,;=%~")
    return url if len(url) <= _URL else ""


def _ai_label(text: str, answer: Answer, sensitivity: str) -> dict[str, object]:
    """What tells that a model wrote it, and from what: as much of that as there is room for."""
    cited = [source for source in answer.sources if f"[{source.number}]" in text][:CITATIONS]
    label: dict[str, object] = {
        "type": "https://schema.org/Message",
        "@type": "Message",
        "@context": "https://schema.org",
        "@id": "",
        "additionalType": ["AIGeneratedContent"],
    }
    if sensitivity:
        label["usageInfo"] = {"@type": "CreativeWork", "name": sensitivity[:_NAME]}
    return {**label, "citation": next(it for it in _citations(cited, answer.language) if size(it) <= LABEL)}


def _citations(cited: Sequence[Source], language: Language) -> Iterator[list[dict[str, object]]]:
    """The citations with all that is known, then with ever less."""
    yield [_citation(source, _NAME, _ABSTRACT, language) for source in cited]
    yield [_citation(source, _NAME, _ABSTRACT // 4) for source in cited]
    yield [_citation(source, _NAME // 4, _NAME // 4) for source in cited]
    yield []


def _citation(source: Source, name: int, abstract: int, language: Language | None = None) -> dict[str, object]:
    """A citation; with words about the document if they are asked for in a language."""
    title, url = _short(source.title or source.doc_id, name), _url(source)
    words = _about(source, language) if language else []
    keywords = list(filter(None, (_short(word, _KEYWORD) for word in words)))
    return {
        "@type": "Claim",
        "position": source.number,
        "appearance": {
            "@type": "DigitalDocument",
            "name": title or str(source.number),
            "abstract": _short(_words(source.excerpt), abstract) or title or str(source.number),
            **({"url": url} if url else {}),
            **({"keywords": keywords} if keywords else {}),
        },
    }


def _about(source: Source, language: Language) -> list[str]:
    stale = labels.STALE[language] if source.stale else ""
    return [labels.page(source.page, language), source.owner, source.date, stale]


def _words(markdown: str) -> str:
    """The words of a passage without its markup, which a citation would show as it is."""
    text = re.sub(r"(?m)^[ \t]*[|:-][ \t|:-]*$", "", markdown[:_PASSAGE])  # the rule below a table's head
    text = re.sub(r"(?m)^[ \t]*(?:\|[ \t]*|#{1,6}[ \t]+|>[ \t]*)|[ \t]*\|[ \t]*$", "", text)
    text = re.sub(r"!?\[([^\[\]]*)\]\([^()\s]*\)", r"\1", text)
    return re.sub(r"(?<!\w)\*+|\*+(?!\w)|`+", "", text.replace("|", "·"))


def _short(text: str, most: int) -> str:
    """One line, cut at a word to so many characters as Teams counts them; where there are no words, between signs."""
    short = " ".join(sound(text).split())
    if (begun := _begun(short, most)) == short:
        return short
    begun = _begun(short, most - 1)
    words = begun if short[len(begun)] == " " else begun.rpartition(" ")[0]
    return f"{words if len(words) > len(begun) // 2 else begun}…"


def _begun(text: str, most: int) -> str:
    return text.encode("utf-16-le")[: 2 * most].decode("utf-16-le", "ignore")
