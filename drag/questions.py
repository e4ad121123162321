"""Reading questions: JSON Lines, JSON, CSV, Parquet, folders of Hugging Face data sets, or one a line."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from drag.errors import ConfigError
from drag.prompts import ABSTENTION
from drag.question_fields import first_cop, our_fields
from drag.question_tables import files_of, is_table, read_tables
from drag.types import Question


def read_questions(path: Path | str, split: str | None = None) -> list[Question]:
    """The questions of a file or folder; its suffix says how it is read.

    - `.jsonl`, `.ndjson`: one record a line with `question`, and optionally `id`, `choices` (a list), `answer` (the
      0-based index of the right choice, or a text), `answers` (accepted texts), `evidence` (a text or texts that
      belong to the question), `answerable` (false: the accepted answer is that there is not enough information),
      `subject`; the field names of well-known sets are understood, too (see `drag.question_fields`);
    - `.json`: a list of such records, or an object that holds one;
    - `.parquet`, `.arrow`, a folder: such records (see `drag.question_tables`); `split` names one of a folder's;
    - `.csv`: the same names in the header; `choices`, `answers` and `evidence` hold several values between `|`;
    - anything else: one question a line, empty lines aside.

    A record without `id` gets one from its question. Raises `ConfigError` with the line number for a record that
    cannot be read, and for an id that stands twice.
    """
    file = Path(path)
    unit = "line"
    if is_table(file):
        unit = "row"
        records = list(enumerate(_rows(file, split), 1))
    elif split is not None:
        raise ConfigError(f"{file} is one file: it has no split '{split}'")
    else:
        unit = "record" if file.suffix == ".json" else unit
        records = _of_text(file)
    try:
        first = first_cop([record for _, record in records])
    except ConfigError as error:
        raise ConfigError(f"{file}: {error}") from error
    questions: list[Question] = []
    seen: dict[str, int] = {}
    for number, record in records:
        try:
            question = to_question(record, first_cop=first)
        except ConfigError as error:
            raise ConfigError(f"{file}, {unit} {number}: {error}") from error
        if question.id in seen:
            raise ConfigError(
                f"{file}, {unit} {number}: the id '{question.id}' stands in {unit} {seen[question.id]} already"
            )
        seen[question.id] = number
        questions.append(question)
    if not questions:
        raise ConfigError(f"{file} holds no questions")
    return questions


def to_question(record: Mapping[str, Any], *, first_cop: int = 0) -> Question:
    """A record of one of the shapes above as a `Question`. Raises `ConfigError` if it does not fit.

    `first_cop` is the number of the first option in a record of MedMCQA (see `drag.question_fields`).
    """
    record = our_fields(record, first_cop=first_cop)
    text = record.get("question")
    if not isinstance(text, str) or not text.strip():
        raise ConfigError("the record has no text under 'question'")
    choices = _texts(record, "choices")
    if isinstance(record.get("choices"), list) and len(choices) < len(record["choices"]):
        raise ConfigError("a choice is empty")
    evidence = _texts(record, "evidence")
    gold = _texts(record, "answers")
    answer = record.get("answer")
    if isinstance(answer, str) and answer.strip():
        index = int(answer) if choices and answer.strip().isdecimal() and answer not in choices else answer
    else:
        index = answer
    if isinstance(index, int) and not isinstance(index, bool):
        if not 0 <= index < len(choices):
            raise ConfigError(f"'answer' is {index}, but there are {len(choices)} choices")
        gold = (choices[index],)
    elif isinstance(index, str) and not gold:
        gold = (index,)
    if record.get("answerable") is False and not gold:
        gold = (ABSTENTION,)
    # Half a surrogate pair is legal in JSON, but nothing can store it.
    text = text.strip().encode("utf-8", "replace").decode()
    given = record.get("id")
    key = str(given) if given not in (None, "") else "q-" + hashlib.sha256(text.encode()).hexdigest()[:12]
    return Question(key, text, choices, gold, evidence, str(record["subject"]))


def _texts(record: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = record.get(name)
    if value is None or value == "":
        return ()
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list) and all(isinstance(one, str | int | float) for one in cast("list[Any]", value)):
        return tuple(str(one) for one in cast("list[Any]", value) if str(one).strip())
    raise ConfigError(f"'{name}' is neither a text nor a list of texts")


def _of_text(file: Path) -> list[tuple[int, Mapping[str, Any]]]:
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"cannot read {file}: {reason}") from error
    lines = text.split("\n")
    if file.suffix in (".jsonl", ".ndjson"):
        return list(_json_lines(file, lines))
    if file.suffix == ".json":
        return list(_json(file, text))
    if file.suffix == ".csv":
        return list(_csv(lines))
    return [(number, {"question": line}) for number, line in enumerate(lines, 1) if line.strip()]


def _rows(file: Path, split: str | None) -> Iterator[Mapping[str, Any]]:
    paths = files_of(file, split) if file.is_dir() else [file]
    for path in paths:
        if path.suffix in (".parquet", ".arrow"):
            yield from read_tables([path])
        else:
            yield from (record for _, record in _of_text(path))


def _json(file: Path, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        value: object = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"{file}: not JSON") from error
    if isinstance(value, dict):
        held = list(cast("dict[str, object]", value).values())
        lists = [place for place, one in enumerate(held) if isinstance(one, list)]
        value = held[lists[0]] if len(lists) == 1 else None
    records = cast("list[object]", value) if isinstance(value, list) else None
    if records is None or not all(isinstance(one, dict) for one in records):
        raise ConfigError(f"{file}: neither a list of records nor an object that holds one")
    yield from ((number, cast("Mapping[str, Any]", one)) for number, one in enumerate(records, 1))


def _json_lines(file: Path, lines: Iterable[str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise ConfigError(f"{file}, line {number}: not JSON ({error.msg})") from error
        if not isinstance(record, dict):
            raise ConfigError(f"{file}, line {number}: not a JSON object")
        yield number, cast("Mapping[str, Any]", record)


def _csv(lines: Iterable[str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    # Lines were split already; a quoted field that spans lines needs them joined again.
    csv.field_size_limit(2**31 - 1)  # a field may hold a whole document
    rows = csv.DictReader(line + "\n" for line in lines)
    for row in rows:
        if None in row:
            raise ConfigError(f"line {rows.line_num}: more fields than the header has")
        record: dict[str, Any] = {name: value for name, value in row.items() if name and value}
        for name in ("choices", "answers", "evidence"):
            if name in record:
                record[name] = [part.strip() for part in str(record[name]).split("|")]
        yield rows.line_num, record
