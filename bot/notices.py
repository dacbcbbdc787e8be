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

NOT_FOR_ALL: Final[dict[Language, str]] = {
    "en": "I cannot show this to everybody here: {titles} is not open to all.",
    "de": "Das kann ich hier nicht allen zeigen: {titles} ist nicht für alle.",
    "fr": "Je ne peux pas montrer cela à tous ici : {titles} n'est pas ouvert à tous.",
}

NOT_IN_CHANNEL: Final[dict[Language, str]] = {
    "en": "I am not in this channel, so I cannot show anything to all here. Somebody can invite me.",
    "de": "Ich bin nicht in diesem Kanal und kann hier nichts allen zeigen. Man kann mich einladen.",
    "fr": "Je ne suis pas dans ce canal et ne peux rien y montrer à tous. On peut m'inviter.",
}

SHARED: Final[dict[Language, str]] = {
    "en": "Asked and shared by {person}.",
    "de": "Gefragt und geteilt von {person}.",
    "fr": "Demandé et partagé par {person}.",
}

GUEST: Final[dict[Language, str]] = {
    "en": "I answer the people of this company only, no guests.",
    "de": "Ich antworte nur den Leuten dieses Unternehmens, keinen Gästen.",
    "fr": "Je ne réponds qu'aux personnes de cette entreprise, pas aux invités.",
}

EXTERNAL: Final[dict[Language, str]] = {
    "en": "I do not answer where people of other companies read along.",
    "de": "Ich antworte nicht, wo Leute anderer Unternehmen mitlesen.",
    "fr": "Je ne réponds pas là où des personnes d'autres entreprises lisent.",
}

ADMINS_ONLY: Final[dict[Language, str]] = {
    "en": "Only admins may do that. Whoever runs me can add `{person}` to HAUSGEIST_ADMINS.",
    "de": "Das dürfen nur Admins. Wer mich betreibt, kann `{person}` in HAUSGEIST_ADMINS eintragen.",
    "fr": "Seuls les admins le peuvent. Qui m'exploite peut ajouter `{person}` à HAUSGEIST_ADMINS.",
}

PLACE_ONLY: Final[dict[Language, str]] = {
    "en": "That is for channels: give the command in the channel that it is for.",
    "de": "Das gilt für Kanäle: Geben Sie den Befehl in dem Kanal, für den er gilt.",
    "fr": "Cela vaut pour les canaux : donnez la commande dans le canal concerné.",
}

PLACE_USAGE: Final[dict[Language, str]] = {
    "en": "`enable mentions`, `enable questions`, `enable sure`, `enable scope COLLECTION …` (or `all`), "
    "`enable persona TEXT` (or `none`, 300 characters), `disable`.",
    "de": "`enable mentions`, `enable questions`, `enable sure`, `enable scope SAMMLUNG …` (oder `all`), "
    "`enable persona TEXT` (oder `none`, 300 Zeichen), `disable`.",
    "fr": "`enable mentions`, `enable questions`, `enable sure`, `enable scope COLLECTION …` (ou `all`), "
    "`enable persona TEXTE` (ou `none`, 300 caractères), `disable`.",
}

PLACE: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "mentions": "In this channel I answer when I am mentioned.",
        "questions": "In this channel I answer questions, also without being mentioned.",
        "sure": "In this channel I answer questions, also without being mentioned, and stay silent when I am not sure.",
        "scope": "I look in: {collections}.",
        "persona": "I speak like this: {persona}",
    },
    "de": {
        "mentions": "In diesem Kanal antworte ich, wenn ich erwähnt werde.",
        "questions": "In diesem Kanal beantworte ich Fragen, auch ohne Erwähnung.",
        "sure": "In diesem Kanal beantworte ich Fragen, auch ohne Erwähnung, und schweige, wenn ich nicht sicher bin.",
        "scope": "Ich suche in: {collections}.",
        "persona": "So spreche ich: {persona}",
    },
    "fr": {
        "mentions": "Dans ce canal, je réponds quand on me mentionne.",
        "questions": "Dans ce canal, je réponds aux questions, même sans mention.",
        "sure": "Dans ce canal, je réponds aux questions, même sans mention, et me tais quand je ne suis pas sûr.",
        "scope": "Je cherche dans : {collections}.",
        "persona": "Je parle ainsi : {persona}",
    },
}

