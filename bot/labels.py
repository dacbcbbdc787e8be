"""The few words that stand around an answer and on its buttons, in each of our languages."""

from typing import Final

from bot.answers import Answer
from bot.language import Language

SOURCES: Final[dict[Language, str]] = {"en": "Sources", "de": "Quellen", "fr": "Sources"}

STOP: Final[dict[Language, str]] = {"en": "Stop", "de": "Anhalten", "fr": "Arrêter"}

AGAIN: Final[dict[Language, str]] = {"en": "Ask again", "de": "Noch einmal fragen", "fr": "Demander à nouveau"}

REGENERATE: Final[dict[Language, str]] = {
    "en": "Regenerate",
    "de": "Neu beantworten",
    "fr": "Répondre à nouveau",
}

HELPFUL: Final[dict[Language, str]] = {"en": "Helpful", "de": "Hilfreich", "fr": "Utile"}

NOT_HELPFUL: Final[dict[Language, str]] = {"en": "Not helpful", "de": "Nicht hilfreich", "fr": "Pas utile"}

WRONG_SOURCE: Final[dict[Language, str]] = {"en": "Wrong source", "de": "Falsche Quelle", "fr": "Mauvaise source"}

ASK_PERSON: Final[dict[Language, str]] = {
    "en": "Ask a person",
    "de": "Einen Menschen fragen",
    "fr": "Demander à quelqu'un",
}

ASK_PERSON_SURE: Final[dict[Language, str]] = {
    "en": "A colleague will be shown your question and this answer, and will get back to you.",
    "de": "Ihre Frage und diese Antwort werden einer Kollegin oder einem Kollegen gezeigt, die sich bei Ihnen melden.",
    "fr": "Votre question et cette réponse seront montrées à un ou une collègue, qui reviendra vers vous.",
}

SHARE: Final[dict[Language, str]] = {
    "en": "Share with the channel",
    "de": "Mit dem Kanal teilen",
    "fr": "Partager avec le canal",
}

SHARE_SURE: Final[dict[Language, str]] = {
    "en": "Everybody in this channel will see your question and this answer.",
    "de": "Alle in diesem Kanal werden Ihre Frage und diese Antwort sehen.",
    "fr": "Tout le monde dans ce canal verra votre question et cette réponse.",
}

YES: Final[dict[Language, str]] = {"en": "Yes", "de": "Ja", "fr": "Oui"}

NO: Final[dict[Language, str]] = {"en": "Cancel", "de": "Abbrechen", "fr": "Annuler"}

ONLY_YOU: Final[dict[Language, str]] = {
    "en": "Only you can see this answer.",
    "de": "Nur Sie sehen diese Antwort.",
    "fr": "Vous seul(e) voyez cette réponse.",
}

UNCITED: Final[dict[Language, str]] = {
    "en": "No source was cited: please double-check.",
    "de": "Es wurde keine Quelle genannt: bitte nachprüfen.",
    "fr": "Aucune source n'est citée : merci de vérifier.",
}

STALE: Final[dict[Language, str]] = {
    "en": "may be out of date",
    "de": "vielleicht veraltet",
    "fr": "peut-être dépassé",
}

PAGE: Final[dict[Language, str]] = {"en": "p. {}", "de": "S. {}", "fr": "p. {}"}

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

WELCOME: Final[dict[Language, str]] = {
    "en": "Ask, and I look it up",
    "de": "Fragen Sie, ich sehe nach",
    "fr": "Demandez, je cherche",
}

HELLO: Final[dict[Language, str]] = {"en": "Hello {name}!", "de": "Guten Tag, {name}!", "fr": "Bonjour {name} !"}

GREETING: Final[dict[Language, str]] = {
    "en": "I answer questions about the company from its own documents, and name the source of each answer.",
    "de": "Ich beantworte Fragen zum Unternehmen aus seinen eigenen Dokumenten und nenne zu jeder Antwort die Quelle.",
    "fr": "Je réponds aux questions sur l'entreprise d'après ses propres documents, et je cite mes sources.",
}

ABILITIES: Final[dict[Language, str]] = {
    "en": "I read only what you may read; in channels, only what everybody may. I do not search the web, and I cannot "
    "book, send or change anything for you.",
    "de": "Ich lese nur, was Sie lesen dürfen; in Kanälen nur, was alle dürfen. Ich suche nicht im Internet und kann "
    "nichts für Sie buchen, senden oder ändern.",
    "fr": "Je ne lis que ce que vous pouvez lire ; dans les canaux, que ce qui est ouvert à tous. Je ne cherche pas "
    "sur Internet et ne peux rien réserver, envoyer ou modifier pour vous.",
}

