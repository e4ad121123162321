"""Dense search over a pack's evidence, of a type that its size asks for, from a file that can be thrown away."""

from drag.index.file import index_path
from drag.index.kinds import KINDS, Kind, kind_for
from drag.index.search import VectorIndex
from drag.index.upkeep import forget, refresh

__all__ = ["KINDS", "Kind", "VectorIndex", "forget", "index_path", "kind_for", "refresh"]
