"""Which of our languages a text is in, and the few sentences we say ourselves in each."""

from typing import Final, Literal

from guardrails import languages

Language = Literal["en", "de", "fr"]

LANGUAGE_NAMES: Final[dict[Language, str]] = {"en": "English", "de": "German", "fr": "French"}


def language_of(text: str) -> Language:
    """The language of a text, English where nothing tells."""
    return languages.language_of(text, tuple(LANGUAGE_NAMES))


BLOCKED: Final[dict[Language, str]] = {
    "en": "This seems to hold what must not be sent to me: {kinds}. I have neither passed it on nor kept it; please "
    "delete your message, and ask again without that.",
    "de": "Das scheint zu enthalten, was mir niemand senden soll: {kinds}. Ich habe es weder weitergegeben noch "
    "behalten; bitte löschen Sie Ihre Nachricht und fragen Sie noch einmal ohne das.",
    "fr": "Ce message semble contenir ce qu'il ne faut pas m'envoyer : {kinds}. Je ne l'ai ni transmis ni gardé ; "
    "supprimez-le, s'il vous plaît, et reposez votre question sans cela.",
}

REFUSAL: Final[dict[Language, str]] = {
    "en": "I found nothing in the documents you may read that answers this.",
    "de": "In den Dokumenten, die Sie lesen dürfen, habe ich darauf keine Antwort gefunden.",
    "fr": "Je n'ai rien trouvé qui réponde à cette question dans les documents que vous pouvez lire.",
}

DOUBTFUL: Final[dict[Language, str]] = {
    "en": "“{title}” holds text that tries to give me orders; I did not follow it. Please check what it says.",
    "de": "„{title}“ enthält Text, der mir Befehle geben will; ich habe ihn nicht befolgt. Bitte prüfen Sie es.",
    "fr": "« {title} » contient un texte qui veut me donner des ordres ; je ne l'ai pas suivi. Merci de vérifier.",
}

LOOKED_AT: Final[dict[Language, str]] = {
    "en": "I looked at: {titles}.",
    "de": "Ich habe nachgesehen in: {titles}.",
    "fr": "J'ai consulté : {titles}.",
}

SAY_MORE: Final[dict[Language, str]] = {
    "en": "What exactly would you like to know about it?",
    "de": "Was genau möchten Sie darüber wissen?",
    "fr": "Que voulez-vous savoir exactement à ce sujet ?",
}

WHO_KNOWS: Final[dict[Language, str]] = {
    "en": "{owner}, who looks after “{title}”, may know.",
    "de": "Vielleicht weiß es {owner}: „{title}“ wird von dort gepflegt.",
    "fr": "{owner}, responsable de « {title} », le sait peut-être.",
}

CONTRADICTION: Final[dict[Language, str]] = {
    "en": "The documents do not agree: “{one}” says {this}, “{other}” says {that}. Please check which one holds.",
    "de": "Die Dokumente sind sich nicht einig: In „{one}“ steht {this}, in „{other}“ steht {that}. Bitte prüfen Sie, "
    "was gilt.",
    "fr": "Les documents se contredisent : « {one} » dit {this}, « {other} » dit {that}. Merci de "
    "vérifier lequel vaut.",
}

ALL_OLD: Final[dict[Language, str]] = {
    "en": "What I found is old, the newest of it from {date}; it may be out of date.",
    "de": "Was ich gefunden habe, ist alt, das Neueste vom {date}; vielleicht gilt es nicht mehr.",
    "fr": "Ce que j'ai trouvé est ancien, le plus récent du {date} ; cela ne vaut peut-être plus.",
}

EXTRACT: Final[dict[Language, str]] = {
    "en": "No language model is running; these are the passages that fit best:",
    "de": "Es läuft kein Sprachmodell; diese Stellen passen am besten:",
    "fr": "Aucun modèle de langage n'est actif ; voici les passages les plus proches :",
}

BUSY: Final[dict[Language, str]] = {
    "en": "Too many questions are being answered at the moment; these are the passages that fit best:",
    "de": "Im Moment werden zu viele Fragen beantwortet; diese Stellen passen am besten:",
    "fr": "Trop de questions sont en cours de traitement ; voici les passages les plus proches :",
}

MODEL_DOWN: Final[dict[Language, str]] = {
    "en": "The language model does not answer at the moment; these are the passages that fit best:",
    "de": "Das Sprachmodell antwortet im Moment nicht; diese Stellen passen am besten:",
    "fr": "Le modèle de langage ne répond pas pour le moment ; voici les passages les plus proches :",
}

SEARCHING: Final[dict[Language, str]] = {
    "en": "Searching the documents …",
    "de": "Ich durchsuche die Dokumente …",
    "fr": "Je cherche dans les documents …",
}

READING: Final[dict[Language, str]] = {
    "en": "Reading what I found …",
    "de": "Ich lese, was ich gefunden habe …",
    "fr": "Je lis ce que j'ai trouvé …",
}
