"""Views in Slack: the Home tab, the form for a question, the form for what was wrong. Knows no network."""

import re
from collections.abc import Sequence
from typing import Final

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ContextBlock,
    DividerBlock,
    HeaderBlock,
    InputBlock,
    MarkdownTextObject,
    Option,
    PlainTextInputElement,
    RadioButtonsElement,
    RichTextBlock,
    SectionBlock,
    StaticSelectElement,
)
from slack_sdk.models.blocks.block_elements import RichTextElementParts, RichTextQuoteElement
from slack_sdk.models.views import View

from adapters.slack_commands import ASK, QUESTION_FORM, REASONS_FORM
from adapters.slack_mrkdwn import escaped
from adapters.slack_payload import Payload, inner, string
from bot import labels
from bot.events import REASONS
from bot.language import Language

NAME: Final = "Hausgeist"
COMMAND: Final = "/hausgeist"
SHORTCUT: Final = "Ask about this message"  # as the manifest calls it; Slack does not translate it
EXAMPLES: Final = 8
NOTE: Final = 500  # characters, which escaping may make five times as long
QUOTED: Final = 2_900  # characters of a message that a question is about
QUESTION: Final = 3_000
COMMENT: Final = 2_000
_BUTTON: Final = 75  # characters
_OPTION: Final = 150  # characters of an option's value, which is the id of a document


def home(person: str, language: Language, examples: Sequence[str] = (), note: str = "", bot: str = "") -> View:
    """The Home tab: who we are, how to ask, and questions to begin with.

    `person` and `bot` are Slack's ids of whoever looks at it and of us; `note` is a line of the company's own.
    """
    mention = _mention(bot, f"@{NAME}")
    name = _mention(person, "")
    hello = labels.HELLO[language].format(name=name) if name else ""
    ways = [way.format(mention=mention, command=COMMAND, shortcut=SHORTCUT) for way in labels.WAYS[language]]
    tried = [example for example in examples if example.strip()][:EXAMPLES]
    blocks: list[Block] = [
        HeaderBlock(text=labels.WELCOME[language]),
        _section(f"{hello} {labels.GREETING[language]}".strip()),
        _section(labels.ABILITIES[language]),
        *([_section(escaped(note[:NOTE]))] if note.strip() else []),
        ActionsBlock(elements=[_ask(labels.ASK[language], "-", "primary")]),
        DividerBlock(),
        _section("\n".join([f"*{labels.HOW[language]}*", *(f"• {way}" for way in ways)])),
        *([_section(f"*{labels.TRY[language]}*")] if tried else []),
        *(ActionsBlock(elements=[_ask(example, example[:QUESTION_VALUE])]) for example in tried),
        DividerBlock(),
        _context(f":lock: {labels.DATA[language]}", f":mag: {labels.DOUBLE_CHECK[language]}"),
    ]
    return View(type="home", blocks=blocks)


def question_form(language: Language, question: str = "", quoted: str = "", metadata: str = "") -> View:
    """The form in which someone asks, about the message `quoted` if there is one; `metadata` has up to 3,000 signs."""
    written = PlainTextInputElement(
        action_id="question",
        multiline=True,
        max_length=QUESTION,
        initial_value=question[:QUESTION] or None,
        focus_on_load=True,
    )
    asked = InputBlock(block_id="question", label=labels.QUESTION[language], element=written)
    check = _context(labels.DOUBLE_CHECK[language])
    return _form(QUESTION_FORM, labels.ASK[language], language, metadata, [*_quote(quoted, language), asked, check])


def reasons_form(language: Language, metadata: str, sources: Sequence[tuple[str, str]] = (), chosen: str = "") -> View:
    """The form that asks what was wrong with an answer; `sources` are ids and titles of the documents it names.

    `chosen` is a reason to begin with; `metadata` has up to 3,000 characters.
    """
    reasons = {reason: Option(value=reason, label=labels.REASONS[language][reason]) for reason in REASONS}
    buttons = RadioButtonsElement(
        action_id="reason", options=list(reasons.values()), initial_option=reasons.get(chosen), focus_on_load=True
    )
    comment = PlainTextInputElement(action_id="comment", multiline=True, max_length=COMMENT)
    blocks: list[Block] = [
        InputBlock(block_id="reason", label=labels.WHAT_WAS_WRONG[language], element=buttons),
        *_choice(sources, language),
        InputBlock(block_id="comment", label=labels.COMMENT[language], element=comment, optional=True),
    ]
    return _form(REASONS_FORM, labels.NOT_HELPFUL[language], language, metadata, blocks)


def submitted_question(view: Payload) -> str:
    """The question that was put into the form; none if the form has another shape."""
    return string(_filled(view, "question"), "value").strip()


def submitted_reasons(view: Payload) -> tuple[str, str, str]:
    """Reason, document and comment that were put into the form, each empty if it was not."""
    reason = string(inner(_filled(view, "reason"), "selected_option"), "value")
    document = string(inner(_filled(view, "document"), "selected_option"), "value")
    comment = string(_filled(view, "comment"), "value").strip()[:COMMENT]
    return reason if reason in REASONS else "", document, comment


QUESTION_VALUE: Final = 2_000  # characters of a question in a button's value


def _filled(view: Payload, name: str) -> Payload:
    return inner(inner(inner(inner(view, "state"), "values"), name), name)


def _form(callback: str, title: str, language: Language, metadata: str, blocks: list[Block]) -> View:
    return View(
        type="modal",
        callback_id=callback,
        title=title,
        submit=labels.SEND[language],
        close=labels.NO[language],
        private_metadata=metadata,
        blocks=blocks,
    )


def _quote(text: str, language: Language) -> list[Block]:
    """The message that the question is about, as text that calls nobody."""
    if not text.strip():
        return []
    words = RichTextElementParts.Text(text=text[:QUOTED])
    shown = RichTextBlock(elements=[RichTextQuoteElement(elements=[words])])
    cut = [_context(labels.SHORTENED[language])] if len(text) > QUOTED else []
    return [_context(labels.ABOUT[language]), shown, *cut]


def _choice(sources: Sequence[tuple[str, str]], language: Language) -> list[Block]:
    options = [
        Option(value=doc_id, label=_line(title.strip() or doc_id))
        for doc_id, title in dict(sources).items()
        if doc_id.strip() and len(doc_id) <= _OPTION
    ][:100]
    if not options:
        return []
    only = options[0] if len(options) == 1 else None
    select = StaticSelectElement(action_id="document", options=options, initial_option=only)
    return [InputBlock(block_id="document", label=labels.WHICH_SOURCE[language], element=select, optional=True)]


def _ask(label: str, value: str, style: str | None = None) -> ButtonElement:
    return ButtonElement(text=_line(label), action_id=ASK, value=value, style=style)


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _BUTTON else f"{line[: _BUTTON - 1]}…"


def _mention(user: str, otherwise: str) -> str:
    return f"<@{user}>" if re.fullmatch(r"[UW][A-Z0-9]+", user) else otherwise


def _section(mrkdwn: str) -> SectionBlock:
    return SectionBlock(text=MarkdownTextObject(text=mrkdwn))


def _context(*lines: str) -> ContextBlock:
    return ContextBlock(elements=[MarkdownTextObject(text=line) for line in lines])
