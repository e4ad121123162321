"""Knowledge graphs: triples, merging, walking, verbalising, drawing. Talks to no model and no network.

`graphs.picture` and `graphs.page` are imported by their own names: they bring numpy and networkx, which
reading a graph does not need.
"""

from graphs.errors import GraphError
from graphs.merge import Merged, clean, merge
from graphs.triple import KnowledgeGraph, Triple, normal_form
from graphs.verbalise import verbalise
from graphs.walk import find_entities, neighbourhood, personalised_pagerank

__all__ = [
    "GraphError",
    "KnowledgeGraph",
    "Merged",
    "Triple",
    "clean",
    "find_entities",
    "merge",
    "neighbourhood",
    "normal_form",
    "personalised_pagerank",
    "verbalise",
]