HOW: Final[dict[Language, str]] = {"en": "How to ask", "de": "So fragen Sie", "fr": "Comment demander"}

WAYS: Final[dict[Language, tuple[str, ...]]] = {
    "en": (
        "Write me a direct message, in the tab *Messages*.",
        "Mention me in a channel or a thread: {mention} and your question.",
        "Type `{command}` and your question: only you see the answer, and may share it.",
        "Choose *{shortcut}* in the menu of a message.",
    ),
    "de": (
        "Schreiben Sie mir eine Direktnachricht, im Tab *Nachrichten*.",
        "Erwähnen Sie mich in einem Kanal oder Thread: {mention} und Ihre Frage.",
        "Tippen Sie `{command}` und Ihre Frage: Nur Sie sehen die Antwort und können sie teilen.",
        "Wählen Sie im Menü einer Nachricht *{shortcut}*.",
    ),
    "fr": (
        "Écrivez-moi un message direct, dans l'onglet *Messages*.",
        "Mentionnez-moi dans un canal ou un fil : {mention} et votre question.",
        "Tapez `{command}` et votre question : vous seul(e) voyez la réponse et pouvez la partager.",
        "Choisissez *{shortcut}* dans le menu d'un message.",
    ),
}

TRY: Final[dict[Language, str]] = {"en": "Try one of these", "de": "Zum Ausprobieren", "fr": "Pour essayer"}

DATA: Final[dict[Language, str]] = {
    "en": "Personal data is hidden from the language model, and what I keep of our conversations expires.",
    "de": "Persönliche Daten bleiben dem Sprachmodell verborgen; was ich von Gesprächen behalte, läuft ab.",
    "fr": "Les données personnelles sont cachées au modèle de langage ; ce que je garde de nos échanges expire.",
}

DOUBLE_CHECK: Final[dict[Language, str]] = {
    "en": "I can be wrong: look at the sources before you rely on an answer.",
    "de": "Ich kann mich irren: Sehen Sie in die Quellen, bevor Sie sich auf eine Antwort verlassen.",
    "fr": "Je peux me tromper : consultez les sources avant de vous fier à une réponse.",
}

ASK: Final[dict[Language, str]] = {"en": "Ask a question", "de": "Eine Frage stellen", "fr": "Poser une question"}

SEND: Final[dict[Language, str]] = {"en": "Send", "de": "Senden", "fr": "Envoyer"}

QUESTION: Final[dict[Language, str]] = {"en": "Your question", "de": "Ihre Frage", "fr": "Votre question"}

ABOUT: Final[dict[Language, str]] = {
    "en": "About this message:",
    "de": "Zu dieser Nachricht:",
    "fr": "À propos de ce message :",
}

SHORTENED: Final[dict[Language, str]] = {
    "en": "Only the beginning is shown.",
    "de": "Nur der Anfang wird gezeigt.",
    "fr": "Seul le début est affiché.",
}

WHAT_WAS_WRONG: Final[dict[Language, str]] = {
    "en": "What was wrong?",
    "de": "Was war falsch?",
    "fr": "Qu'est-ce qui n'allait pas ?",
}

WHICH_SOURCE: Final[dict[Language, str]] = {
    "en": "Which source is it about?",
    "de": "Um welche Quelle geht es?",
    "fr": "De quelle source s'agit-il ?",
}

COMMENT: Final[dict[Language, str]] = {
    "en": "What would have been right?",
    "de": "Was wäre richtig gewesen?",
    "fr": "Quelle aurait été la bonne réponse ?",
}

REASONS: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "incorrect": "It is incorrect",
        "outdated": "It is out of date",
        "incomplete": "It is incomplete",
        "wrong source": "It names the wrong source",
        "not helpful": "It does not help me",
        "other": "Something else",
    },
    "de": {
        "incorrect": "Sie ist falsch",
        "outdated": "Sie ist veraltet",
        "incomplete": "Sie ist unvollständig",
        "wrong source": "Sie nennt die falsche Quelle",
        "not helpful": "Sie hilft mir nicht weiter",
        "other": "Etwas anderes",
    },
    "fr": {
        "incorrect": "Elle est fausse",
        "outdated": "Elle est dépassée",
        "incomplete": "Elle est incomplète",
        "wrong source": "Elle cite la mauvaise source",
        "not helpful": "Elle ne m'aide pas",
        "other": "Autre chose",
    },
}


def remarks(answer: Answer) -> list[str]:
    """The lines that stand beside an answer: about the question's files, and that it names no source."""
    return [*answer.notices, *([UNCITED[answer.language]] if answer.uncited else [])]


def page(number: int, language: Language) -> str:
    """Says which page a passage is on; "" where that is not known."""
    return PAGE[language].format(number) if number else ""
