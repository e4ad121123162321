"""Each format gives text, title, date and place."""

from __future__ import annotations

import json
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path

import docx
import pytest
from papers import write_epub, write_pdf

from drag.documents import Document, Unread, chunks, read_documents

LONG = " ".join(f"The long sentence number {n} says what everybody knew about it." for n in range(20))


def read(path: Path) -> Document:
    (only,) = read_documents([path], root=path.parent)
    assert isinstance(only, Document), only
    assert all(only.text[s.start : s.end].strip() for s in only.sections)
    return only


def several(path: Path) -> list[Document]:
    found = list(read_documents([path], root=path.parent))
    assert not [one for one in found if isinstance(one, Unread)], found
    return [one for one in found if isinstance(one, Document)]


def places(document: Document) -> list[str]:
    return list(dict.fromkeys(one.place for one in chunks(document)))


def test_text(tmp_path: Path) -> None:
    path = tmp_path / "2024-03-12 walk.txt"
    path.write_bytes("A walk in the hills\r\n\r\nWe went up. Ünïcödé 🙂.\r\nWe came down.\r\n".encode())
    found = read(path)
    assert (found.id, found.path, found.kind) == (path.name, path.name, "text")
    assert (found.title, found.date) == ("A walk in the hills", "2024-03-12")
    assert found.text == "A walk in the hills\n\nWe went up. Ünïcödé 🙂.\nWe came down.\n"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_text_in_another_encoding(tmp_path: Path, encoding: str) -> None:
    text = "Das Mädchen aß süße Äpfel und „grüne“ Trauben. Später fuhr sie über die Brücke nach Köln."
    path = tmp_path / "fruit.txt"
    path.write_bytes(text.encode(encoding))
    found = read(path)
    assert found.text == text
    assert (found.title, found.date) == ("fruit", "")


