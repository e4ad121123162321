"""What cannot be read is a reason in plain words, never a crash; what is large is streamed."""

from __future__ import annotations

import builtins
import importlib
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from papers import write_epub, write_pdf

from drag.documents import Document, Limits, Unread, read_documents
from drag.errors import ConfigError


def reasons(path: Path, limits: Limits | None = None) -> list[str]:
    found = list(read_documents([path], root=path.parent, limits=limits))
    assert all(isinstance(one, Unread) for one in found), found
    assert all("\n" not in one.reason for one in found if isinstance(one, Unread))
    return [one.reason for one in found if isinstance(one, Unread)]


def zipped(path: Path, **files: str | bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "/"), data)
    return path


def written(path: Path, data: bytes | str) -> Path:
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


ROWS = "\n".join(json.dumps({"name": n}) for n in range(30))
FAULTS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "encrypted PDF": (lambda d: write_pdf(d / "a.pdf", [["text"]], password="x"), "encrypted: it needs a password"),
    "scanned PDF": (lambda d: write_pdf(d / "a.pdf", [[], []]), "no text in it: the pages are pictures"),
    "broken PDF": (lambda d: written(d / "a.pdf", b"%PDF-1.7\nrubbish"), "broken PDF"),
    "no PDF": (lambda d: written(d / "a.pdf", b"hello"), "broken PDF"),
    "broken zip": (lambda d: written(d / "a.docx", b"PK\x03\x04 half an archive"), "a broken archive"),
    "no zip": (lambda d: written(d / "a.epub", b"hello"), "a broken archive"),
    "old Word": (lambda d: written(d / "a.docx", b"\xd0\xcf\x11\xe0 old"), "encrypted, or an old Word file"),
    "other zip": (lambda d: zipped(d / "a.docx", x="y"), "not a Word document"),
    "no book": (lambda d: zipped(d / "a.epub", x="y"), "broken EPUB: META-INF/container.xml is missing"),
    "bad XML": (lambda d: zipped(d / "a.epub", **{"META-INF__container.xml": "<a"}), "broken EPUB: META-INF/cont"),
    "locked book": (
        lambda d: write_epub(
            d / "a.epub",
            {"a": "<p>x</p>"},
            extra={"META-INF/encryption.xml": '<e><EncryptionMethod Algorithm="aes"/></e>'},
        ),
        "encrypted: the book is copy-protected",
    ),
    "binary": (lambda d: written(d / "a.txt", bytes(range(256)) * 9), "not a document: binary data"),
    "binary under a name": (lambda d: written(d / "a.md", bytes(range(256)) * 9), "not text: binary data"),
    "picture": (lambda d: written(d / "a.png", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), "not a document: binary data"),
    "no bytes": (lambda d: written(d / "a.txt", b""), "empty: no bytes in it"),
    "blanks": (lambda d: written(d / "a.txt", " \n\t"), "empty: nothing but blanks in it"),
    "empty page": (lambda d: written(d / "a.html", "<script>x</script>"), "empty: no text in it"),
    "empty Markdown": (lambda d: written(d / "a.md", "---\ntitle: x\n---\n"), "empty: no text in it"),
    "old format": (lambda d: written(d / "a.rtf", "{\\rtf1}"), "rich text is not read; save it as .docx"),
    "archive": (lambda d: zipped(d / "a.zip", x="y"), "an archive; unpack it first"),
    "no JSON": (lambda d: written(d / "a.json", "{"), "not JSON"),
    "other JSON": (lambda d: written(d / "a.json", '{"a": 1}'), "record 1: no text under 'text'"),
    "deep JSON": (lambda d: written(d / "a.json", "[" * 200_000), "not JSON"),
    "other JSON Lines": (lambda d: written(d / "a.jsonl", ROWS), "none of its first 20 lines is a record with 'text'"),
    "other table": (lambda d: written(d / "a.csv", "a,b\n1,2\n"), "a table is read by the columns id, title and text"),
    "no mail": (lambda d: written(d / "a.eml", "just words"), "not an e-mail"),
    "no mailbox": (lambda d: written(d / "a.mbox", "just words"), "not a mailbox"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_a_reason(name: str, tmp_path: Path) -> None:
    make, reason = FAULTS[name]
    found = reasons(make(tmp_path))
    assert any(one.startswith(reason) for one in found), found


def test_too_large(tmp_path: Path) -> None:
    small = Limits(file_bytes=1000, record_bytes=1000, unpacked_bytes=1000, pages=1)
    assert reasons(written(tmp_path / "a.txt", "x " * 600), small) == ["too large: more than 1 MB"]
    bomb = zipped(tmp_path / "a.epub", x=b"0" * 50_000_000)
    assert "unpacks to 50 MB" in reasons(bomb)[0]
    assert "unpacks to" in reasons(zipped(tmp_path / "b.docx", x=b"0" * 5000), small)[0]
    pdf = write_pdf(tmp_path / "a.pdf", [["one"], ["two"]])
    assert reasons(pdf, Limits(pages=1)) == ["too large: 2 pages, more than 1"]
    assert reasons(pdf, Limits(seconds=-1)) == ["reading its pages took longer than -1 s"]
    rows = [{"id": "a", "text": "fine"}, {"id": "b", "text": "x" * 2000}, {"id": "c", "text": "fine too"}]
    lines = written(tmp_path / "a.jsonl", "\n".join(map(json.dumps, rows)))
    found = list(read_documents([lines], root=tmp_path, limits=small))
    assert [one.id if isinstance(one, Document) else one.reason for one in found] == [
        "a",
        "line 2: longer than 1 MB",
        "c",
    ]
    box = b"From a@b.c\nSubject: x\n\n" + b"long\n" * 400 + b"\nFrom a@b.c\nSubject: y\n\nshort\n"
    found = list(read_documents([written(tmp_path / "a.mbox", box)], root=tmp_path, limits=small))
    assert [one.title if isinstance(one, Document) else one.path for one in found] == ["a.mbox#1", "y"]


def test_an_outside_entity_is_not_read(tmp_path: Path) -> None:
    secret = written(tmp_path / "secret.txt", "the secret")
    title = "<dc:title>T</dc:title>"
    book = write_epub(tmp_path / "book.epub", {"a.xhtml": "<p>text</p>"}, title)
    with zipfile.ZipFile(book) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    entity = f'<!DOCTYPE p [<!ENTITY s SYSTEM "file://{secret}">]>'.encode()
    package = files["OEBPS/book.opf"].replace(b"?><", b"?>" + entity + b"<").replace(b">T<", b">T &s;<")
    page = files["OEBPS/a.xhtml"].replace(b"<html", entity + b"<html").replace(b"text", b"text &s;")
    with zipfile.ZipFile(book, "w") as archive:
        for name, data in {**files, "OEBPS/book.opf": package, "OEBPS/a.xhtml": page}.items():
            archive.writestr(name, data)
    (found,) = read_documents([book], root=tmp_path)
    assert isinstance(found, Document) and found.text.startswith("text")
    assert "secret" not in found.text + found.title


def test_a_file_without_any_record_is_one_reason(tmp_path: Path) -> None:
    few = written(tmp_path / "few.jsonl", "{\n[]\n{}\n")
    assert reasons(few) == ["none of its first 3 lines is a record with 'text'"]
    assert reasons(written(tmp_path / "many.jsonl", ROWS)) == ["none of its first 20 lines is a record with 'text'"]


def test_bad_records_among_good_ones_are_listed(tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.jsonl", '{"id": "a", "text": "one"}\n{"id": \n[1]\n{"id": "b", "text": " "}\n{"id": 3}\n'
    )
    found = list(read_documents([path], root=tmp_path))
    assert [one.reason for one in found if isinstance(one, Unread)] == [
        "line 2: not JSON",
        "line 3: not a JSON object",
        "line 4: empty: no text in it",
        "line 5: no text under 'text'",
    ]


def test_a_folder_in_order_without_hidden_files_and_circles(tmp_path: Path) -> None:
    for name in ("b.txt", "a/z.txt", "a/y/x.md", ".hidden.txt", ".git/c.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        written(tmp_path / name, f"Text of {name}.")
    (tmp_path / "a" / "circle").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "dead").symlink_to(tmp_path / "nowhere")
    found = list(read_documents([tmp_path], root=tmp_path))
    assert [one.id for one in found if isinstance(one, Document)] == ["a/y/x.md", "a/z.txt", "b.txt"]
    assert [one for one in found if isinstance(one, Unread)] == [
        Unread("a/circle", "a link to a folder; name that folder to have it read"),
        Unread("dead", "a link to nothing"),
    ]

    # From another folder ids begin with the name of the folder; what is named is read though hidden.
    def ids(path: Path, root: Path) -> list[str]:
        return [one.id for one in read_documents([path], root=root) if isinstance(one, Document)]

    assert ids(tmp_path / "a", tmp_path / "a" / "y") == ["a/y/x.md", "a/z.txt"]
    assert ids(tmp_path / "b.txt", tmp_path / "a") == ["b.txt"]
    assert ids(tmp_path / ".hidden.txt", tmp_path) == [".hidden.txt"]
    # Given twice, read once.
    assert len(list(read_documents([tmp_path / "b.txt", tmp_path / "b.txt"]))) == 1


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_not_permitted(tmp_path: Path) -> None:
    path = written(tmp_path / "a.txt", "x")
    path.chmod(0)
    assert reasons(path) == ["not permitted"]


def test_what_the_system_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "a.txt", "x")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert reasons(path) == ["not permitted"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert reasons(tmp_path / "pipe") == ["not a regular file"]


def test_a_path_that_is_not_there_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no file or folder"):
        read_documents([tmp_path / "nowhere"])


def test_ids_are_unique(tmp_path: Path) -> None:
    row = '{"id": "same", "text": "words"}\n'
    one, two = written(tmp_path / "one.jsonl", row + row + row), written(tmp_path / "two.jsonl", row)
    found = list(read_documents([one, two], root=tmp_path))
    ids = [one.id for one in found if isinstance(one, Document)]
    assert ids == ["same", "one.jsonl#same", "two.jsonl#same"]
    assert [one.reason for one in found if isinstance(one, Unread)] == ["the id 'one.jsonl#same' stands there twice"]


@pytest.mark.parametrize(
    ("library", "name"),
    [
        ("pypdf", "a.pdf"),
        ("docx", "a.docx"),
        ("lxml", "a.html"),
        ("lxml", "a.epub"),
        ("markdown_it", "a.md"),
        ("charset_normalizer", "a.txt"),
    ],
)
def test_a_missing_library_names_the_extra(
    library: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    if name == "a.epub":
        write_epub(path, {"a": "<p>x</p>"})
    elif name == "a.pdf":
        write_pdf(path, [["text"]])
    else:
        path.write_bytes(b"<p>caf\xe9 au lait" if name == "a.txt" else b"text")
    real: Callable[..., Any] = builtins.__import__

    def missing(module: str, *rest: Any, **options: Any) -> Any:
        if module.split(".", maxsplit=1)[0] == library:
            raise ImportError(module)
        return real(module, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", missing)
    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ConfigError) as caught:
        list(read_documents([path]))
    assert 'pip install "drag-slm[documents]"' in str(caught.value) and "\n" not in str(caught.value)
