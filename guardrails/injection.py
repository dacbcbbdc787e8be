"""Instructions that stand in texts which are only data: made inert always, and marked where they are recognised."""

import re
from typing import Final

import re2

from guardrails.hidden import visible

_TEMPLATE: Final = re.compile(
    r"<\|[\w ]{1,40}\|>|<｜[^<>]{1,40}｜>|<</?SYS>>|</?s>"
    r"|\[/?(?:INST|SYS|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|gMASK)\]"
    r"|</?(?:start_of_turn|end_of_turn|think|tool_call|tool_response)>"
    r"|<(?:BOS|EOS|PAD|UNK)_TOKEN>"
    r"|<\|?(?:bos|eos|pad|unk|sop|eop|endoftext|im_start|im_end)\|?>",
    re.IGNORECASE,
)
_STRUCK: Final = ("<s>", "</s>")  # what was struck out, in many a document
_OURS: Final = re.compile(
    r"^(?P<before>[ \t>*#_~`-]*)(?:\[(?P<number>\d{1,3})\]"
    r"|(?P<role>passages?|question|colleague \d+|system|assistant|user|human|developer|tool"
    r"|instructions?|response)(?P<colon>[ \t*_]*[:：]))",
    re.IGNORECASE | re.MULTILINE,
)
# Words in characters that nobody sees; single ones stand in many a document.
_SMUGGLED: Final = re.compile(
    "[\U000e0000-\U000e007f]{4}|[\ufe00-\ufe0e\U000e0100-\U000e01ef]{4}"
    "|[\u200b-\u200f\u2060-\u2064\u202a-\u202e\u2066-\u2069\ufeff]{8}"
)


def _near(*words: str, within: int = 40) -> str:
    """A pattern of words, alternatives each, that stand so near to each other in this order."""
    return f".{{0,{within}}}".join(rf"\b(?:{alternatives})" for alternatives in words)


