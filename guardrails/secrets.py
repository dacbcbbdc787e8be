"""Keys, tokens and passwords: where one may stand is a pattern for RE2, whether it is one say detect-secrets and we."""

import re
from collections.abc import Iterator
from typing import Final

from detect_secrets.plugins.artifactory import ArtifactoryDetector
from detect_secrets.plugins.aws import AWSKeyDetector
from detect_secrets.plugins.azure_storage_key import AzureStorageKeyDetector
from detect_secrets.plugins.base import RegexBasedDetector
from detect_secrets.plugins.discord import DiscordBotTokenDetector
from detect_secrets.plugins.github_token import GitHubTokenDetector
from detect_secrets.plugins.gitlab_token import GitLabTokenDetector
from detect_secrets.plugins.jwt import JwtTokenDetector
from detect_secrets.plugins.mailchimp import MailchimpDetector
from detect_secrets.plugins.openai import OpenAIDetector
from detect_secrets.plugins.pypi_token import PypiTokenDetector
from detect_secrets.plugins.sendgrid import SendGridDetector
from detect_secrets.plugins.slack import SlackDetector
from detect_secrets.plugins.square_oauth import SquareOAuthDetector
from detect_secrets.plugins.stripe import StripeDetector
from detect_secrets.plugins.telegram_token import TelegramBotTokenDetector
from detect_secrets.plugins.twilio import TwilioKeyDetector

from guardrails.masking import Span

KIND: Final = "SECRET"

_NAMED: Final = (
    r"(?:pass(?:word|wort|wd|phrase|code)?|kennwort|zugangscode|pwd|mot de passe|mdp|contraseña|parola d.ordine"
    r"|(?:client|app|shared|webhook|signing)?[ _-]?secret(?:[ _-]?(?:access)?[ _-]?key)?|credentials?"
    r"|(?:api|access|account|auth|private|service|master|encryption|license)[ _-]?(?:key|token)|bearer|token)"
)
_SAID: Final = r"(?:[\w.-]{0,20}[\"'`*]{0,3}\s{0,3}(?::=|=>|[:=])|[^\n.:=]{0,24}?\b(?:is|ist|lautet|est|è|war|was|sei))"

KEY_BLOCK: Final = (
    r"(?s)-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:.*?-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----|.*)"
    r"|PuTTY-User-Key-File-\d.*"
)
TOKENS: Final = (
    r"\b(?:A3T[A-Z0-9]|ABIA|ACCA|AKIA|ASIA)[0-9A-Z]{16}\b|\b(?:gh[pousr]_|github_pat_|gl[a-z]{1,5}-|GR1348941)[\w-]{20,}"
    r"|\b(?:xox[abeoprs]|xapp|xwfp)-[\w-]{10,}|hooks\.slack\.com/services/[\w/]{20,}|\b[rs]k_(?:live|test)_\w{16,}"
    r"|\bsk-[\w-]{20,}|\bAIza[\w-]{35}\b|\bya29\.[\w-]{20,}|\bhf_[A-Za-z0-9]{30,}|\bnpm_[A-Za-z0-9]{36}\b|\bpypi-[\w-]{50,}"
    r"|\bSG\.[\w-]{22}\.[\w-]{43}|\b(?:AC|SK)[a-f0-9]{32}\b|\b\d{8,10}:[\w-]{35}\b|\bsq0csp-[\w\\-]{43}"
    r"|\b[0-9a-z]{32}-us\d{1,2}\b|\b[MNO][\w-]{23,25}\.[\w-]{6}\.[\w-]{27,}|AccountKey=[\w+/=]{88}|\bAKC[a-zA-Z0-9]{60,}"
    r"|\bdop_v1_[a-f0-9]{64}|\bhvs\.[\w-]{24,}|\bAGE-SECRET-KEY-1[0-9A-Z]{50,}|\bshpat_[a-f0-9]{32}\b"
)
JWT: Final = r"\beyJ[\w=-]{8,}\.[\w=-]{2,}(?:\.[\w.+/=-]*)?"
CONNECTION: Final = r"\b[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s:/@]{0,64}:[^\s@/]{1,128}@[^\s\"'<>;,)]*"
PASSWORD: Final = rf"(?i)(?:^|[^\pL]|_){_NAMED}{_SAID}\s{{0,3}}([\"'`*]{{0,3}}[^\s\"'`<>,;]{{4,200}}[\"'`]?)"
HEADER: Final = r"(?i)\bauthorization\b[\"']?\s?[:=]\s?[\"']?(?:bearer|basic|token)\s+([\w.~+/=-]{8,})"

