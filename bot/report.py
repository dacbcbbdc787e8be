"""What was erased on whose wish, for whoever must show it: what went from where, and what nobody here can reach."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from bot.language import Language

DOCUMENT_STAYS: Final = ("posted", "backups", "sources")
PERSON_STAYS: Final = ("posted", "backups", "documents", "marks")

# What counts are of, by the names under which reports keep them.
WORDS: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "tombstone": "tombstone, from which moment it is in no answer",
        "documents": "document in the index",
        "passages": "passages with their vectors and words",
        "copies": "file that was sent to me",
        "answers": "answers kept for review",
        "remarks on them": "remarks on such answers",
        "quotes in conversations": "answers in conversations",
        "answers on buttons": "answers kept for a button",
        "questions that waited": "questions that waited",
        "exchanges": "questions with their answers in conversations",
        "verdicts": "verdicts on answers",
        "questions and answers on buttons": "questions and answers kept for a button",
    },
    "de": {
        "tombstone": "Grabstein, ab dem es in keiner Antwort steht",
        "documents": "Dokument im Index",
        "passages": "Abschnitte mit ihren Vektoren und Wörtern",
        "copies": "Datei, die mir gesandt wurde",
        "answers": "Antworten, zur Durchsicht aufbewahrt",
        "remarks on them": "Bemerkungen zu solchen Antworten",
        "quotes in conversations": "Antworten in Gesprächen",
        "answers on buttons": "Antworten, für einen Knopf aufbewahrt",
        "questions that waited": "wartende Fragen",
        "exchanges": "Fragen mit ihren Antworten in Gesprächen",
        "verdicts": "Urteile über Antworten",
        "questions and answers on buttons": "Fragen und Antworten, für einen Knopf aufbewahrt",
    },
    "fr": {
        "tombstone": "marque à partir de laquelle il n'est dans aucune réponse",
        "documents": "document dans l'index",
        "passages": "passages avec leurs vecteurs et leurs mots",
        "copies": "fichier qui m'a été envoyé",
        "answers": "réponses gardées pour relecture",
        "remarks on them": "remarques sur ces réponses",
        "quotes in conversations": "réponses dans des conversations",
        "answers on buttons": "réponses gardées pour un bouton",
        "questions that waited": "questions en attente",
        "exchanges": "questions avec leurs réponses dans des conversations",
        "verdicts": "avis sur des réponses",
        "questions and answers on buttons": "questions et réponses gardées pour un bouton",
    },
}
STAYS: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "posted": "messages that stand in Slack or Teams: whoever may delete them there can",
        "backups": "backups of Redis and of the data directory, until they are replaced",
        "sources": "the file at its source",
        "documents": "the company's documents that name the person: their owners decide",
        "marks": "ids of messages, without text, for a day, and what logs hold of them",
    },
    "de": {
        "posted": "Nachrichten, die in Slack oder Teams stehen: dort kann sie löschen, wer das darf",
        "backups": "Sicherungen von Redis und vom Datenverzeichnis, bis sie ersetzt werden",
        "sources": "die Datei an ihrer Quelle",
        "documents": "Dokumente des Unternehmens, die die Person nennen: darüber entscheiden deren Verantwortliche",
        "marks": "Kennungen von Nachrichten, ohne Text, einen Tag lang, und was Protokolle davon enthalten",
    },
    "fr": {
        "posted": "les messages affichés dans Slack ou Teams : qui en a le droit peut les y supprimer",
        "backups": "les sauvegardes de Redis et du dossier de données, jusqu'à leur remplacement",
        "sources": "le fichier à sa source",
        "documents": "les documents de l'entreprise qui nomment la personne : leurs responsables décident",
        "marks": "des identifiants de messages, sans texte, pendant un jour, et ce que les journaux en gardent",
    },
}
_ERASED: Final[dict[Language, str]] = {"en": "Erased: {name}", "de": "Gelöscht: {name}", "fr": "Effacé : {name}"}
_NOTHING: Final[dict[Language, str]] = {
    "en": "Nothing was kept of it.",
    "de": "Davon war nichts aufbewahrt.",
    "fr": "Rien n'en était gardé.",
}
_LEFT: Final[dict[Language, str]] = {
    "en": "What I cannot reach:",
    "de": "Was ich nicht erreiche:",
    "fr": "Ce que je ne peux pas atteindre :",
}


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was erased of a document or a person: counts by place, and what `stays`; `at` in seconds."""

    kind: Literal["document", "person"]
    name: str
    at: float
    gone: Mapping[str, int]
    stays: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The report for machines; its words are the keys above, in English."""
        when = datetime.fromtimestamp(self.at, UTC).isoformat(timespec="seconds")
        left = {name: STAYS["en"][name] for name in self.stays}
        return {"kind": self.kind, "name": self.name, "at": when, "erased": dict(self.gone), "not_reached": left}

    def as_text(self, language: Language) -> str:
        """The report for people, in Markdown."""
        words, stays = WORDS[language], STAYS[language]
        counts = [f"- {count} × {words[name]}" for name, count in self.gone.items() if count]
        left = [f"- {stays[name]}" for name in self.stays]
        head = f"**{_ERASED[language].format(name=self.name)}**"
        return "\n".join([head, "", *(counts or [_NOTHING[language]]), "", _LEFT[language], "", *left])