_REPLY: Final = r"(?:reply|response|answer|output)\b"
_ADDRESS: Final = r"(?:https?://|www\.|[\w.-]+@[\w-]+\.)"
_SIGNS: Final = (
    # Orders to forget what was said before, in three languages.
    _near(
        r"(?:ignore|disregard|forget|override|bypass|do not follow|don't follow|stop following)\b",
        r"(?:previous|prior|above|earlier|preceding|all|any|your|the)\b",
        r"(?:instructions?|prompts?|rules?|directions?|guidelines?|orders?)\b",
    ),
    _near(
        r"(?:ignorier|vergiss|vergesst|missachte|beachte nicht|überschreib)\w*\b",
        "anweisung|vorgabe|regel|instruktion|befehl|prompt",
    ),
    _near(
        r"(?:ignorez?|oubliez?|ne (?:tiens|tenez) (?:pas|plus) compte|contournez?)\b",
        r"(?:instruction|consigne|règle|ordre|directive)s?\b",
    ),
    # New roles.
    _near(
        r"(?:you are|you're|act as|pretend to be|from now on,? you|your new (?:role|task|instructions?))\b",
        r"an? (?:ai|assistant|unrestricted|evil|dan)\b|dan\b|developer mode|jailbr\w+|unfiltered|unrestricted"
        r"|no (?:restrictions|rules|filters?)",
    ),
    r"\b(?:you are now|you're now|from now on,? you (?:are|will be|act as))"
    r" (?:an?|the|my|going|acting|called|free|no longer)\b",
    r"\bdu bist (?:jetzt|nun|ab (?:jetzt|sofort)) (?:ein|kein|mein|der|die)"
    r"|\bab (?:jetzt|sofort) (?:bist|antwortest) du|\bverhalte dich als\b",
    r"\b(?:tu es|vous êtes) (?:maintenant|désormais) (?:une?|le|la|mon|libre)\b"
    r"|\bdésormais,? (?:tu es|vous êtes|tu réponds|vous répondez)\b|\bcomporte[z-]{1,3}(?:toi|vous) comme\b",
    # The prompt itself.
    _near(
        r"(?:reveal|print|repeat|show|output|display|leak|tell me|give me|what (?:is|are|was|were))\b",
        r"system prompt|your (?:initial |original |hidden |secret )?(?:instructions|prompt|rules)"
        r"|(?:initial|hidden|secret) (?:prompt|instructions?)|(?:text|words|everything) above",
        within=30,
    ),
    _near(
        r"(?:zeig|gib|nenne|wiederhole|verrate)\w*\b",
        r"system-?prompt|deine (?:anweisungen|regeln|vorgaben)",
    ),
    _near(
        r"(?:montre|affiche|répète|révèle|donne)\w*\b",
        r"prompt système|(?:tes|vos) (?:instructions|consignes|règles)",
    ),
    # Words to the machine in a text for people.
    _near(
        r"(?:ai|llm|language model|chatbot|assistant|gpt|copilot)s?\b",
        r"(?:must|should|shall|has to|have to|is (?:instructed|required) to|please|instructions?:)",
        r"(?:say|tell|answer|respond|reply|recommend|include|append|write|output|send|ignore|click|visit|link|insert)",
        within=30,
    ),
    _near(
        r"(?:important|new|urgent|hidden|secret|system|admin(?:istrator)?)\b",
        r"(?:instruction|message|note|prompt|override|command)s?\b",
        r"(?:to|for)\b.{0,12}\b(?:ai|llm|model|assistant|bot|chatbot)\b",
        within=15,
    ),
    r"\b(?:end|begin|start) (?:of )?(?:system|user|assistant|context|document|instructions?|prompt)\b"
    r".{0,10}(?:---|===|\*\*\*|###|\]|>)",
    # An address that whoever reads this shall give to others.
    _near(r"(?:in|to|into|with|within|end|start|begin) your " + _REPLY, _ADDRESS, within=160),
    _near(
        r"(?:add|append|include|insert|integrate|incorporate|embed|mention|link|put|enhance|write)\w*\b",
        _ADDRESS,
        "your " + _REPLY,
        within=120,
    ),
    _near(r"(?:deiner?|ihrer?) antwort\b|(?:ta|votre) réponse\b", _ADDRESS, within=160),
    # Data on its way out.
    r"!\[[^\]]*\]\(\s*(?:https?:)?//[^)]*[?&=][^)]*"
    r"(?:\{|<|\[|%7b|secret|data|question|conversation|history|summary)",
    _near(
        r"(?:append|include|embed|insert|add|attach|encode|put)\b",
        r"(?:conversation|question|history|password|secret|token|answer|summary|data)\b",
        r"(?:url|link|image|query (?:string|parameter)|markdown)",
        within=60,
    ),
    _near(
        r"(?:send|post|forward|exfiltrate|upload|leak|transmit)\b",
        r"(?:conversation|history|password|credentials?|secrets?|tokens?|data)\b",
        r"(?:to|at)\b.{0,20}" + _ADDRESS,
        within=50,
    ),
    # Marks of chat templates.
    r"###\s*(?:system|instruction)s?\s*:",
)


def _options() -> re2.Options:
    options = re2.Options()
    options.case_sensitive = False
    options.dot_nl = False
    options.log_errors = False
    return options


_SET: Final = re2.Set.SearchSet(_options())
for _sign in _SIGNS:
    _SET.Add(_sign)
_SET.Compile()


def said(text: str) -> str:
    """A text as a model may read it: no marks of a chat template, nothing invisible."""
    return _TEMPLATE.sub(lambda match: f"({re.sub('[^A-Za-z_]+', '', match[0])})", visible(text))


def inert(text: str) -> str:
    """What a person or a document says as a model may read it: besides, nothing that looks like our frame around it."""
    return _OURS.sub(_framed, said(text))


def is_suspicious(text: str) -> bool:
    """Whether `text` speaks to the model rather than to people; an attack in other words is not recognised."""
    marks = (match[0].lower() for match in _TEMPLATE.finditer(text))
    if _SMUGGLED.search(text) or any(mark not in _STRUCK for mark in marks):
        return True
    return bool(_SET.Match(" ".join(visible(text).split())))


def _framed(match: re.Match[str]) -> str:
    if match["number"]:
        return f"{match['before']}({match['number']})"
    return f"{match['before']}{match['role']} -"
