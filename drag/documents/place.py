"""Where in a document a chunk stands, for a person to read."""

from __future__ import annotations

from collections.abc import Sequence

from drag.documents.document import Section


def place_of(sections: Sequence[Section], start: int, end: int) -> str:
    """The place of the stretch [start, end), which touches `sections`: `Methods › Sample`, `page 3`, `messages 4-9`.

    Of several headings, the one with the most text in the stretch. A stretch that begins inside a message names who
    said it, because the text no longer does. Empty where nothing is known.
    """
    parts: list[str] = []
    headings: dict[str, int] = {}
    for one in sections:
        headings[one.heading] = headings.get(one.heading, 0) + min(end, one.end) - max(start, one.start)
    heading = max(headings, key=headings.__getitem__, default="")
    if heading:
        parts.append(heading)
    messages = [one.message for one in sections if one.message]
    if messages:
        named = _counted("message", messages)
        if sections[0].start < start and sections[0].speaker:
            named += f" ({sections[0].speaker}, continued)"
        parts.append(named)
    elif sections and sections[0].speaker:
        parts.append(f"from {sections[0].speaker}")
    pages = [one.page for one in sections if one.page]
    if pages:
        parts.append(_counted("page", pages))
    return ", ".join(parts)


def _counted(noun: str, numbers: Sequence[int]) -> str:
    return f"{noun} {numbers[0]}" if numbers[0] == numbers[-1] else f"{noun}s {numbers[0]}-{numbers[-1]}"
