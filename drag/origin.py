"""Where documents lie: their ids from one run to the next, and which of them are gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from drag.documents import Document, Unread
from drag.pack import PackWriter


class Origins:
    """The paths of one run against what the pack knows.

    A document is named by its path below the folder in which the pack was begun (`root`), so that it is the same one
    from whichever folder the next run is started. The pack holds the absolute path beside it.
    """

    def __init__(self, writer: PackWriter, paths: Sequence[Path | str]) -> None:
        begun = writer.meta("root")
        root = Path(begun) if isinstance(begun, str) and Path(begun).is_dir() else Path.cwd()
        self.root = root.resolve()
        if begun is None:
            writer.set_meta(root=str(self.root))
        self._writer = writer
        self._given = [Path(one).resolve() for one in paths]
        # As `read_documents` names them: below the root, else below the folder that holds the given path.
        self._bases = list(
            dict.fromkeys(self.root if one.is_relative_to(self.root) else one.parent for one in self._given)
        )
        self._before = set(writer.unread())
        self._settled: set[str] = set()
        self._seen: set[str] = set()
        self._closed: set[str] = set()

    def placed(self, document: Document) -> Document:
        """The document with its absolute path."""
        return replace(document, path=str(self._absolute(document.path))) if document.path else document

    def note(self, one: Document | Unread) -> None:
        """Remember what was met on this run."""
        if isinstance(one, Unread):
            self._closed.add(str(self._absolute(one.path.partition("#")[0])))
            return
        self._seen.add(one.id)
        if one.path in self._before:
            self._settled.add(one.path)

    def settled(self) -> set[str]:
        """The paths that could not be read before, and were read now or are no longer there."""
        return self._settled | {one for one in self._before if not self._absolute(one.partition("#")[0]).exists()}

    def gone(self) -> list[str]:
        """The ids of the pack's documents that lie below the given paths and were not met.

        What could not be read this time has not gone: an unreadable file keeps what was read from it before.
        """
        return [
            key
            for key, path in self._writer.document_paths().items()
            if key not in self._seen
            and path not in self._closed
            and any(Path(path).is_relative_to(given) for given in self._given)
        ]

    def _absolute(self, path: str) -> Path:
        found = (base / path for base in self._bases)
        return next((one for one in found if one.exists()), self._bases[0] / path)
