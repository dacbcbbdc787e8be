"""The kinds of personal data in words, in each of our languages."""

from collections.abc import Sequence
from typing import Final

from bot.language import Language

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
        "EU_VAT": "VAT number",
        "DE_SOCIAL_SECURITY": "German social security number",
        "DE_TAX_ID": "German tax ID",
        "DE_TAX_NUMBER": "German tax number",
        "FR_NIR": "French social security number",
        "FR_SIREN": "SIREN number",
        "FR_SIRET": "SIRET number",
        "IT_FISCAL_CODE": "Italian tax code",
        "UK_NHS": "NHS number",
        "UK_NINO": "national insurance number",
        "US_ITIN": "US tax number",
        "PASSPORT": "passport number",
        "LICENSE_PLATE": "licence plate",
        "EMPLOYEE_NUMBER": "employee number",
        "DATE_OF_BIRTH": "date of birth",
        "PERSON": "name",
        "STREET_ADDRESS": "street address",
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
        "EU_VAT": "Umsatzsteuernummer",
        "DE_SOCIAL_SECURITY": "deutsche Sozialversicherungsnummer",
        "DE_TAX_ID": "Steuer-Identifikationsnummer",
        "DE_TAX_NUMBER": "Steuernummer",
        "FR_NIR": "französische Sozialversicherungsnummer",
        "FR_SIREN": "SIREN-Nummer",
        "FR_SIRET": "SIRET-Nummer",
        "IT_FISCAL_CODE": "italienische Steuernummer",
        "UK_NHS": "NHS-Nummer",
        "UK_NINO": "britische Versicherungsnummer",
        "US_ITIN": "US-Steuernummer",
        "PASSPORT": "Passnummer",
        "LICENSE_PLATE": "Autokennzeichen",
        "EMPLOYEE_NUMBER": "Personalnummer",
        "DATE_OF_BIRTH": "Geburtsdatum",
        "PERSON": "Name",
        "STREET_ADDRESS": "Adresse",
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
        "EU_VAT": "numéro de TVA",
        "DE_SOCIAL_SECURITY": "numéro de sécurité sociale allemand",
        "DE_TAX_ID": "identifiant fiscal allemand",
        "DE_TAX_NUMBER": "numéro fiscal allemand",
        "FR_NIR": "numéro de sécurité sociale",
        "FR_SIREN": "numéro SIREN",
        "FR_SIRET": "numéro SIRET",
        "IT_FISCAL_CODE": "code fiscal italien",
        "UK_NHS": "numéro NHS",
        "UK_NINO": "numéro d'assurance nationale",
        "US_ITIN": "numéro fiscal américain",
        "PASSPORT": "numéro de passeport",
        "LICENSE_PLATE": "plaque d'immatriculation",
        "EMPLOYEE_NUMBER": "numéro de personnel",
        "DATE_OF_BIRTH": "date de naissance",
        "PERSON": "nom",
        "STREET_ADDRESS": "adresse postale",
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
