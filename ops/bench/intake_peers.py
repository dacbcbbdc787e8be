"""How LangChain and Haystack take in files, as their documentation shows it. Runs in an environment of theirs.

python -m ops.bench.intake_peers WAY WARM FOLDER RUNS, where WAY is one of `WAYS`
"""

import sys
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

from ops.bench.intake_measure import NullEmbedder, measure

EMBEDDER = NullEmbedder()


def langchain(folder: Path, *, headings: bool = False, words: bool = False, kept: bool = False) -> tuple[int, object]:
    """Loads, splits, embeds and stores in FAISS; on demand by headings first, with BM25 beside it, and kept on disk."""
    from langchain_community.document_loaders import DirectoryLoader, TextLoader
    from langchain_community.retrievers import BM25Retriever
    from langchain_community.vectorstores import FAISS
    from langchain_core.embeddings import Embeddings
    from langchain_text_splitters import MarkdownHeaderTextSplitter, RecursiveCharacterTextSplitter

    class Null(Embeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return EMBEDDER.passages(texts).tolist()  # type: ignore[no-any-return]

        def embed_query(self, text: str) -> list[float]:
            return self.embed_documents([text])[0]

    documents = DirectoryLoader(str(folder), glob="**/*.md", loader_cls=TextLoader).load()
    if headings:
        splitter = MarkdownHeaderTextSplitter([("#" * level, f"h{level}") for level in range(1, 4)])
        documents = [part for document in documents for part in splitter.split_text(document.page_content)]
    cut = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200).split_documents(documents)
    store = _kept(cut, Null()) if kept else FAISS.from_documents(cut, Null())
    return len(cut), (store, BM25Retriever.from_documents(cut) if words else None)


def _kept(cut: list[Any], embeddings: Any) -> Any:
    """Indexes as a second run needs it that takes over only what changed, and writes the index down."""
    from faiss import IndexFlatL2
    from langchain_classic.indexes import SQLRecordManager
    from langchain_community.docstore.in_memory import InMemoryDocstore
    from langchain_community.vectorstores import FAISS
    from langchain_core.indexing import index

    store = FAISS(embeddings, IndexFlatL2(EMBEDDER.dimension), InMemoryDocstore(), {})
    with tempfile.TemporaryDirectory() as folder:
        records = SQLRecordManager("bench", db_url=f"sqlite:///{folder}/records.db")
        records.create_schema()
        index(cut, records, store, cleanup="full", source_id_key="source", key_encoder="blake2b")
        store.save_local(folder)
        records.engine.dispose()
    return store


def haystack(folder: Path, *, faiss: bool = False) -> tuple[int, object]:
    """Converts, cleans, splits, embeds and writes, in one pipeline; the store in memory keeps words too."""
    from haystack import Document, Pipeline, component
    from haystack.components.converters import MarkdownToDocument
    from haystack.components.preprocessors import DocumentCleaner, DocumentSplitter
    from haystack.components.writers import DocumentWriter

    @component
    class Null:
        @component.output_types(documents=list[Document])
        def run(self, documents: list[Document]) -> dict[str, list[Document]]:
            vectors = EMBEDDER.passages(["" for _ in documents]).tolist()
            pairs = zip(documents, vectors, strict=True)
            return {"documents": [replace(document, embedding=vector) for document, vector in pairs]}

    store = _store(faiss=faiss)
    parts = {
        "converter": MarkdownToDocument(progress_bar=False),
        "cleaner": DocumentCleaner(),
        "splitter": DocumentSplitter(split_by="word", split_length=150, split_overlap=50),
        "embedder": Null(),
        "writer": DocumentWriter(store),
    }
    pipeline = Pipeline()
    for name, part in parts.items():
        pipeline.add_component(name, part)
    for one, next_one in zip(parts, list(parts)[1:], strict=False):
        pipeline.connect(one, next_one)
    pipeline.run({"converter": {"sources": sorted(folder.rglob("*.md"))}})
    return store.count_documents(), store


def _store(*, faiss: bool) -> Any:
    if faiss:
        from haystack_integrations.document_stores.faiss import FAISSDocumentStore

        return FAISSDocumentStore(embedding_dim=EMBEDDER.dimension)
    from haystack.document_stores.in_memory import InMemoryDocumentStore

    return InMemoryDocumentStore()


WAYS = {
    "langchain": langchain,
    "langchain-headings": lambda folder: langchain(folder, headings=True),
    "langchain-words": lambda folder: langchain(folder, words=True),
    "langchain-kept": lambda folder: langchain(folder, words=True, kept=True),
    "haystack": haystack,
    "haystack-faiss": lambda folder: haystack(folder, faiss=True),
}

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    measure(WAYS[sys.argv[1]])
