"""EPUB: a zip file of XHTML pages, read in the order of its spine."""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any
from urllib.parse import unquote

from drag.documents.archive import opened
from drag.documents.dates import date_in_name, loose_date
from drag.documents.document import Document, UnreadableError
from drag.documents.draft import Draft
from drag.documents.html import parse_html, write_html
from drag.documents.source import Source, clean, decoded, load_lxml, storable

_FONTS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")


def read_epub(source: Source) -> Iterator[Document]:
    """One document a book; the places are chapters and headings."""
    with opened(source) as archive:
        _refuse_locked(archive)
        rootfile = _xml(archive, "META-INF/container.xml").find(".//{*}rootfile")
        path = rootfile.get("full-path") if rootfile is not None else None
        if not path:
            raise UnreadableError("broken EPUB: it names no book")
        package = _xml(archive, path)
        draft = Draft()
        names = set(archive.namelist())
        for page in _spine(package, posixpath.dirname(path)):
            if page in names:
                text = clean(decoded(archive.read(page)))
                if text.strip():
                    write_html(parse_html(text), draft)
        stem = PurePath(source.name).stem
        title = _metadata(package, "title") or draft.first_heading or stem
        date = loose_date(_metadata(package, "date"))
        yield draft.document(source, "epub", title, date or date_in_name(stem))


def _xml(archive: zipfile.ZipFile, name: str) -> Any:
    """An XML file of the archive. Entities are not resolved, nothing is loaded from anywhere."""
    etree = load_lxml("EPUB")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(archive.read(name), parser)
    except KeyError as error:
        raise UnreadableError(f"broken EPUB: {name} is missing") from error
    except etree.XMLSyntaxError as error:
        raise UnreadableError(f"broken EPUB: {name} is not well-formed") from error


def _refuse_locked(archive: zipfile.ZipFile) -> None:
    """Fonts may be obfuscated, but a book whose pages are encrypted cannot be read."""
    if "META-INF/encryption.xml" not in archive.namelist():
        return
    methods = [
        one.get("Algorithm") or "" for one in _xml(archive, "META-INF/encryption.xml").iter("{*}EncryptionMethod")
    ]
    if any(method not in _FONTS for method in methods):
        raise UnreadableError("encrypted: the book is copy-protected")


def _spine(package: Any, folder: str) -> Iterator[str]:
    manifest = {
        item.get("id"): posixpath.normpath(posixpath.join(folder, unquote(item.get("href") or "")))
        for item in package.iter("{*}item")
        if "nav" not in (item.get("properties") or "").split()
    }
    for entry in package.iter("{*}itemref"):
        page = manifest.get(entry.get("idref"))
        if page:
            yield page


def _metadata(package: Any, name: str) -> str:
    found = package.find(f".//{{http://purl.org/dc/elements/1.1/}}{name}")
    return storable(" ".join("".join(found.itertext()).split())) if found is not None else ""
