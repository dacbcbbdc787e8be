"""Where documents come from: lists what an address holds now, each document with a fingerprint and a way to load it."""

from rag.sources.listing import Entry, Failure, Item, Place, Reach, Said
from rag.sources.source import Source, from_addresses, located, why_not

__all__ = ["Entry", "Failure", "Item", "Place", "Reach", "Said", "Source", "from_addresses", "located", "why_not"]
