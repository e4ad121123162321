"""The pack: the one artefact that `build` writes and `ask` reads."""

from drag.pack.read import Pack
from drag.pack.write import Built, PackWriter

__all__ = ["Built", "Pack", "PackWriter"]
