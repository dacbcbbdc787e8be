"""The few words that stand around an answer and on its buttons, in each of our languages."""

from collections.abc import Sequence
from typing import Final

from bot.language import Language

SOURCES: Final[dict[Language, str]] = {"en": "Sources", "de": "Quellen", "fr": "Sources"}

STOP: Final[dict[Language, str]] = {"en": "Stop", "de": "Anhalten", "fr": "Arrêter"}

AGAIN: Final[dict[Language, str]] = {"en": "Ask again", "de": "Noch einmal fragen", "fr": "Demander à nouveau"}

CHANGED: Final[dict[Language, str]] = {
    "en": "You changed your question.",
    "de": "Sie haben Ihre Frage geändert.",
    "fr": "Vous avez modifié votre question.",
}

ANEW: Final[dict[Language, str]] = {
    "en": "Answer the new version",
    "de": "Die neue Fassung beantworten",
    "fr": "Répondre à la nouvelle version",
}

QUOTE: Final[dict[Language, str]] = {
    "en": "If you ask about it, quote `{id}`.",
    "de": "Wenn Sie dazu nachfragen, nennen Sie `{id}`.",
    "fr": "Si vous en parlez à quelqu'un, citez `{id}`.",
}

HIDDEN: Final[dict[Language, str]] = {
    "en": "Hidden from the model: {kinds}",
    "de": "Vor dem Modell verborgen: {kinds}",
    "fr": "Caché au modèle : {kinds}",
}

KINDS: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "EMAIL_ADDRESS": "e-mail address",
        "PHONE_NUMBER": "phone number",
        "IBAN_CODE": "IBAN",
        "CREDIT_CARD": "card number",
        "IP_ADDRESS": "IP address",
        "MAC_ADDRESS": "MAC address",
        "US_SSN": "US social security number",
        "CH_AHV": "AHV number",
        "CH_UID": "UID number",
        "DATE_OF_BIRTH": "date of birth",
        "PERSON": "name",
        "SECRET": "password or key",
        "TEXT": "text in the form of a placeholder",
    },
    "de": {
        "EMAIL_ADDRESS": "E-Mail-Adresse",
        "PHONE_NUMBER": "Telefonnummer",
        "IBAN_CODE": "IBAN",
        "CREDIT_CARD": "Kartennummer",
        "IP_ADDRESS": "IP-Adresse",
        "MAC_ADDRESS": "MAC-Adresse",
        "US_SSN": "US-Sozialversicherungsnummer",
        "CH_AHV": "AHV-Nummer",
        "CH_UID": "UID-Nummer",
        "DATE_OF_BIRTH": "Geburtsdatum",
        "PERSON": "Name",
        "SECRET": "Passwort oder Schlüssel",
        "TEXT": "Text in der Form eines Platzhalters",
    },
    "fr": {
        "EMAIL_ADDRESS": "adresse e-mail",
        "PHONE_NUMBER": "numéro de téléphone",
        "IBAN_CODE": "IBAN",
        "CREDIT_CARD": "numéro de carte",
        "IP_ADDRESS": "adresse IP",
        "MAC_ADDRESS": "adresse MAC",
        "US_SSN": "numéro de sécurité sociale américain",
        "CH_AHV": "numéro AVS",
        "CH_UID": "numéro IDE",
        "DATE_OF_BIRTH": "date de naissance",
        "PERSON": "nom",
        "SECRET": "mot de passe ou clé",
        "TEXT": "texte en forme de substitut",
    },
}


def hidden(masked: Sequence[str], language: Language) -> str:
    """The sentence that names what was hidden from the model; empty if nothing was."""
    return HIDDEN[language].format(kinds=kinds(masked, language)) if masked else ""


def kinds(masked: Sequence[str], language: Language) -> str:
    """The kinds of personal data in words; one that we have no word for as it is called."""
    return ", ".join(KINDS[language].get(kind, kind.lower().replace("_", " ")) for kind in masked)
