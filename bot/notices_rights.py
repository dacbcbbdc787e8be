"""What we say about rights, and about what we keep, in each of our languages."""

from typing import Final

from bot.language import Language

UNSURE: Final[dict[Language, str]] = {
    "en": "I cannot tell at the moment which groups you are in, so I leave out what is not open to all.",
    "de": "Ich kann gerade nicht feststellen, in welchen Gruppen Sie sind, und lasse weg, was nicht für alle ist.",
    "fr": "Je ne peux pas savoir pour le moment à quels groupes vous appartenez : je laisse de côté ce qui n'est pas "
    "ouvert à tous.",
}

MORE_IN_PRIVATE: Final[dict[Language, str]] = {
    "en": "Here I use only what everybody who reads along may read. Ask me in private, and I look in all that you "
    "may read.",
    "de": "Hier nutze ich nur, was alle lesen dürfen, die mitlesen. Fragen Sie mich unter vier Augen, dann suche ich "
    "in allem, was Sie lesen dürfen.",
    "fr": "Ici, je n'utilise que ce que tous ceux qui lisent peuvent lire. En privé, je cherche dans tout ce que vous "
    "pouvez lire.",
}

CLOSED: Final[dict[Language, str]] = {
    "en": "(The answer is made from documents that are not open to all.)",
    "de": "(Die Antwort beruht auf Dokumenten, die nicht für alle sind.)",
    "fr": "(La réponse repose sur des documents qui ne sont pas ouverts à tous.)",
}

IN_PRIVATE: Final[dict[Language, str]] = {
    "en": "Please write `{verb}` to me in private: what comes of it is not for others.",
    "de": "Schreiben Sie mir `{verb}` bitte unter vier Augen: Was dabei herauskommt, geht andere nichts an.",
    "fr": "Écrivez-moi `{verb}` en privé : le résultat ne regarde que vous.",
}

NO_DOCUMENT: Final[dict[Language, str]] = {
    "en": "I know no document `{name}`. The id of a document is what its source calls it, such as `hr/leave.md`.",
    "de": "Ich kenne kein Dokument `{name}`. Es heißt so, wie seine Quelle es nennt, etwa `hr/leave.md`.",
    "fr": "Je ne connais pas de document `{name}`. Son nom est celui de sa source, par exemple `hr/leave.md`.",
}

NOTHING_KEPT: Final[dict[Language, str]] = {
    "en": "I keep nothing of you.",
    "de": "Ich habe nichts von Ihnen aufbewahrt.",
    "fr": "Je ne garde rien de vous.",
}

COPY: Final[dict[Language, str]] = {
    "en": "What I keep of you: {exchanges} questions with their answers (the newest first), and {verdicts} verdicts.",
    "de": "Was ich von Ihnen aufbewahre: {exchanges} Fragen mit ihren Antworten (die neuesten zuerst) und {verdicts} "
    "Urteile.",
    "fr": "Ce que je garde de vous : {exchanges} questions avec leurs réponses (les plus récentes d'abord) et "
    "{verdicts} avis.",
}

CLOSED_BY_NOW: Final[dict[Language, str]] = {
    "en": "(The answer was made from documents that you may not read now.)",
    "de": "(Die Antwort beruhte auf Dokumenten, die Sie jetzt nicht lesen dürfen.)",
    "fr": "(La réponse reposait sur des documents que vous ne pouvez pas lire maintenant.)",
}

COPY_CUT: Final[dict[Language, str]] = {
    "en": "There is more than fits here: whoever runs me gets all of it with `hausgeist admin export-person {person}`.",
    "de": "Mehr passt hier nicht: Wer mich betreibt, erhält alles mit `hausgeist admin export-person {person}`.",
    "fr": "Le reste ne tient pas ici : qui m'exploite l'obtient avec `hausgeist admin export-person {person}`.",
}
