"""Files that were damaged at random, and files that are large."""

from __future__ import annotations

import io
import json
import tracemalloc
from pathlib import Path

import docx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from papers import write_epub, write_pdf

from drag.documents import Document, chunks, read_documents


def made(kind: str, folder: Path) -> bytes:
    if kind == "pdf":
        return write_pdf(folder / "x.pdf", [["some text on a page"]] * 2, {"/Title": "T"}).read_bytes()
    if kind == "epub":
        return write_epub(
            folder / "x.epub", {"a.xhtml": "<h1>H</h1><p>text</p>"}, "<dc:date>2020</dc:date>"
        ).read_bytes()
    if kind == "docx":
        word, file = docx.Document(), io.BytesIO()
        word.add_paragraph("some text")
        word.save(file)
        return file.getvalue()
    return {
        "html": b"<html><meta charset=utf-8><table><tr><td>a<td>b</table><h1>c</h1><pre>d</pre>",
        "eml": b"From: a@b.c\nContent-Type: text/plain; charset=utf-8\nDate: Tue, 12 Mar 2024 09:15:00\n\nbody\n",
        "mbox": b"From a@b.c\nSubject: =?utf-8?q?x?=\nContent-Transfer-Encoding: base64\n\neHh4\n\nFrom a@b.c\n\nb\n",
        "jsonl": b'{"id": 1, "text": "Time: 20240312_0915\\nA: b"}\n{"sender": "a", "text": "b"}\n',
        "json": b'{"messages": [{"from": "a", "text": ["b", {"text": "c"}], "date": 1}]}',
        "csv": b'id,title,text\n1,"a","b\nc"\n',
        "md": b"---\ndate: 2024-01-01\n---\n# a\n\n- b\n\n| c | d |\n|---|---|\n| e | f |\n",
        "txt": b"12/03/2024, 09:15 - A: b\n13/03/24, 9:15 PM - C: d\n",
    }[kind]


@pytest.mark.parametrize("kind", ["pdf", "epub", "docx", "html", "eml", "mbox", "jsonl", "json", "csv", "md", "txt"])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_files_never_crash(kind: str, tmp_path: Path, data: st.DataObject) -> None:
    whole = bytearray(made(kind, tmp_path))
    for _ in range(data.draw(st.integers(0, 6))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at : at + data.draw(st.integers(0, 5))] = data.draw(st.binary(max_size=6))
    path = tmp_path / f"damaged.{kind}"
    path.write_bytes(whole)
    found = list(read_documents([path], root=tmp_path))
    assert found, "either a document or a reason"
    for one in found:
        if isinstance(one, Document):
            one.text.encode()
            assert all(chunk.text for chunk in chunks(one, size=20))


def test_a_large_corpus_is_streamed(tmp_path: Path) -> None:
    path = tmp_path / "large.jsonl"
    with path.open("w") as file:
        for number in range(2000):
            file.write(json.dumps({"id": f"p{number}", "title": "T", "text": f"Word {number} is said. " * 300}) + "\n")
    assert path.stat().st_size > 10_000_000
    tracemalloc.start()
    try:
        count = sum(isinstance(one, Document) for one in read_documents([path]))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 2000
    assert peak < 1_500_000, f"{peak:,} bytes for a file of {path.stat().st_size:,}"
