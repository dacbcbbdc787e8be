"""One table that says what happens to each kind of personal data, and where: allowed, masked or blocked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, TypeVar

from guardrails.masking import Span

Word = TypeVar("Word", bound=StrEnum)


class Action(StrEnum):
    """What happens to a value that was found."""

    ALLOW = "allow"
    MASK = "mask"
    BLOCK = "block"
    """A person's message that holds one is refused; in any other text it is masked."""


class Stage(StrEnum):
    """Where a text goes. Logs, traces, metrics and errors are none: they hold no text at all."""

    SEARCH = "search"
    """What is looked up in our own index, in memory."""
    MODEL = "model"
    """Messages and files that a model in the house reads, and passages of collections that are always masked."""
    DOCUMENTS = "documents"
    """Passages of the company's documents that a model in the house reads."""
    OUTSIDE = "outside"
    """Whatever leaves the house, for a model or an embedder elsewhere."""
    KEPT = "kept"
    """What stays: transcripts, answers, what people think of them."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What to do with one kind that reaches the score `least`: the same everywhere, but for the stages in `at`."""

    action: Action
    least: float = 0.4
    at: Mapping[Stage, Action] = field(default_factory=dict)

    def on(self, stage: Stage) -> Action:
        """What to do at a stage."""
        return self.at.get(stage, self.action)


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of all kinds; a kind without one gets `default`."""

    rules: Mapping[str, Rule]
    default: Rule = Rule(Action.MASK)

    def concerns(self, span: Span, stage: Stage = Stage.MODEL) -> bool:
        """Whether the span is masked or blocked."""
        rule = self._rule(span.type)
        return span.score >= rule.least and rule.on(stage) is not Action.ALLOW

    def blocked(self, spans: Iterable[Span], *stages: Stage) -> tuple[str, ...]:
        """The kinds among `spans` with which a person's message is refused that goes to `stages`."""
        sure = {span.type for span in spans if span.score >= self._rule(span.type).least}
        wanted = stages or (Stage.MODEL,)
        return tuple(sorted(kind for kind in sure if Action.BLOCK in map(self._rule(kind).on, wanted)))

    @staticmethod
    def hides_known(stage: Stage) -> Stage:
        """Whose rules hide what the conversation knows already: documents speak of it as the question does."""
        return Stage.MODEL if stage is Stage.DOCUMENTS else stage

    def alike(self, one: Stage, other: Stage) -> bool:
        """Whether the same kinds are hidden at two stages."""
        rules = (self.default, *self.rules.values())
        return all((rule.on(one) is Action.ALLOW) == (rule.on(other) is Action.ALLOW) for rule in rules)

    def changed(self, entries: str) -> "Policy":
        """This policy with changes, by commas: `KIND=ACTION` or `KIND@STAGE=ACTION`; raises ValueError."""
        rules = dict(self.rules)
        for entry in entries.replace(",", " ").split():
            name, is_one, action = entry.partition("=")
            kind, at, stage = name.partition("@")
            if not is_one or kind not in rules:
                raise ValueError(f"{entry!r} is no KIND=ACTION or KIND@STAGE=ACTION with a kind of {', '.join(rules)}")
            wanted = _one_of(Action, action, entry)
            place = {_one_of(Stage, stage, entry): wanted} if at else dict.fromkeys(Stage, wanted)
            rules[kind] = replace(rules[kind], at={**rules[kind].at, **place})
        return replace(self, rules=rules)

    def table(self) -> dict[str, dict[Stage, Action]]:
        """What happens to each kind at each stage."""
        return {kind: {stage: rule.on(stage) for stage in Stage} for kind, rule in self.rules.items()}

    def _rule(self, kind: str) -> Rule:
        return self.rules.get(kind, self.default)


def _one_of(words: type[Word], said: str, entry: str) -> Word:
    try:
        return words(said)
    except ValueError:
        raise ValueError(f"{entry!r}: {said!r} is none of {', '.join(words)}") from None


# Passages for a model in the house stay as they are: they are the company's own, and the asker may read them.
_AS_WRITTEN: Final = {Stage.DOCUMENTS: Action.ALLOW}
_LOOKED_UP: Final = {Stage.SEARCH: Action.ALLOW, **_AS_WRITTEN}

ALLOW: Final = Rule(Action.ALLOW)
NUMBER: Final = Rule(Action.MASK, at=_AS_WRITTEN)
CONTACT: Final = Rule(Action.MASK, at=_LOOKED_UP)
"""What a document says who or where something is: people ask for it, so it may be searched."""

STANDARD: Final = Policy(
    {
        "PERSON": replace(CONTACT, least=0.5),
        "STREET_ADDRESS": CONTACT,
        "EMAIL_ADDRESS": CONTACT,
        "PHONE_NUMBER": CONTACT,
        "IP_ADDRESS": CONTACT,
        "MAC_ADDRESS": CONTACT,
        "LICENSE_PLATE": CONTACT,
        "EMPLOYEE_NUMBER": CONTACT,
        "CH_UID": CONTACT,
        "EU_VAT": CONTACT,
        "FR_SIREN": CONTACT,
        "FR_SIRET": CONTACT,
        "IBAN_CODE": NUMBER,
        "CREDIT_CARD": NUMBER,
        "DATE_OF_BIRTH": NUMBER,
        "PASSPORT": NUMBER,
        "CH_AHV": NUMBER,
        "DE_SOCIAL_SECURITY": NUMBER,
        "DE_TAX_ID": NUMBER,
        "DE_TAX_NUMBER": NUMBER,
        "FR_NIR": NUMBER,
        "IT_FISCAL_CODE": NUMBER,
        "UK_NHS": NUMBER,
        "UK_NINO": NUMBER,
        "US_ITIN": NUMBER,
        "US_SSN": NUMBER,
        "SECRET": Rule(Action.BLOCK, at={Stage.DOCUMENTS: Action.MASK, Stage.KEPT: Action.MASK}),
        # Questions need these to be understood.
        "ORGANIZATION": ALLOW,
        "LOCATION": ALLOW,
        "DATE_TIME": ALLOW,
        "NRP": ALLOW,
        "URL": ALLOW,
    }
)
