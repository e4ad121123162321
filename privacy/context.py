"""What a whole text is: an impersonal question, English or not."""

from __future__ import annotations

import re
from typing import Final

_QUOTED: Final = re.compile(r"\"[^\"\n]*\"|“[^”\n]*”|(?<!\w)'[^'\n]{3,}'(?!\w)")
_OWN: Final = re.compile(r"(?i)(?<![\w'])(?:i'm|i've|i'd|i'll|my|mine|me|myself|we|our|us)(?!\w)")
_SELF: Final = re.compile(r"(?<![\w'.])I (?=[a-z])")
_LETTER: Final = re.compile(
    r"(?i)\b(?:dear|regards|sincerely|cover letter|resume|cv|linkedin|e-?mail me|my name|phone|address|password)\b"
)
_TASK: Final = re.compile(
    r"(?i)^\W*(?:please |can you |could you |help |now |pls )*(?:write|rewrite|rephrase|paraphrase|proofread|improve|"
    r"correct|summari[sz]e|translate|edit|polish|draft|compose|create|generate|make|give|act|imagine|tell|list|provide|"
    r"build|design|develop|convert|extract|answer)\b"
)
_EXAM: Final = re.compile(
    r"(?i)\bof the following\b|\bmost likely\b|\bbest (?:describe|explain|represent|answer)|\bexcept\b|"
    r"\bstatement [12]\b|\btrue or false\b|\b(?:is|are) (?:true|false|correct|incorrect)\b|_{2,}|\baccording to\b|"
    r"\bsuppose\b|\bcalculate\b|\bfind (?:the|all)\b|\bdefendant|\bplaintiff"
)
# A question that stops in mid-sentence, for an answer to complete.
_OPEN_END: Final = frozenset(
    """
    is are was were be by of the a an to in for from as that with at on than or and it if because when has have had can
    will would which this their its not into between through does do did called known
    """.split()  # noqa: SIM905  # forty quotation marks would not read better
)
_LONGEST: Final = 300


def neutral(text: str) -> bool:
    """Whether `text` speaks in no first person outside quotes, sets no task of writing, is no letter and is short."""
    bare = _QUOTED.sub(" ", text)
    personal = _OWN.search(bare) or _SELF.search(bare) or _LETTER.search(text) or _TASK.match(text)
    return not personal and len(text.split()) < _LONGEST


def impersonal(text: str) -> bool:
    """Whether `text` asks about the world and not about the one who asks.

    It is `neutral` and has the form of a question: a question mark, a gap, an exam's phrase, an unfinished sentence.
    Such a text keeps well-known names and needs surer signs before any other goes.
    """
    if not neutral(text):
        return False
    end = text.rstrip()[-1:]
    if end in {"?", ":", "_"} or _EXAM.search(text):
        return True
    last = re.findall(r"[A-Za-z]+", text[-40:])[-1:]
    return bool(end.isalpha() and last and last[0].lower() in _OPEN_END)
