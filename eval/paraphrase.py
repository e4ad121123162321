"""The same questions in other words: what a pack meets in life is rarely the question that it was built for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from drag import replies
from drag.errors import DragError, ReplyError
from drag.models.cached import with_store
from drag.pack import PackWriter
from drag.protocols import LanguageModel
from drag.types import Prompt, Question

_SCHEMA = {
    "type": "object",
    "properties": {"question": {"type": "string", "minLength": 8, "maxLength": 600}},
    "required": ["question"],
    "additionalProperties": False,
}


def paraphrase(question: Question) -> Prompt:
    """Ask for the question in other words; the choices are not shown."""
    return Prompt.ask(
        "paraphrase@1",
        f"Question: {question.text}\n\nAsk for exactly the same in other words. Keep every name, number and condition; "
        'do not answer. Reply as JSON: {"question": "..."}',
        schema=_SCHEMA,
        max_tokens=240,
    )


def parse_paraphrase(reply: str) -> str:
    """The question of a reply. Raises `ReplyError` if there is none."""
    try:
        value: Any = json.loads(reply[reply.find("{") :])
        text = " ".join(str(value["question"]).split())
    except (KeyError, TypeError, ValueError) as error:
        raise ReplyError("the reply holds no question", reply=reply) from error
    if not text:
        raise ReplyError("the reply holds no question", reply=reply)
    return text


def in_other_words(questions: Sequence[Question], teacher: LanguageModel, pack: Path) -> list[str | DragError]:
    """Each question in the teacher's words, or its error; `pack` keeps the replies, so that none is paid for twice."""
    with PackWriter(pack) as writer:
        asked = [paraphrase(one) for one in questions]
        return replies.ask(with_store(teacher, writer), asked, [parse_paraphrase] * len(asked))
