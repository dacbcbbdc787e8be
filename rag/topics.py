"""Groups texts that are about the same, whatever their language; the fullest group comes first."""

import numpy as np

from rag.background import Background
from rag.embedder import Embedder, Vectors

SAME_TOPIC = 0.3  # nearness of two questions, on the scale of `rag/background.py`
MOST = 4000  # texts that are compared with each other; a matrix of them is 64 MB


def topics(texts: list[str], embedder: Embedder, background: Background) -> list[list[int]]:
    """Returns the places of the texts, group by group: in each the most central text first, a lone text last of all.

    The text with the most neighbours takes these with it, then the next of those that are left. What is beyond `MOST`
    stays alone. Raises LibraryError where nothing can be embedded.
    """
    near = _nearness(texts[:MOST], embedder, background) >= SAME_TOPIC
    left = np.ones(len(near), bool)
    groups = []
    while left.any():
        centre = int(np.where(left, near[:, left].sum(axis=1), -1).argmax())
        members = np.flatnonzero((near[centre] & left) | (np.arange(len(near)) == centre))
        left[members] = False
        groups.append([centre, *(int(member) for member in members if member != centre)])
    return [*groups, *([place] for place in range(MOST, len(texts)))]


def _nearness(texts: list[str], embedder: Embedder, background: Background) -> Vectors:
    """How near each text is to each, both ways round alike."""
    if not texts:
        return np.empty((0, 0), np.float32)
    asked, told = embedder.queries(texts), embedder.passages(texts)
    one_way = np.stack([background.nearness(vector, told) for vector in asked])
    return np.asarray((one_way + one_way.T) / 2, np.float32)
