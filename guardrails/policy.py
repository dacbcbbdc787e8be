"""One table that says what happens to each kind of personal data: allowed, masked or blocked, and from which score."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from guardrails.masking import Span


class Action(StrEnum):
    """What happens to a value that was found."""

    ALLOW = "allow"
    MASK = "mask"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Rule:
    """What to do with one kind, if the score reaches `least`."""

    action: Action
    least: float = 0.4


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of all kinds; a kind without one gets `default`."""

    rules: Mapping[str, Rule]
    default: Rule = Rule(Action.MASK)

    def concerns(self, span: Span) -> bool:
        """Whether the span is masked or blocked."""
        rule = self.rules.get(span.type, self.default)
        return rule.action is not Action.ALLOW and span.score >= rule.least

    def blocked(self, spans: Iterable[Span]) -> tuple[str, ...]:
        """The kinds among `spans` with which a message is refused."""
        kinds = {span.type for span in spans if self.concerns(span)}
        return tuple(sorted(kind for kind in kinds if self.rules.get(kind, self.default).action is Action.BLOCK))


ALLOW = Rule(Action.ALLOW)
MASK = Rule(Action.MASK)

STANDARD = Policy(
    {
        "EMAIL_ADDRESS": MASK,
        "PHONE_NUMBER": MASK,
        "IBAN_CODE": MASK,
        "CREDIT_CARD": MASK,
        "IP_ADDRESS": MASK,
        "MAC_ADDRESS": MASK,
        "US_SSN": MASK,
        "CH_AHV": MASK,
        "CH_UID": MASK,
        "DATE_OF_BIRTH": MASK,
        "PERSON": Rule(Action.MASK, least=0.5),
        "SECRET": Rule(Action.BLOCK),
        # The small English model is too often wrong about these, and questions need them to be understood.
        "ORGANIZATION": ALLOW,
        "LOCATION": ALLOW,
        "DATE_TIME": ALLOW,
        "NRP": ALLOW,
        "URL": ALLOW,
    }
)
