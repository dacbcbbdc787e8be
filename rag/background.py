"""How near any question and any passage lie for an embedder, whatever they say, so that it can be taken off.

Embedders press texts together: with some, a question and a passage that have nothing in common have a cosine of 0.8,
less if they are in different languages, more if both are technical. What is left when that is taken off says how much
two texts have to do with each other, and says it nearly alike for every embedder, language and kind of text.
"""

from dataclasses import dataclass

import numpy as np

from rag.embedder import Embedder, Vectors


@dataclass(frozen=True, slots=True)
class Background:
    """The mean of questions, and the mean of passages, about all and sundry: a row for each language."""

    questions: Vectors
    passages: Vectors

    @classmethod
    def of(cls, embedder: Embedder) -> "Background":
        """Embeds the texts below, which takes about a second on a CPU."""
        questions = [embedder.queries(texts.strip().splitlines()).mean(axis=0) for texts in QUESTIONS]
        passages = [embedder.passages(texts.strip().splitlines()).mean(axis=0) for texts in PASSAGES]
        return cls(np.stack(questions), np.stack(passages))

    def nearness(self, question: Vectors, passages: Vectors) -> Vectors:
        """Returns for each passage where its cosine lies between the usual for such a pair (0) and identity (1).

        A passage without a vector, all zeros, says nothing: 0.
        """
        asked_like = self.questions[np.argmax(self.questions @ question)]
        written_like = self.passages[np.argmax(passages @ self.passages.T, axis=1)]
        usual = (passages @ asked_like + written_like @ question) / 2
        return np.where(passages.any(axis=1), (passages @ question - usual) / (1 - usual), 0).astype(np.float32)


QUESTIONS = (
    """
What should I take along on a hike in autumn?
How long does the train to the airport take?
Who painted the ceiling of the chapel?
opening hours of the swimming pool
Why do leaves change their colour?
Can I pay the parking ticket by card?
how to sharpen a kitchen knife
Which forms do I need to register a bicycle?
What is the difference between a comet and an asteroid?
setting up a new printer
""",
    """
Wie lange muss ein Ei kochen?
Wer hat das Rathaus gebaut?
Anmeldung zum Schwimmkurs
Warum ist der Himmel blau?
Wo kann ich mein Velo abstellen?
Welche Unterlagen braucht es für den Mietvertrag?
""",
    """
Combien de temps dure le trajet en bus ?
Qui a écrit ce roman ?
horaires de la bibliothèque
Pourquoi la mer est-elle salée ?
Comment changer une roue de vélo ?
Où puis-je déposer le verre usagé ?
""",
)

PASSAGES = (
    """
The garden opens at nine. Visitors leave their bicycles by the gate and follow the gravel path to the greenhouse.
Knead the dough for ten minutes, cover it with a cloth and let it rest in a warm place until it has doubled.
The bridge was finished in 1874 and widened twice; since then it has carried trams as well as carriages.
Press the green button, wait for the light, then turn the handle to the left. The lid opens by itself.
In winter the lake freezes only in its northern bay, where the water is shallow and the wind is weak.
Members vote once a year on the budget. A motion is carried when more than half of those present agree.
The parser reads one line at a time, skips comments and returns a list of values with their positions.
Samples were heated to sixty degrees and weighed again; the loss of mass was below one per cent in all cases.
""",
    """
Der Chor probt jeden Dienstag im alten Schulhaus. Neue Stimmen sind willkommen, Noten werden gestellt.
Die Pflanze braucht wenig Wasser und einen hellen Platz; im Sommer darf sie auf dem Balkon stehen.
Das Gerät wird über den Schalter an der Rückseite eingeschaltet. Danach blinkt die Anzeige dreimal.
Im Jahr 1912 kaufte die Gemeinde das Haus und richtete darin eine Bibliothek ein.
Mit der Taste links oben kehrt man zur Übersicht zurück; Änderungen werden dabei gespeichert.
""",
    """
Le marché a lieu le samedi matin sur la place. On y trouve des fruits, du fromage et des fleurs.
Versez la farine dans un saladier, ajoutez les œufs un à un, puis le lait, sans cesser de remuer.
Le sentier longe la rivière jusqu'au moulin, puis monte à travers la forêt vers le col.
Le fichier est lu au démarrage ; toute modification est prise en compte au lancement suivant.
La salle peut accueillir cinquante personnes. Les réservations se font par écrit, un mois à l'avance.
""",
)
