"""What we say beside answers, in each of our languages: about waiting, stopping, asking again, forgetting."""

from typing import Final

from bot.language import Language

WAITING: Final[dict[Language, str]] = {
    "en": "Your question is waiting, {ahead} before you …",
    "de": "Ihre Frage wartet, {ahead} sind vor Ihnen …",
    "fr": "Votre question attend, {ahead} avant vous …",
}

STOPPED: Final[dict[Language, str]] = {"en": "Stopped.", "de": "Angehalten.", "fr": "Arrêté."}

STOPPING: Final[dict[Language, str]] = {
    "en": "I stop answering you here.",
    "de": "Ich höre auf, Ihnen hier zu antworten.",
    "fr": "J'arrête de vous répondre ici.",
}

NOTHING_RUNS: Final[dict[Language, str]] = {
    "en": "I am not answering you here at the moment.",
    "de": "Ich antworte Ihnen hier gerade nicht.",
    "fr": "Je ne suis pas en train de vous répondre ici.",
}

FORGOTTEN: Final[dict[Language, str]] = {
    "en": "I have forgotten this conversation.",
    "de": "Ich habe dieses Gespräch vergessen.",
    "fr": "J'ai oublié cette conversation.",
}

NOTHING_REMEMBERED: Final[dict[Language, str]] = {
    "en": "I remember nothing of this conversation.",
    "de": "Ich weiß nichts mehr von diesem Gespräch.",
    "fr": "Je ne me souviens de rien de cette conversation.",
}

TOO_MANY: Final[dict[Language, str]] = {
    "en": "Too many questions are waiting here. Please ask again when some are answered.",
    "de": "Hier warten zu viele Fragen. Bitte fragen Sie noch einmal, wenn einige beantwortet sind.",
    "fr": "Trop de questions attendent ici. Reposez la vôtre quand quelques-unes auront leur réponse.",
}

GONE: Final[dict[Language, str]] = {
    "en": "I do not have that question any more. Please write it again.",
    "de": "Ich habe diese Frage nicht mehr. Bitte schreiben Sie sie noch einmal.",
    "fr": "Je n'ai plus cette question. Écrivez-la de nouveau, s'il vous plaît.",
}

NOT_YOURS: Final[dict[Language, str]] = {
    "en": "Only the person who asked can ask this again.",
    "de": "Nur wer gefragt hat, kann diese Frage noch einmal stellen.",
    "fr": "Seule la personne qui a posé cette question peut la reposer.",
}
