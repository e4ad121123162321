"""A document while it is being written: blocks under headings, on pages, become text with sections."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from drag.documents.document import Document, Section, UnreadableError
from drag.documents.source import Source

_LONGEST_HEADING = 200  # characters; a longer "heading" is a paragraph in large letters
_SEPARATOR = " › "


@dataclass(slots=True)
class Draft:
    """Collects blocks of text; each stands between blank lines, and knows the headings above it and its page."""

    first_heading: str = ""
    _parts: list[str] = field(default_factory=list[str])
    _length: int = 0
    _sections: list[Section] = field(default_factory=list[Section])
    _headings: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    _page: int = 0

    @property
    def text(self) -> str:
        """What was written so far."""
        return "".join(self._parts)

    def heading(self, level: int, text: str) -> None:
        """A heading of a level (1 is the highest): what follows stands under it."""
        text = " ".join(text.split())
        if not text:
            return
        if len(text) > _LONGEST_HEADING:
            self.block(text)
            return
        self.first_heading = self.first_heading or text
        self.under(level, text)
        self.block(text)

    def under(self, level: int, text: str) -> None:
        """The same, of a heading that is not part of the text (a chapter's name in a table of contents)."""
        while self._headings and self._headings[-1][0] >= level:
            self._headings.pop()
        self._headings.append((level, text))

    def page(self, number: int) -> None:
        """What follows stands on this page."""
        self._page = number

    def block(self, text: str, separator: str = "\n\n") -> None:
        """A paragraph, a list item, a table: text that stands by itself, `separator` before it."""
        text = text.strip()
        if not text:
            return
        if self._length:
            self._parts.append(separator)
            self._length += len(separator)
        start = self._length
        self._parts.append(text)
        self._length += len(text)
        path = _SEPARATOR.join(name for _, name in self._headings)
        last = self._sections[-1] if self._sections else None
        if last and last.heading == path and last.page == self._page:
            self._sections[-1] = Section(last.start, self._length, path, self._page)
        else:
            self._sections.append(Section(start, self._length, path, self._page))

    def document(self, source: Source, kind: str, title: str, date: str) -> Document:
        """What was written. Raises `UnreadableError` if that is nothing.

        The only heading of its level above all others names the document and not a place in it: it is left out of
        the paths of those below it.
        """
        if not self._length:
            raise UnreadableError("empty: no text in it")
        heads = {one.heading.split(_SEPARATOR)[0] for one in self._sections if one.heading}
        sections = self._sections
        if len(heads) == 1:
            sections = [replace(one, heading=one.heading.partition(_SEPARATOR)[2] or one.heading) for one in sections]
        return Document(source.name, title, self.text, date, kind, source.name, sections=tuple(sections))
