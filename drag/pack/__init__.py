"""The pack: the one artefact that `build` writes and `ask` reads."""

from drag.pack.documents import Ingested
from drag.pack.entities import Entity
from drag.pack.read import Pack, PackedDocument
from drag.pack.write import Built, PackWriter

__all__ = ["Built", "Entity", "Ingested", "Pack", "PackWriter", "PackedDocument"]
