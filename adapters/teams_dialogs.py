"""Forms in Teams, as Adaptive Cards 1.5, and what an invoke is answered so that they, or a line, are shown. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

from bot import labels
from bot.answers import Source
from bot.events import REASONS
from bot.language import Language

ADAPTIVE: Final = "application/vnd.microsoft.card.adaptive"
QUESTION: Final = 3_000
COMMENT: Final = 2_000
DOCUMENT: Final = 300  # characters of a document's id
MOST_DOCUMENTS: Final = 50
_TITLE: Final = 200
_EXCERPT: Final = 600
_LINK: Final = 2_000
_MESSAGE: Final = "application/vnd.microsoft.activity.message"
_THUMBNAIL: Final = "application/vnd.microsoft.card.thumbnail"

Json = dict[str, object]


def reasons_form(language: Language, sources: Sequence[str] = (), chosen: str = "") -> Json:
    """The form that asks what was wrong with an answer; `sources` are the ids of the documents that it names."""
    body = [_reasons(language, chosen), *_documents(language, sources), _comment(language)]
    return card(body, [{"type": "Action.Submit", "title": labels.SEND[language], "data": {"hausgeist": "reasons"}}])


def source_form(language: Language, answer: str, sources: Sequence[str] = ()) -> Json:
    """The form that asks which source of an answer is wrong, and why."""
    heading = {"type": "TextBlock", "text": labels.WRONG_SOURCE[language], "weight": "Bolder", "wrap": True}
    body = [heading, *_documents(language, sources), _comment(language)]
    return card(body, [execute(labels.SEND[language], {"hausgeist": "wrong", "answer": answer})])


def question_form(language: Language, quoted: str = "", question: str = "", note: str = "") -> Json:
    """The form in which someone asks, about the message `quoted` if there is one; `note` says what went wrong."""
    warning = {"type": "TextBlock", "text": note, "color": "Attention", "wrap": True}
    written = {
        "type": "Input.Text",
        "id": "question",
        "label": labels.QUESTION[language],
        "isMultiline": True,
        "isRequired": True,
        "errorMessage": labels.QUESTION[language],
        "maxLength": QUESTION,
        **({"value": question} if question else {}),
    }
    check = {
        "type": "TextBlock",
        "text": labels.DOUBLE_CHECK[language],
        "isSubtle": True,
        "size": "Small",
        "wrap": True,
    }
    body = [*([warning] if note else []), *_quote(language, quoted), written, check]
    data = {"hausgeist": "ask", "quoted": quoted}
    return card(body, [{"type": "Action.Submit", "title": labels.SEND[language], "data": data}])


def said(text: str) -> Json:
    """A card that says a line, and no more."""
    return card([{"type": "TextBlock", "text": text, "wrap": True}], [])


def card(body: Sequence[Mapping[str, object]], actions: Sequence[Mapping[str, object]]) -> Json:
    """An Adaptive Card."""
    schema = {"$schema": "http://adaptivecards.io/schemas/adaptive-card.json"}
    return {**schema, "type": "AdaptiveCard", "version": "1.5", "body": list(body), "actions": list(actions)}


def execute(title: str, data: Mapping[str, object]) -> Json:
    """A button whose press is answered to that person alone; for old clients one that posts a message."""
    fallback = {"type": "Action.Submit", "title": title, "data": data}
    return {"type": "Action.Execute", "title": title, "verb": data["hausgeist"], "data": data, "fallback": fallback}


def result(source: Source) -> Json:
    """A document that was found, as a card to put into a message, and as it stands in the list."""
    title, excerpt = (source.title or source.doc_id)[:_TITLE], " ".join(source.excerpt.split())[:_EXCERPT]
    about = ", ".join(filter(None, (source.owner[:_TITLE], source.date[:_TITLE])))
    body = [
        _plain(title, weight="Bolder"),
        *([_plain(about, isSubtle=True)] if about else []),
        _plain(excerpt or title),
    ]
    linked = source.link.startswith(("https://", "http://")) and len(source.link) <= _LINK
    actions = [{"type": "Action.OpenUrl", "title": title[:40], "url": source.link}] if linked else []
    listed = {"title": title, "subtitle": about, "text": _escaped(excerpt[:160])}
    preview = {"contentType": _THUMBNAIL, "content": listed}
    return {"contentType": ADAPTIVE, "content": card(body, actions), "preview": preview}


def dialog(title: str, content: Json) -> Json:
    """An answer that opens a form, or shows the next one in its place."""
    shown = {"contentType": ADAPTIVE, "content": content}
    value = {"title": title, "height": "medium", "width": "medium", "card": shown}
    return {"task": {"type": "continue", "value": value}}


def line(text: str) -> Json:
    """An answer that shows a line in place of a form."""
    return {"task": {"type": "message", "value": text}}


def told(text: str) -> Json:
    """The answer to the press of a button: a line for that person alone."""
    return {"statusCode": 200, "type": _MESSAGE, "value": text}


def replaced(content: Json) -> Json:
    """The answer to the press of a button: another card in place of the one it stood on, for that person alone."""
    return {"statusCode": 200, "type": ADAPTIVE, "value": content}


def found(results: Sequence[Json]) -> Json:
    """The answer to a search."""
    return {"composeExtension": {"type": "result", "attachmentLayout": "list", "attachments": list(results)}}


def hinted(text: str) -> Json:
    """The answer to a search that finds nothing, or cannot look."""
    return {"composeExtension": {"type": "message", "text": text}}


def _reasons(language: Language, chosen: str) -> Json:
    choices = [{"title": labels.REASONS[language][reason], "value": reason} for reason in REASONS]
    asked = labels.WHAT_WAS_WRONG[language]
    chosen_first = {"value": chosen} if chosen in REASONS else {}
    return {
        "type": "Input.ChoiceSet",
        "id": "reason",
        "label": asked,
        "style": "expanded",
        "isRequired": True,
        "errorMessage": asked,
        "choices": choices,
        **chosen_first,
    }


def _documents(language: Language, sources: Sequence[str]) -> list[Json]:
    known = [doc_id for doc_id in dict.fromkeys(sources) if doc_id.strip() and len(doc_id) <= DOCUMENT]
    choices = [
        {"title": doc_id.rstrip("/").rpartition("/")[2] or doc_id, "value": doc_id} for doc_id in known[:MOST_DOCUMENTS]
    ]
    if not choices:
        return []
    only = {"value": known[0]} if len(choices) == 1 else {}
    asked = {"type": "Input.ChoiceSet", "id": "document", "label": labels.WHICH_SOURCE[language], "style": "compact"}
    return [{**asked, "choices": choices, **only}]


def _comment(language: Language) -> Json:
    asked = {"type": "Input.Text", "id": "comment", "label": labels.COMMENT[language]}
    return {**asked, "isMultiline": True, "maxLength": COMMENT}


def _quote(language: Language, text: str) -> list[Json]:
    """The message that the question is about, as text that is no markup."""
    if not text.strip():
        return []
    about = {"type": "TextBlock", "text": labels.ABOUT[language], "isSubtle": True, "wrap": True}
    return [about, {"type": "Container", "style": "emphasis", "items": [_plain(line) for line in text.splitlines()]}]


def _plain(text: str, **style: object) -> Json:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **style}]}


def _escaped(text: str) -> str:
    """Text for a card that reads HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
