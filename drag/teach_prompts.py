"""The prompts with which a teacher decides on an answer and writes evidence, beside the parsers of its replies."""

from __future__ import annotations

import re
from typing import Any

from drag.errors import ReplyError
from drag.prompts import items, strings
from drag.types import Prompt, Question

# A piece of evidence is a sentence or two, in characters: long enough for a fact and its condition.
_MIN_EVIDENCE, _MAX_EVIDENCE = 12, 240


def teach(
    question: Question,
    count: int,
    *,
    show_choices: bool = False,
    show_evidence: bool = False,
    conclusion: str = "",
) -> Prompt:
    """Ask the teacher for `count` pieces of evidence.

    It sees the choices only when told to (concluding evidence), and so it does with the evidence that the question
    brought along: small teachers contradict what they have not read. With a `conclusion` it argues for that alone and
    does not see the choices: small teachers restate every option that they see as a fact.
    """
    shown = bool(show_evidence and question.evidence)
    asked = f"{_known(question, shown=shown)}Question: {question.text}"
    if conclusion:
        name, aim = "teach-concluding@1", "show why this answer is right"
        asked += f"\nRight answer: {conclusion}"
    else:
        name, aim = "teach@1", "help to answer this question" + (" and agree with the text" if shown else "")
        if show_choices and question.choices:
            asked += "\nOptions: " + "; ".join(question.choices)
    return Prompt.ask(
        name,
        f"{asked}\n\n"
        f"Write {count} different facts that {aim}. Each fact is one short, complete sentence that names what it "
        "is about, so that it can be understood alone. Be specific: use names, numbers and dates. "
        'Reply as JSON: {"evidence": ["...", "..."]}',
        system="You are an expert who writes short, true facts.",
        schema=_evidence_schema(count),
        # About 30 tokens a sentence, with room; greedy decoding makes small teachers repeat one fact ten times.
        max_tokens=48 * count + 32,
        temperature=0.4,
    )


def _evidence_schema(count: int) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "evidence": {
                "type": "array",
                "items": {"type": "string", "minLength": _MIN_EVIDENCE, "maxLength": _MAX_EVIDENCE},
                "minItems": count,
                "maxItems": count,
            }
        },
        "required": ["evidence"],
        "additionalProperties": False,
    }


def parse_teach(reply: str) -> list[str]:
    """The pieces of evidence in a reply, each once, in its order.

    A reply that was cut off still gives the pieces that are whole. Raises `ReplyError` if there is none.
    """
    found = strings(items(reply, "evidence"))
    pieces = [" ".join(piece.split()) for piece in found]
    pieces = [re.sub(r"^(?:\d+[.)]|[-*•])\s+", "", piece) for piece in pieces]
    unique: dict[str, str] = {}
    for piece in pieces:
        if len(piece) >= _MIN_EVIDENCE:
            unique.setdefault(piece.casefold().rstrip(". "), piece)
    if not unique:
        raise ReplyError("the reply holds no evidence", reply=reply)
    return list(unique.values())


def decide(question: Question, seed: int, *, show_evidence: bool = False) -> Prompt:
    """Ask the teacher for its answer in a few words, without the choices; each `seed` is another sample."""
    return Prompt.ask(
        "decide@1",
        f"{_known(question, shown=show_evidence)}Question: {question.text}\nAnswer in a few words.",
        system="You are an expert. Reply with the answer alone.",
        max_tokens=24,
        temperature=0.7,
        seed=seed,
    )


def parse_decide(reply: str) -> str:
    """The answer in its first line, without marks around it; empty where there is none."""
    line = next((one.strip() for one in reply.splitlines() if one.strip()), "")
    line = re.sub(r"^(?:the )?(?:correct )?answer(?: is)?:?\s+", "", line, flags=re.IGNORECASE)
    return line.strip(" *\"'`").rstrip(".")


def _known(question: Question, *, shown: bool) -> str:
    return "Text:\n" + "\n".join(question.evidence) + "\n\n" if shown and question.evidence else ""
