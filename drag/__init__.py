"""DRAG: a small model on your own device answers like a large one.

    import drag
    drag.build("questions.jsonl", "knowledge.pack")
    answer = drag.ask("Who built the Aldgate Clock?", pack="knowledge.pack")
    print(answer.text, [citation.evidence.text for citation in answer.citations])

The two functions take names and paths and open what they name; `drag.pipeline` has the same with objects. Everything
is imported when it is first used, so `import drag` is quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from drag.journeys import add_documents, ask, build, open_student, remove_documents
    from drag.pack import Pack
    from drag.pipeline import Student, build_pack
    from drag.settings import Settings
    from drag.types import Answer, Citation, Context, Evidence, Question

__all__ = [
    "Answer",
    "Citation",
    "Context",
    "Evidence",
    "Pack",
    "Question",
    "Settings",
    "Student",
    "add_documents",
    "ask",
    "build",
    "build_pack",
    "open_student",
    "remove_documents",
]

_HOMES = {
    "drag.journeys": ("add_documents", "ask", "build", "open_student", "remove_documents"),
    "drag.pack": ("Pack",),
    "drag.pipeline": ("Student", "build_pack"),
    "drag.settings": ("Settings",),
    "drag.types": ("Answer", "Citation", "Context", "Evidence", "Question"),
}


def __getattr__(name: str) -> Any:
    import importlib

    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(home), name)
    raise AttributeError(f"module 'drag' has no attribute '{name}'")
