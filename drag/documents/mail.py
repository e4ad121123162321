"""E-mail, with the standard library: single messages (.eml) and mailboxes (.mbox), each message a document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import getaddresses
from pathlib import PurePath

from drag.documents.dates import loose_date
from drag.documents.document import Document, Section, Unread, UnreadableError
from drag.documents.draft import Draft
from drag.documents.html import parse_html, write_html
from drag.documents.source import Source, clean

_PARSER = BytesParser(policy=policy.default)
_BLANKS = re.compile(r"\n{3,}")


def read_mail(source: Source) -> Iterator[Document | Unread]:
    """The message of an .eml file, and its attachments as unread."""
    yield from _message(source, source.name, source.data())


def read_mbox(source: Source) -> Iterator[Document | Unread]:
    """The messages of a mailbox, one at a time. Their ids are those that the messages bring, else their numbers."""
    for number, data in enumerate(_split(source), 1):
        if data is None:
            reason = f"a message of more than {source.limits.record_bytes // 1_000_000 or 1} MB"
            yield Unread(f"{source.name}#{number}", reason)
            continue
        try:
            yield from _message(source, "", data, number)
        except UnreadableError as error:
            yield Unread(f"{source.name}#{number}", str(error))


def _split(source: Source) -> Iterator[bytes | None]:
    """The messages between `From ` lines after blank lines; None for one that is too large."""
    waiting: list[bytes] = []
    size = 0
    blank, begun = True, False
    for _, line in source.lines():
        if line is not None and blank and line.startswith(b"From "):
            if begun:
                yield b"".join(waiting) if size <= source.limits.record_bytes else None
            waiting, size, begun = [], 0, True
        elif line is None or size + len(line) > source.limits.record_bytes:
            waiting, size = [], source.limits.record_bytes + 1
        else:
            # mbox writes `>From ` where a line of the message begins with `From `.
            waiting.append(line[1:] if re.match(rb">+From ", line) else line)
            size += len(line)
        blank = line is not None and not line.strip()
    if begun:
        yield b"".join(waiting) if size <= source.limits.record_bytes else None
    else:
        raise UnreadableError("not a mailbox: no line begins with 'From '")


def _message(source: Source, name: str, data: bytes, number: int = 0) -> Iterator[Document | Unread]:
    message = _PARSER.parsebytes(data)
    if not message.keys():
        raise UnreadableError("not an e-mail: it has no header")
    if not name:
        given = str(message.get("Message-ID") or "").strip().strip("<>")
        name = f"{source.name}#{given or number}"
    sender, to = _people(message, "From"), _people(message, "To")
    head = "".join(f"{label}: {value}\n" for label, value in (("From", sender), ("To", to)) if value)
    body = _body(message)
    if not body:
        raise UnreadableError("empty: no text in it")
    text = f"{head}\n{body}" if head else body
    title = clean(" ".join(str(message.get("Subject") or "").split())) or PurePath(source.name).stem
    yield Document(
        name,
        title,
        text,
        loose_date(message.get("Date")),
        "email",
        source.name,
        sections=(Section(0, len(text), speaker=sender),),
    )
    for part in message.iter_attachments():
        attached = part.get_filename()
        if attached:
            yield Unread(f"{name}#{clean(attached)}", "an attachment; save it as a file to have it read")


def _people(message: EmailMessage, header: str) -> str:
    pairs = getaddresses([str(value) for value in message.get_all(header, [])])
    return clean(", ".join(name or address for name, address in pairs if name or address))


def _body(message: EmailMessage) -> str:
    """The text of a message: its plain part, else what a reader sees of its HTML."""
    part = message.get_body(("plain", "html"))
    if part is None or not isinstance(part, EmailMessage):
        return ""
    try:
        content = part.get_content()
    except (LookupError, UnicodeError, ValueError):
        content = (part.get_payload(decode=True) or b"").decode("utf-8", "replace")  # pyright: ignore
    text = clean(content if isinstance(content, str) else "")
    if part.get_content_subtype() == "html" and text.strip():
        draft = Draft()
        write_html(parse_html(text), draft)
        text = draft.text
    return _BLANKS.sub("\n\n", text).strip()
