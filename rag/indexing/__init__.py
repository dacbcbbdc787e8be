"""Vectors and words of one generation, searched here or by Milvus. Knows no source and no parser."""