HELP: Final[dict[Language, str]] = {
    "en": "Write me a direct message, mention me in a channel, or ask here: `{command} QUESTION`; only you see the "
    "answer then. `{command} stop` stops my answers in this channel, `{command} reset` in our direct messages makes me "
    "forget them. `{command} export-me` shows what I keep of you, `{command} forget-me` erases it. Admins: "
    "`{command} enable`, `{command} disable`, `{command} delete-doc`; files with `add-doc` in a direct message.",
    "de": "Schreiben Sie mir direkt, erwähnen Sie mich in einem Kanal, oder fragen Sie hier: `{command} FRAGE`; die "
    "Antwort sehen dann nur Sie. `{command} stop` hält meine Antworten in diesem Kanal an, nach `{command} reset` in "
    "unseren Direktnachrichten vergesse ich sie. `{command} export-me` zeigt, was ich von Ihnen aufbewahre, `{command} "
    "forget-me` löscht es. Für Admins: `{command} enable`, `{command} disable`, `{command} delete-doc`; Dateien mit "
    "`add-doc` in einer Direktnachricht.",
    "fr": "Écrivez-moi directement, mentionnez-moi dans un canal, ou demandez ici : `{command} QUESTION` ; vous seul "
    "verrez la réponse. `{command} stop` arrête mes réponses dans ce canal, `{command} reset` dans nos messages "
    "directs me les fait oublier. `{command} export-me` montre ce que je garde de vous, `{command} forget-me` "
    "l'efface. Pour les admins : `{command} enable`, `{command} disable`, `{command} delete-doc` ; des "
    "fichiers avec `add-doc` en message direct.",
}

WANTS_PERSON: Final[dict[Language, str]] = {
    "en": "{person} would like a person to look at this{link}.",
    "de": "{person} möchte, dass sich ein Mensch das ansieht{link}.",
    "fr": "{person} souhaite qu'une personne regarde cela{link}.",
}

ASKED_PERSON: Final[dict[Language, str]] = {
    "en": "I have handed it to a person: {where}.",
    "de": "Ich habe es einem Menschen übergeben: {where}.",
    "fr": "Je l'ai transmis à une personne : {where}.",
}

NO_PERSON: Final[dict[Language, str]] = {
    "en": "Nobody is named for that here. Who owns the documents stands beside the sources.",
    "de": "Dafür ist hier niemand benannt. Wem die Dokumente gehören, steht bei den Quellen.",
    "fr": "Personne n'est désigné pour cela ici. À qui sont les documents, c'est écrit près des sources.",
}

NOT_REACHED: Final[dict[Language, str]] = {
    "en": "That did not work at the moment. Please try again.",
    "de": "Das hat gerade nicht geklappt. Bitte versuchen Sie es noch einmal.",
    "fr": "Cela n'a pas fonctionné pour le moment. Veuillez réessayer.",
}

EXAMPLES: Final[dict[Language, tuple[str, ...]]] = {
    "en": (
        "How many days of holiday do I have?",
        "What may a hotel cost on a business trip?",
        "What do I do when I am ill?",
        "How do I get into the VPN?",
    ),
    "de": (
        "Wie viele Ferientage habe ich?",
        "Was darf ein Hotel auf einer Geschäftsreise kosten?",
        "Was tue ich, wenn ich krank bin?",
        "Wie komme ich ins VPN?",
    ),
    "fr": (
        "Combien de jours de vacances ai-je ?",
        "Combien peut coûter un hôtel en voyage d'affaires ?",
        "Que faire quand je suis malade ?",
        "Comment me connecter au VPN ?",
    ),
}

NOT_YET: Final[dict[Language, str]] = {
    "en": "`{word}` is not there yet.",
    "de": "`{word}` gibt es noch nicht.",
    "fr": "`{word}` n'existe pas encore.",
}

UNKNOWN_WORD: Final[dict[Language, str]] = {
    "en": "I know no `{word}`.",
    "de": "`{word}` kenne ich nicht.",
    "fr": "Je ne connais pas `{word}`.",
}

