"""What people read about the app in Teams' store and menus, in each of our languages."""

from typing import Final

from bot.language import Language

Words = tuple[str, str]  # a title, and what it says beside it

FULL: Final[dict[Language, str]] = {
    "en": "{name}: answers from the company's documents",
    "de": "{name}: Antworten aus den Dokumenten des Unternehmens",
    "fr": "{name} : réponses tirées des documents de l'entreprise",
}

SHORT: Final[dict[Language, str]] = {
    "en": "Answers questions from the company's own documents, with sources.",
    "de": "Beantwortet Fragen aus den Dokumenten des Unternehmens, mit Quellen.",
    "fr": "Répond aux questions d'après les documents de l'entreprise, avec sources.",
}

LONG: Final[dict[Language, str]] = {
    "en": "Ask a question in the chat with the app, or mention it in a channel or a group chat: it answers from what "
    "the company has written down and names its sources, with owner and date. Where they hold no answer, it says so. "
    "The model runs on the company's own machines, and personal data is hidden before anything is stored.",
    "de": "Stellen Sie eine Frage im Chat mit der App, oder erwähnen Sie sie in einem Kanal oder Gruppenchat: Sie "
    "antwortet aus dem, was das Unternehmen aufgeschrieben hat, und nennt ihre Quellen, mit Verantwortlichen und "
    "Datum. Steht dort keine Antwort, sagt sie es. Das Modell läuft auf den Maschinen des Unternehmens, und "
    "persönliche Daten werden verdeckt, bevor etwas gespeichert wird.",
    "fr": "Posez une question dans la conversation avec l'application, ou mentionnez-la dans un canal ou un groupe : "
    "elle répond d'après ce que l'entreprise a écrit et nomme ses sources, avec leur responsable et leur date. S'il "
    "n'y a pas de réponse, elle le dit. Le modèle fonctionne sur les machines de l'entreprise, et les données "
    "personnelles sont masquées avant tout enregistrement.",
}

COMMANDS: Final[dict[str, dict[Language, str]]] = {
    "help": {
        "en": "What you can ask, and how",
        "de": "Was Sie fragen können, und wie",
        "fr": "Que demander, et comment",
    },
    "stop": {
        "en": "End my answers that are under way",
        "de": "Meine laufenden Antworten beenden",
        "fr": "Arrêter mes réponses en cours",
    },
    "reset": {
        "en": "Forget this conversation",
        "de": "Dieses Gespräch vergessen",
        "fr": "Oublier cette conversation",
    },
    "forget-me": {
        "en": "Erase all that is kept of me",
        "de": "Alles löschen, was über mich gespeichert ist",
        "fr": "Effacer tout ce qui est gardé de moi",
    },
    "export-me": {
        "en": "Show all that is kept of me",
        "de": "Alles zeigen, was über mich gespeichert ist",
        "fr": "Montrer tout ce qui est gardé de moi",
    },
    "enable": {
        "en": "For admins: mentions, questions, sure, scope COLLECTION, persona TEXT",
        "de": "Für Admins: mentions, questions, sure, scope SAMMLUNG, persona TEXT",
        "fr": "Pour les admins : mentions, questions, sure, scope COLLECTION, persona TEXTE",
    },
    "disable": {
        "en": "For admins: answer here as by default",
        "de": "Für Admins: hier wieder wie üblich antworten",
        "fr": "Pour les admins : répondre ici comme par défaut",
    },
    "add-doc": {
        "en": "For admins: keep the files sent with it as documents: add-doc COLLECTION for GROUP",
        "de": "Für Admins: mitgesandte Dateien als Dokumente behalten: add-doc SAMMLUNG for GRUPPE",
        "fr": "Pour les admins : garder les fichiers joints comme documents : add-doc COLLECTION for GROUPE",
    },
    "delete-doc": {
        "en": "For admins: take a document out of every answer: delete-doc ID",
        "de": "Für Admins: ein Dokument aus allen Antworten nehmen: delete-doc ID",
        "fr": "Pour les admins : retirer un document de toutes les réponses : delete-doc ID",
    },
}

ASK: Final[dict[Language, Words]] = {
    "en": ("Ask about this message", "Ask a question; only you see the answer, in our chat."),
    "de": ("Zu dieser Nachricht fragen", "Eine Frage stellen; die Antwort sehen nur Sie, in unserem Chat."),
    "fr": ("Question sur ce message", "Poser une question ; vous seul(e) voyez la réponse, dans notre conversation."),
}

QUESTION: Final[dict[Language, Words]] = {
    "en": ("Ask a question", "Only you see the answer, in our chat."),
    "de": ("Eine Frage stellen", "Die Antwort sehen nur Sie, in unserem Chat."),
    "fr": ("Poser une question", "Vous seul(e) voyez la réponse, dans notre conversation."),
}

FIND: Final[dict[Language, Words]] = {
    "en": ("Find a document", "A few words of what you are looking for"),
    "de": ("Dokument finden", "Ein paar Wörter von dem, was Sie suchen"),
    "fr": ("Trouver un document", "Quelques mots de ce que vous cherchez"),
}
