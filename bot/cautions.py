"""What a person should know about the sources of an answer before relying on it."""

from collections.abc import Iterator
from dataclasses import replace

from bot.answers import Answer
from bot.conflicts import conflict
from bot.language import ALL_OLD, CONTRADICTION, DOUBTFUL
from bot.prompt import Prompt
from bot.screen import titled
from guardrails.masking import Vault, restore
from rag.passages import Passage


def cautions(answer: Answer, prompt: Prompt, vault: Vault, doubtful: frozenset[str]) -> Iterator[str]:
    """Lines for under the answer: sources that give orders, contradict one another, or are all old."""
    language = answer.language
    for source in answer.sources:
        if source.doc_id in doubtful:
            yield DOUBTFUL[language].format(title=source.title)
    if not answer.sources or answer.makeshift:
        return
    if found := conflict(answer.text, prompt.question, prompt.passages):
        this, that = found.said
        yield CONTRADICTION[language].format(
            one=_named(found.one, vault), this=this, other=_named(found.other, vault), that=that
        )
    if all(source.stale for source in answer.sources):
        yield ALL_OLD[language].format(date=max(source.date for source in answer.sources)[:10])


def _named(passage: Passage, vault: Vault) -> str:
    title = titled(replace(passage, title=restore(passage.title, vault)))
    return f"{title} ({passage.date[:10]})" if passage.date else title
