"""What is said where the passages hold no answer: what was looked at, what would help, and who may know."""

from dataclasses import replace
from typing import Final

from bot.language import LOOKED_AT, REFUSAL, SAY_MORE, WHO_KNOWS
from bot.prompt import Prompt
from bot.screen import titled
from bot.support import stems
from guardrails.masking import Vault, restore
from guardrails.output import screen

VAGUE: Final = 1  # a question of so many telling words may mean many things


def refusal(prompt: Prompt, vault: Vault) -> str:
    """The refusal of a question, in its language."""
    language = prompt.language
    known = [replace(passage, title=restore(passage.title, vault)) for passage in prompt.passages]
    lines = [REFUSAL[language]]
    if titles := ", ".join(dict.fromkeys(map(titled, known))):
        lines.append(LOOKED_AT[language].format(titles=titles))
    if known and not prompt.history and len(stems(prompt.question)) <= VAGUE:
        lines.append(SAY_MORE[language])
    if owned := next((passage for passage in known if passage.owner.strip()), None):
        owner = screen(restore(" ".join(owned.owner.split()), vault))
        lines.append(WHO_KNOWS[language].format(owner=owner, title=titled(owned)))
    return " ".join(lines)
