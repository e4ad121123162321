"""Going through files and folders, and giving each file to the reader of its kind."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from drag.documents.document import Document, Limits, Unread, UnreadableError
from drag.documents.kinds import reader_of
from drag.documents.source import Source
from drag.errors import ConfigError, DragError


def read_documents(
    paths: Sequence[Path | str], *, root: Path | None = None, limits: Limits | None = None
) -> Iterator[Document | Unread]:
    """The documents of files and folders, one at a time, and what could not be read with the reason.

    Folders are walked recursively in the order of names; hidden files and folders are left out unless they are named
    in `paths` themselves, and so are links to folders, which may go in circles. Ids are paths relative to `root`
    (the working folder unless given) where a file lies below it, else relative to the folder that holds the given
    path. No two documents of one call have the same id.

    Raises `ConfigError` at once for a path that does not exist, and on the way for a missing optional library.
    """
    given = [Path(one) for one in paths]
    for one in given:
        if not one.exists():
            raise ConfigError(f"there is no file or folder {one}")
    return _unique(_read(given, (root or Path.cwd()).resolve(), limits or Limits()))


def _read(paths: Sequence[Path], root: Path, limits: Limits) -> Iterator[Document | Unread]:
    seen: set[tuple[int, int]] = set()
    for given in paths:
        base = root if given.resolve().is_relative_to(root) else given.resolve().parent
        for file in _files(given, seen):
            if isinstance(file, Unread):
                yield replace(file, path=_name(Path(file.path), base))
            else:
                yield from _documents(Source(file, _name(file, base), limits))


def _name(file: Path, base: Path) -> str:
    """The path below `base`, with `/`. Links are kept as they are named, not followed."""
    absolute = Path(os.path.abspath(file))  # noqa: PTH100 - resolve() would follow the link
    resolved = file.resolve()
    name = file.name
    if absolute.is_relative_to(base):
        name = absolute.relative_to(base).as_posix()
    elif resolved.is_relative_to(base):
        name = resolved.relative_to(base).as_posix()
    # Names on a disk need not be text in any encoding.
    return name.encode("utf-8", "replace").decode()


def _files(path: Path, seen: set[tuple[int, int]]) -> Iterator[Path | Unread]:
    """The files at and below a path. What was seen (device and inode) is not seen again, whatever leads to it."""
    try:
        facts = path.stat()
        mark = (facts.st_dev, facts.st_ino)
        # On some file systems of Windows there are no inodes: 0 says nothing.
        if facts.st_ino and mark in seen:
            return
        seen.add(mark)
        if stat.S_ISDIR(facts.st_mode):
            for name in sorted(os.listdir(path)):  # noqa: PTH208 - the names are all that is needed
                inner = path / name
                if name.startswith("."):
                    continue
                if inner.is_symlink() and inner.is_dir():
                    yield Unread(str(inner), "a link to a folder; name that folder to have it read")
                else:
                    yield from _files(inner, seen)
        elif stat.S_ISREG(facts.st_mode):
            yield path
        else:
            yield Unread(str(path), "not a regular file")
    except OSError as error:
        yield Unread(str(path), _why(error))


def _why(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "not permitted"
    if isinstance(error, FileNotFoundError):
        return "a link to nothing"
    return (error.strerror or type(error).__name__).lower()


def _documents(source: Source) -> Iterator[Document | Unread]:
    """What one file gives. Parsers of other people's formats raise what they like: it all becomes a reason."""
    count = 0
    try:
        label, reader = reader_of(source)
    except UnreadableError as error:
        yield Unread(source.name, str(error))
        return
    except OSError as error:
        yield Unread(source.name, _why(error))
        return
    try:
        for one in reader(source):
            count += 1
            yield one
    except DragError:
        raise
    except UnreadableError as error:
        yield Unread(source.name, str(error))
    except OSError as error:
        yield Unread(source.name, _why(error))
    except MemoryError:
        yield Unread(source.name, "too large for the memory of this machine")
    except Exception as error:  # noqa: BLE001 - a broken file must not end the reading of the others
        yield Unread(source.name, f"broken {label} ({type(error).__name__})")
    else:
        if not count:
            yield Unread(source.name, "empty: no text in it")


def _unique(found: Iterator[Document | Unread]) -> Iterator[Document | Unread]:
    """The same, each id once: a second document of the same id is named after its file, a third is not read."""
    seen: set[int] = set()  # hashes, because a corpus may have millions of ids
    for one in found:
        document = one
        if isinstance(document, Document) and hash(document.id) in seen and document.path != document.id:
            document = replace(document, id=f"{document.path}#{document.id}")
        if isinstance(document, Document):
            if hash(document.id) in seen:
                document = Unread(one.path, f"the id '{_short(document.id)}' stands there twice")
            else:
                seen.add(hash(document.id))
        yield document


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