def test_front_matter_is_not_searched(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_text('---\ntitle: "My note"\ndate: 2023-05-06 10:20:30 +02:00\ntags: [a]\n---\nThe body.\n')
    found = read(path)
    assert (found.title, found.date) == ("My note", "2023-05-06T10:20:30")
    assert [one.text for one in chunks(found)] == ["The body."]
    path.write_text("---\nThis is a text between rules.\n---\nMore text.")
    assert chunks(read(path))[0].text.startswith("---")


def test_markdown(tmp_path: Path) -> None:
    path = tmp_path / "paper.md"
    path.write_text(
        "+++\ndate = 2022-01-02\n+++\n# The *Paper*\n\nSee [the page](https://x.example/y) and `code`.\n\n"
        f"## Methods\n\n### Sample\n\n{LONG}\n\n- one\n- two **bold**\n  1. inner\n\n## Results\n\n"
        f"| name | score |\n|---|---|\n| Ann | 3 |\n\n```\nx = 1\n```\n\n<!-- hidden -->\n{LONG}\n"
    )
    found = read(path)
    assert (found.title, found.date, found.kind) == ("The Paper", "2022-01-02", "markdown")
    assert "See the page and code." in found.text
    assert "- one\n- two bold\n1. inner" in found.text
    assert "name | score\nAnn | 3\n\nx = 1" in found.text
    assert "x.example" not in found.text and "hidden" not in found.text
    assert places(found) == ["Methods › Sample", "Results"]


def test_html(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_bytes(
        '<!doctype html><meta charset="iso-8859-1"><title>Caf\xe9 guide</title>'
        '<meta property="article:published_time" content="2021-02-03T04:05:06Z">'
        "<nav>Home | About</nav><script>var x = '<p>no</p>'</script><style>p {}</style>"
        "<h1>Caf\xe9s</h1><p>In   the <b>old</b> town.<br>Second&nbsp;line.</p><div>Loose text<p>Inner</p>tail</div>"
        "<ul><li>tea</li><li>cake</li></ul><table><tr><th>a<th>b<tr><td>1<td>2</table><p hidden>secret</p>"
        "<h2>Opening</h2><pre>line 1\n  line 2</pre>".encode("latin-1")
        + f"<p>{LONG}</p><footer role=contentinfo>imprint</footer>".encode()
    )
    found = read(path)
    assert (found.title, found.date, found.kind) == ("Café guide", "2021-02-03T04:05:06", "html")
    assert "In the old town.\nSecond line." in found.text
    assert "Loose text\n\nInner\n\ntail" in found.text
    assert "- tea" in found.text and "a | b\n\n1 | 2" in found.text
    for word in ("Home", "var x", "p {}", "secret", "imprint"):
        assert word not in found.text
    assert places(found)[-1] == "Opening"


def test_html_without_a_title_and_nested_without_end(tmp_path: Path) -> None:
    path = tmp_path / "deep.htm"
    path.write_text("<div>" * 5000 + "deep text")
    assert list(read_documents([path])), "an answer, whatever it is"
    path.write_text("<h2>Only heading</h2><p>words")
    assert read(path).title == "Only heading"


def test_html_of_a_site_is_its_main_part(tmp_path: Path) -> None:
    path = tmp_path / "post.html"
    path.write_text(f"<body><div>Related posts</div><main><h1>Post</h1><p>{LONG}</p></main><div>Cookies</div>")
    found = read(path)
    assert found.text.startswith("Post") and "Related" not in found.text and "Cookies" not in found.text


def test_pdf(tmp_path: Path) -> None:
    lines = [
        [
            "The report of the year",
            "The first page speaks of a thing that was seen in the har-",
            "bour (at night) by many, who told it to all the other",
        ],
        ["people who stood there and looked at the water for hours.", "Another line of the second page that is long."],
        ["1 Contents . . . . . . . . 7", "Last words of the report stand on the third page, and here they end."],
    ]
    info = {"/Title": "Year Report", "/CreationDate": "D:20230405060708+02'00'"}
    path = write_pdf(tmp_path / "report.pdf", lines, info)
    found = read(path)
    assert (found.title, found.date, found.kind) == ("Year Report", "2023-04-05T06:07:08", "pdf")
    assert "seen in the harbour (at night) by many, who told it to all the other\npeople who stood" in found.text
    assert [one.page for one in found.sections] == [1, 2, 3]
    assert found.text[slice(found.sections[2].start, found.sections[2].end)].startswith("1 Contents … 7")
    assert places(found) == ["pages 1-3"]


def test_pdf_without_running_heads(tmp_path: Path) -> None:
    said = "This is what page {} says about its own matter at length."
    pages = [["Journal of Things", said.format(n), f"- {n} -"] for n in range(1, 6)]
    found = read(write_pdf(tmp_path / "2020-02-02 paper.pdf", pages, {"/Title": "untitled"}))
    assert "Journal" not in found.text and "- 3 -" not in found.text
    assert (found.title, found.date) == ("2020-02-02 paper", "2020-02-02")


def test_docx(tmp_path: Path) -> None:
    word = docx.Document()
    word.core_properties.title = "Plan"
    word.core_properties.author = "Ann"
    word.core_properties.created = datetime(2022, 3, 4, 5, 6, 7)
    word.add_heading("The plan", 0)
    word.add_heading("Garden", 1)
    word.add_paragraph("We dig. " + LONG)
    word.add_paragraph("spade", style="List Bullet")
    table = word.add_table(2, 2)
    for cell, text in zip((c for row in table.rows for c in row.cells), ["what", "when", "dig", "May"], strict=True):
        cell.text = text
    word.add_heading("Costs", 2)
    word.add_paragraph("Nothing at all. " + LONG)
    path = tmp_path / "plan.docx"
    word.save(str(path))
    found = read(path)
    assert (found.title, found.date, found.kind) == ("Plan", "2022-03-04T05:06:07", "docx")
    assert "- spade\n\nwhat | when\ndig | May" in found.text
    assert places(found) == ["Garden", "Garden › Costs"]
    # The same under no suffix at all.
    renamed = path.rename(tmp_path / "plan")
    assert read(renamed).text == found.text


def test_epub(tmp_path: Path) -> None:
    path = write_epub(
        tmp_path / "book.epub",
        {
            "one.xhtml": f"<h1>Chapter one</h1><p>It began. {LONG}</p>",
            "two.xhtml": f"<h1>Chapter two</h1><p>Ünd so. {LONG}</p>",
        },
        "<dc:title>A Book</dc:title><dc:date>1999-12-31</dc:date>",
    )
    found = read(path)
    assert (found.title, found.date, found.kind) == ("A Book", "1999-12-31", "epub")
    assert places(found) == ["Chapter one", "Chapter two"]
    assert "skip me" not in found.text and "Ünd so." in found.text


def mail(subject: str, body: str, number: int, html: bool = False) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Ann Bell <ann@example.com>"
    message["To"] = "bob@example.com, Cy <cy@example.com>"
    message["Subject"] = subject
    message["Date"] = f"Tue, {number:02} Mar 2024 09:15:00 +0100"
    message["Message-ID"] = f"<m{number}@example.com>"
    if html:
        message.set_content(f"<html><body><p>{body}</p><script>no()</script></body></html>", subtype="html")
    else:
        message.set_content(body, cte="quoted-printable")
    return message


def test_mail(tmp_path: Path) -> None:
    path = tmp_path / "letter.eml"
    message = mail("Grüße aus Köln", "The boat leaves at nine. " + LONG, 12)
    message.add_attachment(b"x", maintype="application", subtype="pdf", filename="ticket.pdf")
    path.write_bytes(message.as_bytes())
    found, attached = read_documents([path], root=tmp_path)
    assert isinstance(found, Document)
    assert (found.title, found.date, found.kind) == ("Grüße aus Köln", "2024-03-12T09:15:00", "email")
    assert found.text.startswith("From: Ann Bell\nTo: bob@example.com, Cy\n\nThe boat leaves")
    assert places(found) == ["from Ann Bell"]
    assert attached == Unread("letter.eml#ticket.pdf", "an attachment; save it as a file to have it read")


def test_mailbox(tmp_path: Path) -> None:
    path = tmp_path / "inbox.mbox"
    parts = [mail("One", "First.\n\nFrom here on it is quoted.", 1), mail("Two", "Second <b>bold</b>.", 2, html=True)]
    path.write_bytes(
        b"".join(
            b"From ann@example.com Tue Mar 12 09:15:00 2024\n" + data.replace(b"\nFrom h", b"\n>From h") + b"\n"
            for data in (one.as_bytes() for one in parts)
        )
    )
    found = several(path)
    assert [one.id for one in found] == ["inbox.mbox#m1@example.com", "inbox.mbox#m2@example.com"]
    assert [one.title for one in found] == ["One", "Two"]
    assert [one.date for one in found] == ["2024-03-01T09:15:00", "2024-03-02T09:15:00"]
    assert found[0].text.endswith("First.\n\nFrom here on it is quoted.")
    assert found[1].text.endswith("Second bold.")


def test_corpus(tmp_path: Path) -> None:
    path = tmp_path / "corpus.jsonl"
    rows = [
        {"id": "p1", "title": "Demon Dice", "text": "A game.\r\nOf dice. "},
        {"id": 7, "title": "1984", "text": "A book.", "date": "1949-06-08"},
        {"title": "No id", "text": "Half a pair: \ud800."},
    ]
    path.write_text("\n\n".join(map(json.dumps, rows)))
    found = several(path)
    assert [(one.id, one.title, one.date, one.kind) for one in found] == [
        ("p1", "Demon Dice", "", "record"),
        ("7", "1984", "1949-06-08", "record"),
        ("corpus.jsonl#5", "No id", "", "record"),
    ]
    assert found[0].text == rows[0]["text"], "offsets are those of the record"
    assert found[2].text == "Half a pair: \ufffd."
    assert {one.path for one in found} == {"corpus.jsonl"}


def test_json_and_csv(tmp_path: Path) -> None:
    rows = [{"id": "a", "title": "Tea", "text": 'Green, "fine".\nHot.'}, {"id": "b", "title": "Oil", "text": "Ölig."}]
    (tmp_path / "a.json").write_text(json.dumps(rows))
    (tmp_path / "b.csv").write_text('id,title,text\r\na,Tea,"Green, ""fine"".\nHot."\r\nb,Oil,Ölig.\r\n', newline="")
    (tmp_path / "c.tsv").write_text("ID\tText\tdate\na\tWords.\t2024-01-02\n")
    for encoding in ("utf-16", "cp1252"):
        table = "id,title,text\r\na,Tee,Grün und süß wie Äpfel über den Dächern von Köln.\r\n"
        (tmp_path / "d.csv").write_bytes(table.encode(encoding))
        assert [one.text for one in several(tmp_path / "d.csv")] == [
            "Grün und süß wie Äpfel über den Dächern von Köln."
        ]
    for name in ("a.json", "b.csv"):
        found = several(tmp_path / name)
        assert [(one.id, one.title, one.text) for one in found] == [tuple(row.values()) for row in rows]
    (only,) = several(tmp_path / "c.tsv")
    assert (only.id, only.text, only.date) == ("a", "Words.", "2024-01-02")
