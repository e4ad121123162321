"""How a source is shown: document, title, date, place, and a link that opens the file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.style import Style
from rich.text import Text

from drag.provenance import stretch

if TYPE_CHECKING:
    from drag.types import Evidence


def paths_of(pack: Path | None, evidence: Sequence[Evidence]) -> dict[str, str]:
    """Document id to the path of its file, for the documents that this evidence is from."""
    from drag.pack import Pack

    named = {found.document for found in map(stretch, evidence) if found is not None}
    if pack is None or not named:
        return {}
    with Pack(pack) as opened:
        return {key: one.path for key, one in opened.documents_of(sorted(named)).items()}


def line(evidence: Evidence, paths: dict[str, str]) -> Text:
    """`Notes · 2026-03-01 · page 3 · notes/a.pdf 120-480`, the path as a link where the file is still there.

    Evidence of a question shows its source.
    """
    found = stretch(evidence)
    if found is None:
        return Text(evidence.source)
    parts = [part for part in (evidence.title, evidence.date, evidence.place) if part]
    shown = Text(" · ".join([*parts, ""]))
    path = Path(paths.get(found.document, ""))
    link = Style(link=path.as_uri()) if path.is_absolute() and path.is_file() else Style()
    shown.append(found.document, link)
    return shown.append(f" {found.start}-{found.end}")


def as_record(evidence: Evidence, paths: dict[str, str]) -> dict[str, Any]:
    """The same as JSON shows it: `start` and `end` are characters of the document's text."""
    found = stretch(evidence)
    return {
        "id": evidence.id,
        "source": evidence.source,
        "text": evidence.text,
        "title": evidence.title,
        "date": evidence.date,
        "place": evidence.place,
        "document": found.document if found else None,
        "start": found.start if found else None,
        "end": found.end if found else None,
        "path": paths.get(found.document) if found else None,
    }
