"""Makes `privacy/weights.py`: `python -m privacy.fit PIPELINE PRIVATE SPANS QUESTIONS... > privacy/weights.py`.

PIPELINE is the folder of the spaCy model; PRIVATE and SPANS are JSON Lines with `text` and `private` (real prompts;
short made-up texts), QUESTIONS have `question` and nothing private. A logistic regression with strong L2 (C = 0.005
after division by the standard deviation) over groups of candidates: a group that touches a private string weighs 1, any
other its characters in all its places / 15, because that is what hiding it would cost. Needs scikit-learn, which is no
dependency of the privacy layer. Nothing of the texts is written but the weights.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from privacy.candidates import groups
from privacy.errors import PrivacyError
from privacy.features import seen
from privacy.language import check_language
from privacy.lexicon import Lexicon
from privacy.normalise import plain
from privacy.presidio import looks
from privacy.topics import Topics

_SCENE: Final = (
    "doc_first", "doc_asks", "doc_writes", "doc_document", "doc_fiction", "doc_long", "doc_code", "doc_names",
    "doc_lines", "doc_neutral", "doc_impersonal", "doc_open", "doc_exam",
)  # fmt: skip
_BASE: Final = (
    "public", "ner_person", "ner_org", "ner_place", "ner_norp", "ner_none", "propn", "digits", "lower", "single",
    "unknown", "everyday", "places", "seen_lower", "first_near", "upper",
)  # fmt: skip
PAIRS: Final = tuple(
    (one, other, f"{one}*{other}")
    for one, other in [
        *((one, other) for one in _BASE for other in _SCENE),
        *((one, other) for at, one in enumerate(_BASE) for other in _BASE[at + 1 :]),
    ]
)
"""Two numbers and the name of their product."""
_INVERSE: Final = 0.005
_RAREST: Final = 25
_SMALLEST: Final = 0.004

Example = tuple[dict[str, float], bool, float]
"""(numbers, whether private, weight) of a group of candidates."""


def rows(nlp: Any, lexicon: Lexicon, topics: Topics, record: dict[str, Any], made_up: bool) -> Iterator[Example]:
    """An example of each group of one record."""
    text = plain(record.get("text") or record["question"])
    try:
        check_language(text)
    except PrivacyError:
        return
    doc, other = looks(nlp, text, lexicon)
    found = groups(doc, other, lexicon)
    private: list[tuple[int, int]] = []
    for value in record.get("private", ()):
        words = plain(value).split()
        if words:
            pattern = r"(?<!\w)" + r"\s+".join(map(re.escape, words)) + r"(?!\w)"
            private += [match.span() for match in re.finditer(pattern, text, re.IGNORECASE)]
    for group, values in zip(found, seen(doc, found, lexicon, topics), strict=True):
        hit = any(place.start < end and start < place.end for place in group.places for start, end in private)
        cost = sum(place.end - place.start for place in group.places) / 15
        for one, other, both in PAIRS:
            product = values.get(one, 0.0) * values.get(other, 0.0)
            if product:
                values[both] = product
        if "private" not in record:
            cost *= 2
        yield values, hit, (1.0 if hit else cost) * (0.3 if made_up else 1.0)


def fit(examples: Sequence[Example]) -> tuple[float, dict[str, float]]:
    """The bias and the weight of each number that occurs often enough."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    often = Counter(name for values, _, _ in examples for name in values)
    names = sorted(name for name, count in often.items() if count > _RAREST)
    matrix = np.array([[values.get(name, 0.0) for name in names] for values, _, _ in examples], dtype=np.float32)
    spread = matrix.std(0) + 0.05
    model = LogisticRegression(C=_INVERSE, max_iter=600)
    model.fit(matrix / spread, [hit for _, hit, _ in examples], sample_weight=[weight for _, _, weight in examples])
    fitted: Any = model
    weights: list[float] = [float(one) for one in fitted.coef_[0]]
    scales: list[float] = [float(one) for one in spread]
    kept = {
        name: weight / scale
        for name, weight, scale in zip(names, weights, scales, strict=True)
        if abs(weight) >= _SMALLEST
    }
    return float(fitted.intercept_[0]), kept


def table(bias: float, weights: dict[str, float]) -> str:
    """The source text of `privacy/weights.py`."""
    lines = [
        '"""What each number that is seen of a candidate weighs. Made by `python -m privacy.fit`; do not edit."""',
        "",
        "from __future__ import annotations",
        "",
        "from typing import Final",
        "",
        f"BIAS: Final = {bias:.3f}",
        "WEIGHTS: Final = {",
    ]
    cells = [f'"{name}": {weight:.3f},' for name, weight in weights.items()]
    line = "   "
    for cell in cells:
        if len(line) + len(cell) > 118:
            lines.append(line)
            line = "   "
        line += " " + cell
    return "\n".join([*lines, line, "}  # fmt: skip", ""])


def main() -> None:
    """Read the files that the command line names, print the table."""
    import spacy

    pipeline, private, spans, *questions = sys.argv[1:]
    nlp = spacy.load(pipeline, exclude=["parser", "attribute_ruler"], disable=["lemmatizer"])
    lexicon, topics = Lexicon(nlp), Topics(nlp)
    examples: list[Example] = []
    for file in (private, spans, *questions):
        for line in Path(file).read_text("utf-8").splitlines():
            examples += rows(nlp, lexicon, topics, json.loads(line), file == spans)
    sys.stdout.write(table(*fit(examples)))


if __name__ == "__main__":
    main()