PATTERNS: Final = (KEY_BLOCK, TOKENS, JWT, CONNECTION, PASSWORD, HEADER)

_PLUGINS: Final[tuple[RegexBasedDetector, ...]] = (
    ArtifactoryDetector(),
    AWSKeyDetector(),
    AzureStorageKeyDetector(),
    DiscordBotTokenDetector(),
    GitHubTokenDetector(),
    GitLabTokenDetector(),
    MailchimpDetector(),
    OpenAIDetector(),
    PypiTokenDetector(),
    SendGridDetector(),
    SlackDetector(),
    SquareOAuthDetector(),
    StripeDetector(),
    TelegramBotTokenDetector(),
    TwilioKeyDetector(),
)
_LONGEST: Final = 400
"""How much of a token is shown to detect-secrets, whose patterns are not for RE2."""
_OURS: Final = re.compile(
    r"github_pat_|xox|xapp|xwfp|hooks\.slack|[rs]k_|AIza|ya29|hf_|npm_|dop_v1|hvs\.|AGE-|shpat_"
    r"|sk-(?=[\w-]*\d)(?=[\w-]*[A-Za-z])"
)
_EXAMPLE: Final = re.compile(
    r"(?i)(?:my|the|some|dummy|sample|test|\*+|\.\.+|<|\{|\$|%|\[)|.*(?:your[_-]?|xxx|\*\*\*|example|placeholder|change_?me)"
)
_ORDINARY: Final = re.compile(
    r"(?i)(?:passwor[dt]|pass|pw|user|secret|token|none|null|true|false|nil|str(?:ing)?|int|bytes|required|optional)?\W*"
)
_CODE: Final = re.compile(r"[()\[\]{}$\\]|::|->|^\w+\.[a-z_]\w+(?:\.\w+)*$|^(?:https?|ftp)://|^/|^--|^<|^[\d.:/-]+$")
_SYMBOLS: Final = "!?#$%&*+=@^~_"
_SIGN: Final = re.compile(r"[:=>]\s*[\"'`*]*$")
_LINE_END: Final = re.compile(r"[ \t]*(?:[\r\n]|\Z)")
_SHORTEST, _WORD = 4, 5


def judged(pattern: str, text: str, start: int, end: int) -> Iterator[Span]:
    """The secret that was seen by one of our patterns, if it is one."""
    if pattern == PASSWORD:
        yield from _password(text, start, end)
    elif _is_secret(pattern, text[start:end]):
        yield Span(start, end, KIND, 0.95)


def _is_secret(pattern: str, value: str) -> bool:
    match pattern:
        case _ if pattern == TOKENS:
            shown = value[:_LONGEST]
            return bool(_OURS.match(shown)) or any(plugin_sees(plugin, shown) for plugin in _PLUGINS)
        case _ if pattern == JWT:
            return JwtTokenDetector.is_formally_valid(value.rstrip("."))
        case _ if pattern == CONNECTION:
            password = value.rpartition("@")[0].rpartition(":")[2]
            return not (_ORDINARY.fullmatch(password) or _EXAMPLE.match(password))
    return True


def plugin_sees(plugin: RegexBasedDetector, value: str) -> bool:
    """Whether one of detect-secrets' plugins takes `value` for a secret."""
    return any(regex.search(value) for regex in plugin.denylist)


def _password(text: str, start: int, end: int) -> Iterator[Span]:
    value = text[start:end]
    word = value.strip("\"'`*").rstrip(".,;:)")
    start += value.find(word)
    is_quoted = value[0] in "\"'`"
    has_sign = _SIGN.search(text[max(0, start - 8) : start]) is not None
    ends_line = _LINE_END.match(text, end) is not None
    if len(word) < _SHORTEST or _EXAMPLE.match(word) or _ORDINARY.fullmatch(word) or _CODE.search(word):
        return
    if (
        _is_odd(word)
        or (is_quoted and not has_sign)
        or (has_sign and ends_line and not is_quoted and len(word) > _WORD)
    ):
        yield Span(start, start + len(word), KIND, 0.8)


def _is_odd(word: str) -> bool:
    """Whether a word mixes what ordinary words do not: letters and digits, symbols, capitals inside."""
    has_letter = any(char.isalpha() for char in word)
    has_more = any(char.isdigit() or char in _SYMBOLS for char in word)
    return (has_letter and has_more) or (word.isalpha() and not (word[1:].islower() or word.isupper()))
