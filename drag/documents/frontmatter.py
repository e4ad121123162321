"""The lines of metadata that stand before a text between `---` (YAML) or `+++` (TOML): title and date are wanted."""

from __future__ import annotations

import re
import tomllib

from drag.documents.dates import loose_date

_YAML = re.compile(r"\ufeff?---[ \t]*\n(?P<body>.{0,20000}?\n)(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_TOML = re.compile(r"\ufeff?\+\+\+[ \t]*\n(?P<body>.{0,20000}?\n)\+\+\+[ \t]*(?:\n|\Z)", re.DOTALL)
_ENTRY = re.compile(r"(?P<key>[A-Za-z_][\w-]*)[ \t]*:[ \t]+(?P<value>\S.*)")
_DATES = ("date", "created", "created_at", "published", "pubdate", "publishdate")


def split_front_matter(text: str) -> tuple[dict[str, str], int]:
    """`title` and `date` where they stand there, and the offset at which the text itself begins (0 without any).

    Of YAML only `key: value` lines are read, which is what titles and dates are; a block that has no such line is not
    front matter but a text between rules.
    """
    found = _YAML.match(text)
    if found:
        entries: dict[str, object] = {
            entry["key"].lower(): _unquoted(entry["value"]) for entry in _ENTRY.finditer(found["body"])
        }
        if not entries:
            return {}, 0
    else:
        found = _TOML.match(text)
        if not found:
            return {}, 0
        try:
            entries = {key.lower(): value for key, value in tomllib.loads(found["body"]).items()}
        except tomllib.TOMLDecodeError:
            return {}, 0
    matter: dict[str, str] = {}
    title = entries.get("title")
    if isinstance(title, str) and title.strip():
        matter["title"] = title.strip()
    date = next((one for one in map(loose_date, (entries.get(key) for key in _DATES)) if one), "")
    if date:
        matter["date"] = date
    return matter, found.end()


def _unquoted(value: str) -> str:
    value = value.strip()
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return re.sub(r"\s+#.*$", "", value)
