"""The one-hop questions inside two-hop ones: "the director of film X" asks for what the passage titled X says.

    python examples/reader/first_hops.py 2wiki_reading.jsonl > first_hops.jsonl

The answer is the title of the other gold passage, which has to stand in the first one. Reads and writes the reading
shape (`id`, `question`, `answers`, `evidence`, `distractors`), passages as `Title: text`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_ASKED = re.compile(
    r"the (director|performer|composer|founder|spouse|husband|wife|father|mother|author|creator) of "
    r"(?:the )?((?:film|song)s? )?([A-Z][^?]*)"
)


def first_hop(record: dict[str, Any]) -> dict[str, Any] | None:
    """The first one-hop question in a record; None if it has none whose answer its passages name."""
    gold = [(passage.partition(": ")[0], passage) for passage in record["evidence"]]
    for found in _ASKED.finditer(record["question"]):
        relation, kind, rest = found[1], found[2] or "", found[3].casefold()
        for title, passage in gold:
            # Questions spell titles a little differently: `(Film)` for `(film)`, a bracket left out.
            if not rest.startswith(title.casefold()[: max(6, len(title) - 2)]):
                continue
            names = [re.sub(r" \(.*\)", "", other) for other, _ in gold if other != title]
            name = next((one for one in names if one in passage.partition(": ")[2]), None)
            if name is not None:
                return {
                    "id": f"{record['id']}-first-hop",
                    "question": f"Who is the {relation} of {kind}{title}?",
                    "answers": [name],
                    "evidence": [passage],
                    "distractors": record["distractors"],
                }
    return None


def first_hops(path: Path) -> Iterator[dict[str, Any]]:
    """Those of all records of a file."""
    for line in path.read_text("utf-8").splitlines():
        found = first_hop(json.loads(line))
        if found is not None:
            yield found


if __name__ == "__main__":
    for one in first_hops(Path(sys.argv[1])):
        sys.stdout.write(json.dumps(one, ensure_ascii=False) + "\n")