MEANT: Final[dict[Language, str]] = {
    "en": "Did you mean {verbs}?",
    "de": "Meinten Sie {verbs}?",
    "fr": "Vouliez-vous dire {verbs} ?",
}

OR: Final[dict[Language, str]] = {"en": "or", "de": "oder", "fr": "ou"}

ONE_WORD: Final[dict[Language, str]] = {
    "en": "A question has more than one word.",
    "de": "Eine Frage hat mehr als ein Wort.",
    "fr": "Une question a plus d'un mot.",
}

TEAMS_HELP: Final[dict[Language, str]] = {
    "en": "Write me your question here in our chat, mention me in a channel or a group, or choose *Ask about this "
    "message* in the menu of a message. `stop` ends my answers, `reset` makes me forget this conversation, `forget-me` "
    "all that I keep of you, and `export-me` shows it. Admins: `enable` and `disable` in a channel, `delete-doc` "
    "and files with `add-doc` here.",
    "de": "Schreiben Sie mir Ihre Frage hier im Chat, erwähnen Sie mich in einem Kanal oder einer Gruppe, oder wählen "
    "Sie im Menü einer Nachricht *Zu dieser Nachricht fragen*. `stop` beendet meine Antworten, nach `reset` vergesse "
    "ich dieses Gespräch, nach `forget-me` alles von Ihnen; `export-me` zeigt es. Für Admins: `enable` und `disable` "
    "in einem Kanal, `delete-doc` und Dateien mit `add-doc` hier.",
    "fr": "Écrivez-moi votre question ici, mentionnez-moi dans un canal ou un groupe, ou choisissez *Question sur ce "
    "message* dans le menu d'un message. `stop` arrête mes réponses, `reset` me fait oublier cette conversation, "
    "`forget-me` tout ce que je garde de vous, `export-me` le montre. Pour les admins : `enable` et `disable` dans un "
    "canal, `delete-doc` et des fichiers avec `add-doc` ici.",
}

THANKS: Final[dict[Language, str]] = {
    "en": "Thank you, I have noted that.",
    "de": "Danke, das habe ich notiert.",
    "fr": "Merci, c'est noté.",
}

ANSWER_GONE: Final[dict[Language, str]] = {
    "en": "I do not have that answer any more.",
    "de": "Diese Antwort habe ich nicht mehr.",
    "fr": "Je n'ai plus cette réponse.",
}

ANSWER_IN_CHAT: Final[dict[Language, str]] = {
    "en": "The answer comes in our chat, where only you see it.",
    "de": "Die Antwort kommt in unserem Chat, wo nur Sie sie sehen.",
    "fr": "La réponse arrive dans notre conversation, où vous seul(e) la voyez.",
}

CHAT_FIRST: Final[dict[Language, str]] = {
    "en": "I cannot write to you yet: please add me as an app, or write me a message, and ask again.",
    "de": "Ich kann Ihnen noch nicht schreiben: Bitte fügen Sie mich als App hinzu, oder schreiben Sie mir, und fragen "
    "Sie noch einmal.",
    "fr": "Je ne peux pas encore vous écrire : ajoutez-moi comme application ou écrivez-moi, puis reposez la question.",
}

SEARCH_HINT: Final[dict[Language, str]] = {
    "en": "Type a few words, and I look for documents that everybody here may read.",
    "de": "Tippen Sie ein paar Wörter, und ich suche Dokumente, die hier alle lesen dürfen.",
    "fr": "Tapez quelques mots : je cherche les documents que tout le monde ici peut lire.",
}

NOTHING_FOUND: Final[dict[Language, str]] = {
    "en": "I found no document for that.",
    "de": "Dazu habe ich kein Dokument gefunden.",
    "fr": "Je n'ai trouvé aucun document à ce sujet.",
}

HANDED_BEFORE: Final[dict[Language, str]] = {
    "en": "I have handed that on before.",
    "de": "Das habe ich schon weitergegeben.",
    "fr": "Je l'ai déjà transmis.",
}

HELPDESK: Final[dict[Language, str]] = {"en": "the helpdesk", "de": "der Helpdesk", "fr": "l'assistance"}
