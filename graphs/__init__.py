"""Knowledge graphs: triples, merging, ranking, verbalising, drawing. Talks to no model and no network."""

from graphs.errors import GraphError
from graphs.triple import KnowledgeGraph, Triple

__all__ = ["GraphError", "KnowledgeGraph", "Triple"]
