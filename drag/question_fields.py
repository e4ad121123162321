"""The field names of well-known question sets, turned into our own.

| set | its fields |
|---|---|
| ARC, OpenBookQA, CommonsenseQA | `choices` {`text`, `label`}, `answerKey`; `question` or `question_stem`; or `question` {`stem`, `choices`} |
| MMLU | `question`, `choices`, `answer` (an index or a letter), `subject` |
| MMLU-Pro, MedQA | `options` (a list, or letters to texts), `answer_index` or `answer_idx`, `category` |
| MedMCQA | `opa` to `opd`, `cop`, `subject_name` |
| HotpotQA, 2WikiMultihopQA | `context` (titles and sentences), `supporting_facts`, `answer` |
| SQuAD | `context` (a text), `answers` {`text`} |
"""  # noqa: E501 - a table row

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from drag.choose_prompts import LETTERS
from drag.errors import ConfigError

_LETTERED = ("opa", "opb", "opc", "opd", "ope")
_SUBJECTS = ("subject", "subject_name", "category")


def our_fields(record: Mapping[str, Any], *, first_cop: int = 0) -> dict[str, Any]:
    """The record with `question`, `choices`, `answer`, `answers`, `evidence` and `subject`, where it has them.

    `first_cop` is the number of the first option in MedMCQA's `cop`: 0 on the hub, 1 in the authors' files. Raises
    `ConfigError` where a known field does not have its form.
    """
    made = dict(record)
    asked = made.get("question")
    if isinstance(asked, Mapping):
        nested = cast("Mapping[str, Any]", asked)
        made |= {name: nested[name] for name in ("choices",) if name in nested}
        made["question"] = nested.get("stem")
    if "question" not in made and "question_stem" in made:
        made["question"] = made["question_stem"]
    if made.get("id") in (None, "") and made.get("_id") not in (None, ""):
        made["id"] = made["_id"]
    labels = _choices(made)
    _right(made, labels, first_cop)
    _evidence(made)
    subject = next((made[name] for name in _SUBJECTS if isinstance(made.get(name), str)), "")
    made["subject"] = " ".join(subject.split())
    return made


def first_cop(records: Sequence[Mapping[str, Any]]) -> int:
    """The number that `cop` gives the first option in these records. Raises `ConfigError` if both are in use."""
    found = {one.get("cop") for one in records if not isinstance(one.get("cop"), bool)}
    most = max((sum(name in one for name in _LETTERED) for one in records), default=0)
    if most and most in found:
        if 0 in found:
            raise ConfigError(f"'cop' counts from 0 in one record and from 1 in another: there are {most} options")
        return 1
    return 0


def _choices(made: dict[str, Any]) -> list[str]:
    """Put the options under `choices`, and give their labels."""
    choices = made.get("choices")
    if choices is None and "options" in made:
        choices = made["options"]
    if choices is None and "opa" in made:
        choices = [made[name] for name in _LETTERED if made.get(name) not in (None, "")]
    labels = list(LETTERS)
    if isinstance(choices, Mapping):
        table = cast("Mapping[str, Any]", choices)
        texts, named = table.get("text"), table.get("label")
        if not (isinstance(texts, list) or isinstance(named, list)):
            # {"A": "…", "B": "…"}
            if not all(isinstance(one, str) for one in table.values()):
                raise ConfigError("'choices' is neither a list of texts nor texts under their letters")
            labels, choices = [str(key) for key in table], list(table.values())
        elif isinstance(texts, list) and isinstance(named, list):
            texts, named = cast("list[Any]", texts), cast("list[Any]", named)
            if len(texts) != len(named):
                raise ConfigError(f"'choices' has {len(texts)} texts and {len(named)} labels")
            labels, choices = [str(one) for one in named], texts
        else:
            raise ConfigError("'choices' needs both 'text' and 'label', two lists")
    elif isinstance(choices, list) and choices and all(isinstance(one, Mapping) for one in cast("list[Any]", choices)):
        tables = cast("list[Mapping[str, Any]]", choices)
        labels = [str(one.get("label", LETTERS[place % 26])) for place, one in enumerate(tables)]
        choices = [one.get("text") for one in tables]
    if choices is not None:
        made["choices"] = choices
    return labels


def _right(made: dict[str, Any], labels: Sequence[str], first: int) -> None:
    """Put the index of the right option under `answer`, where the record says it otherwise."""
    choices = cast("list[Any]", made["choices"]) if isinstance(made.get("choices"), list) else []
    answer = made.get("answer")
    if "answerKey" in made:
        made["answer"] = _labelled("answerKey", made["answerKey"], labels[: len(choices)])
        return
    for name in ("answer_index", "answer_idx"):
        value = made.get(name)
        if value is None or value == "":
            continue
        number = _number(value)
        made["answer"] = number if number is not None else _labelled(name, value, labels[: len(choices)])
        return
    if "cop" in made and "opa" in made:
        number = _number(made["cop"])
        # -1 and nothing: the hidden answers of a test split.
        made["answer"] = None if number is None or number < 0 else number - first
        return
    known = [str(one) for one in choices]
    if isinstance(answer, str) and answer in labels[: len(choices)] and answer not in known and answer.isalpha():
        made["answer"] = labels.index(answer)
    answers = made.get("answers")
    if isinstance(answers, Mapping):
        made["answers"] = cast("Mapping[str, Any]", answers).get("text")


def _labelled(name: str, value: object, labels: Sequence[str]) -> int | None:
    key = str(value).strip() if value is not None else ""
    if not key:
        return None
    if key not in labels:
        raise ConfigError(f"'{name}' is '{key}', but the choices are {', '.join(labels) or 'not there'}")
    return labels.index(key)


def _number(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    text = value.strip() if isinstance(value, str) else ""
    return int(text) if text.removeprefix("-").isdecimal() else None


def _evidence(made: dict[str, Any]) -> None:
    """Put the gold passages of `context` under `evidence`: all of them where nothing says which are gold."""
    context = made.get("context")
    if "evidence" in made or not context:
        return
    if isinstance(context, str):
        made["evidence"] = context
        return
    gold = _titles(made.get("supporting_facts"))
    passages: list[str] = []
    for title, sentences in _passages(context):
        if not gold or title in gold:
            passages.append(f"{title}: {' '.join(' '.join(sentences).split())}")
    made["evidence"] = passages


def _passages(context: object) -> list[tuple[str, list[str]]]:
    if isinstance(context, Mapping):
        table = cast("Mapping[str, Any]", context)
        pairs: list[Any] = list(zip(table.get("title") or (), table.get("sentences") or (), strict=False))
    else:
        pairs = cast("list[Any]", context) if isinstance(context, list) else []
    passages: list[tuple[str, list[str]]] = []
    for pair in pairs:
        if not isinstance(pair, list | tuple) or len(cast("Sequence[Any]", pair)) != 2:
            raise ConfigError("'context' is neither a text nor titles with sentences")
        title, sentences = cast("tuple[Any, Any]", pair)
        lines = cast("list[Any]", sentences) if isinstance(sentences, list) else [sentences]
        passages.append((str(title), [str(one) for one in lines]))
    return passages


def _titles(facts: object) -> set[str]:
    if isinstance(facts, Mapping):
        return {str(one) for one in cast("Mapping[str, Any]", facts).get("title") or ()}
    if isinstance(facts, list):
        pairs = cast("list[Any]", facts)
        return {str(cast("list[Any]", pair)[0]) for pair in pairs if isinstance(pair, list) and pair}
    return set()
