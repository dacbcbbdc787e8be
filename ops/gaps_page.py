"""The report of gaps as people see it: one page with a picture, which needs nothing else to be shown."""

from collections.abc import Iterator
from html import escape
from typing import Final

from bot.labels import REASONS
from bot.language import Language
from ops.gaps import Report, Topic

BARS: Final = 12
"""Topics in the picture."""
EXAMPLES: Final = 5
"""Questions that are shown of a topic."""
_WIDTH, _ROW, _LEFT = 832, 32, 400
_LETTERS = 52  # that fit beside the bars
_COLOURS: Final = {"unanswered": "#c2410c", "disliked": "#f2b06b"}
_DRAWING: Final = (
    "text { font: 14px system-ui, sans-serif; fill: #1d2733 } .name { text-anchor: end } .quiet { fill: #5b6875 }"
)

WORDS: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "title": "What the documents do not answer",
        "span": "{since} to {until}: {gaps} of {questions} questions were not answered well.",
        "none": "Every question was answered, and nobody disliked an answer.",
        "unanswered": "not answered",
        "disliked": "disliked",
        "read": "read for it",
        "owner": "owner",
        "old": "Documents that are old",
        "nobody": "nobody is named as owner",
        "hidden": "Questions are shown without personal data, and without who asked.",
    },
    "de": {
        "title": "Was die Dokumente nicht beantworten",
        "span": "{since} bis {until}: {gaps} von {questions} Fragen wurden nicht gut beantwortet.",
        "none": "Jede Frage wurde beantwortet, und niemandem missfiel eine Antwort.",
        "unanswered": "nicht beantwortet",
        "disliked": "missfallen",
        "read": "dafür gelesen",
        "owner": "zuständig",
        "old": "Dokumente, die alt sind",
        "nobody": "niemand ist als zuständig genannt",
        "hidden": "Fragen stehen hier ohne Personendaten, und ohne wer sie gestellt hat.",
    },
    "fr": {
        "title": "Ce à quoi les documents ne répondent pas",
        "span": "{since} au {until} : {gaps} questions sur {questions} sont restées sans bonne réponse.",
        "none": "Chaque question a reçu une réponse, et aucune réponse n'a déplu.",
        "unanswered": "sans réponse",
        "disliked": "n'a pas plu",
        "read": "lus pour cela",
        "owner": "responsable",
        "old": "Documents anciens",
        "nobody": "aucun responsable n'est indiqué",
        "hidden": "Les questions sont montrées sans données personnelles, et sans qui les a posées.",
    },
}

_STYLE: Final = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1d2733; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin: 2.2rem 0 .2rem; font-size: 1.15rem; } .quiet { color: #5b6875; margin: .1rem 0; }
svg { width: 100%; height: auto; } ul { margin: .4rem 0; } td { padding: .15rem 1.2rem .15rem 0; vertical-align: top; }
"""


def page(report: Report, language: Language = "en") -> str:
    """The report as an HTML page that shows its picture and loads nothing."""
    words = WORDS[language]
    parts = [f"<h1>{words['title']}</h1>", f"<p>{_span(report, language)}</p>"]
    if report.topics:
        parts += [drawn(report, language), *_sections(report, language)]
        parts.append(f'<p class="quiet">{words["hidden"]}</p>')
    else:
        parts.append(f"<p>{words['none']}</p>")
    parts += _old(report, language)
    head = f'<meta charset="utf-8"><title>{words["title"]}</title><style>{_STYLE}</style>'
    return f'<!doctype html><html lang="{language}"><head>{head}</head><body>{"".join(parts)}</body></html>'


def told(report: Report, language: Language = "en") -> str:
    """The report in a few plain lines: the span, and each topic with its number."""
    lines = [_span(report, language), "", *(f"{len(topic.gaps):4}  {topic.name}" for topic in report.topics[:BARS])]
    old = [f"{mark.date[:10]}  {mark.title}" for mark in report.old[:BARS]]
    return "\n".join([*lines, *(["", f"{WORDS[language]['old']}:", *old] if old else []), ""])


def drawn(report: Report, language: Language = "en") -> str:
    """The largest topics as bars, an SVG: how many questions were declined, how many answers disliked."""
    shown, words = report.topics[:BARS], WORDS[language]
    scale = (_WIDTH - _LEFT - 60) / max(len(topic.gaps) for topic in shown)
    drawing = [line for row, topic in enumerate(shown) for line in _bar(row * _ROW, topic, scale)]
    foot, at = len(shown) * _ROW + 18, _LEFT
    for kind, colour in _COLOURS.items():
        drawing += [_box(at, foot - 11, 12, 12, colour), _text(at + 18, foot, words[kind], "quiet")]
        at += 40 + 8 * len(words[kind])
    told = "; ".join(f"{topic.name}: {len(topic.gaps)}" for topic in shown)
    size = f'viewBox="0 0 {_WIDTH} {foot + 12}" role="img" aria-label="{escape(told)}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}><style>{_DRAWING}</style>{"".join(drawing)}</svg>'


def _span(report: Report, language: Language) -> str:
    since, until = f"{report.since:%Y-%m-%d}", f"{report.until:%Y-%m-%d}"
    return WORDS[language]["span"].format(since=since, until=until, gaps=report.gaps, questions=report.questions)


def _bar(top: int, topic: Topic, scale: float) -> Iterator[str]:
    """A topic's name, its bar in two colours, and its number."""
    name, at = " ".join(topic.name.split()), float(_LEFT)
    short = name if len(name) <= _LETTERS else name[: _LETTERS - 1].rstrip() + "…"
    yield _text(_LEFT - 10, top + 20, short, "name")
    for kind, count in _counts(topic):
        yield _box(at, top + 5, count * scale, 21, _COLOURS[kind])
        at += count * scale
    yield _text(at + 8, top + 20, str(len(topic.gaps)), "quiet")


def _box(left: float, top: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def _text(left: float, foot: float, text: str, kind: str) -> str:
    return f'<text x="{left:.1f}" y="{foot:.1f}" class="{kind}">{escape(text)}</text>'


def _sections(report: Report, language: Language) -> Iterator[str]:
    words = WORDS[language]
    for topic in report.topics:
        counts = [f"{count} {words[kind]}" for kind, count in _counts(topic) if count]
        facts = [
            ", ".join([*counts, *(REASONS[language][reason] for reason in topic.reasons)]),
            f"{words['owner']}: {topic.owner or words['nobody']}",
        ]
        yield f'<h2>{escape(topic.name)}</h2><p class="quiet">{escape(" · ".join(facts))}</p>'
        others = list(dict.fromkeys(gap.question for gap in topic.gaps if gap.question != topic.name))[:EXAMPLES]
        yield f"<ul>{''.join(f'<li>{escape(question)}</li>' for question in others)}</ul>" if others else ""
        if topic.documents:
            named = ", ".join(f"<code>{escape(name)}</code>" for name in topic.documents[:EXAMPLES])
            yield f'<p class="quiet">{words["read"]}: {named}</p>'


def _counts(topic: Topic) -> tuple[tuple[str, int], ...]:
    return ("unanswered", topic.unanswered), ("disliked", topic.disliked)


def _old(report: Report, language: Language) -> Iterator[str]:
    if not report.old:
        return
    yield f"<h2>{WORDS[language]['old']}</h2><table>"
    for mark in report.old:
        cells = (mark.date[:10], mark.title, mark.owner or WORDS[language]["nobody"])
        yield f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
    yield "</table>"
