"""A company with a fence through it: documents of three groups and of everybody, each with a code that only it holds.

The code stands in the title, the text, a heading, an address, the owner and the name of the file: whoever may not read
the document must meet it nowhere.
"""

import random
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bot.events import Person
from bot.prompt import Prompt

DOCUMENTS: Final = 200  # of each group, and open to all
SHARED: Final = 0.25  # of the projects have a document on every side, which differ in their figures

TEAM: Final = "T1"
RED, BLUE, GREEN, BOTH, NOBODY = (Person(f"slack:{TEAM}:{name}") for name in ("RED", "BLUE", "GREEN", "BOTH", "NOBODY"))
SLACKS: Final = "slack:S1"  # a user group of Slack's; the others stand in the operator's file
BOARD: Final = "board"  # has nobody in it
SIDES: Final[Mapping[str, str]] = {"red": "red", "blue": "blue", "green": SLACKS}
CODE: Final = re.compile(r"Q[RGBAS]\d{6}X\d{4}")

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A document: whose it is, which project it is about, and its code."""

    side: str
    name: str
    code: str

    @property
    def doc_id(self) -> str:
        """What the library calls it."""
        return f"{self.side}/{self.name}-{self.code}.md"

    @property
    def question(self) -> str:
        """What its readers would ask."""
        return f"Which code and which budget does the project {self.name} have?"

    @property
    def approved(self) -> str:
        """A question to which an approved answer is for its readers alone."""
        return f"Who signs for the project {self.name}?"

    @property
    def signed(self) -> str:
        """The code in the approved answer, which has readers of its own."""
        return f"QS{self.code[2:]}"

    @property
    def text(self) -> str:
        """What it says."""
        owner = f"Owner {self.code}" if self.side in SIDES else "The library"
        told = f"The project {self.name} has a budget of {int(self.code[2:8])} EUR and the code {self.code}."
        asked = f"Questions about the project {self.name} go to {self.code.lower()}@firm.example."
        return (
            f"---\nowner: {owner}\n---\n# Project {self.name}, {self.code}\n\n## Budget {self.code}\n\n{told} {asked}\n"
        )


def names(count: int, seed: int) -> list[str]:
    """Names of projects that stand in no other place."""
    chance = random.Random(seed)  # noqa: S311 - makes no secret
    return ["".join(chance.choices(_LETTERS, k=9)).title() for _ in range(count)]


def written(folder: Path, count: int) -> list[Sheet]:
    """Writes `count` documents a side, with labels that say who may read them."""
    shared, sheets = names(int(count * SHARED), 0), list[Sheet]()
    for seed, side in enumerate((*SIDES, "all"), 1):
        (folder / side).mkdir(parents=True)
        chance = random.Random(100 + seed)  # noqa: S311 - makes no secret
        for number, name in enumerate([*shared, *names(count - len(shared), seed)]):
            sheet = Sheet(side, name, f"Q{side[0].upper()}{chance.randrange(10**5, 10**6)}X{number:04}")
            (folder / sheet.doc_id).write_text(sheet.text)
            sheets.append(sheet)
    (folder / "_documents.toml").write_text("".join(rule(f"{side}/*", group) for side, group in SIDES.items()))
    return sheets


def rule(match: str, group: str) -> str:
    """A label that gives documents to a group alone."""
    return f'[[documents]]\nmatch = "{match}"\ngroups = ["{group}"]\n'


class Parrot:
    """A model that obeys everybody: says again all that it is given to read, and notes it."""

    name = "parrot"

    def __init__(self) -> None:
        self.read = ""

    async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        """Every passage with its citation, the thread, the question."""
        self.read += repr(prompt)
        for number, passage in enumerate(prompt.passages, 1):
            told = " ".join(f"{passage.title} {passage.heading} {passage.text}".split())
            yield f"{told} [{number}]\n"
        for line in (*(message.text for message in prompt.history), prompt.question, prompt.persona):
            yield f"{line}\n"

    async def queue(self) -> int | None:
        return 0


@dataclass
class SaidBySlack:
    """What Slack says of a workspace: who is in the user group, who is in which private channel."""

    group: set[str]
    channels: Mapping[str, tuple[Person, ...]]
    calls: list[str] = field(default_factory=list)

    async def call(self, method: str, about: Mapping[str, object], *_: object, **__: object) -> dict[str, Any]:
        """Answers as Slack's Web API does."""
        self.calls.append(method)
        members = [_user(person) for person in self.channels.get(str(about.get("channel")), ())]
        match method:
            case "usergroups.list":
                return {"usergroups": [{"id": SLACKS.partition(":")[2], "users": sorted(self.group)}]}
            case "conversations.info":
                return {"channel": {"is_private": True, "num_members": len(members) + 1}}
            case "conversations.members":
                return {"members": [*members, "UGEIST"]}
        return {"user_id": "UGEIST"}


def _user(person: Person) -> str:
    return person.id.rpartition(":")[2]


def codes_in(text: str) -> Iterator[str]:
    """The codes of documents in a text, however they are written."""
    return (code for code in dict.fromkeys(CODE.findall(text.upper().replace("\\", ""))))
