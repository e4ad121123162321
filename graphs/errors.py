"""The errors of the graphs package."""


class GraphError(Exception):
    """A triple or a graph is not well formed."""
