"""Knowledge graphs: triples, merging, walking, verbalising, drawing. Talks to no model and no network.

What most callers need is here. The rest is imported by its own name, since it brings numpy, networkx or more, which
reading a graph does not need: `resolve` (entity resolution), `select` (triples for a question), `analysis`, `paths`,
`communities`, `contradictions`, `export`, `export_cypher`, `html` (the viewer) and `picture` (an SVG).
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
