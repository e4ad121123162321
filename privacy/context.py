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
# Somebody's details: an address of mail, a long number, a line of a form, the foot of a letter.
_DETAILS: Final = re.compile(
    r"(?im)\w@[\w\-]+\.\w|(?<![\d.,])\+?\d[\d\-() ]{7,20}\d(?![.,]?\d)|^--\s*$|"
    r"^[ \t]*(?:full |first |last |sur)?(?:name|company|employer|e-?mail|mobile|tel|contact|dob|birth\w*|ssn)[ \t]*:"
)
# An exam that quotes a passage or tells two stories: "I" is somebody in it.
_PASSAGE: Final = re.compile(
    r"(?i)\b(?:this question refers to|refers? to the following|(?:following|above|below) (?:passage|excerpt)|"
    r"the (?:passage|excerpt) (?:above|below|best|most)|(?:passage|excerpt) (?:was|is) (?:best|most)|"
    r"which of these (?:two )?(?:scenarios|situations|cases)|scenario 1\b)"
)
# What somebody says of himself beside a question, and of whom he knows.
_SELF_TOLD: Final = re.compile(
    r"(?i)\b(?:my (?:full )?name|i'?m called|call me|my (?:e-?mail|mail|phone|mobile|cell|number|address|home|house|"
    r"flat|employer|company|firm|office|job|boss|school|university|colleague|neighbou?r|friend|patient|client|student|teacher|"
    r"account|card|ssn|password)|i(?:'m| am) (?:with|at|from|a|an|based)|i (?:work|live|study|joined|teach|reside)|"
    r"(?:reach|contact|text|e-?mail|write|write to|find) (?:me|us|you can)|(?:write|mail) to|reply to|answers go to|"
    r"this is \w+(?: \w+)? (?:writing|here|from|speaking)|asked me|btw|thanks|thx|regards|dear|hello|hi)\b"
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
    they it he she who whom there probably mainly usually often mostly generally primarily termed defined considered
    used seen found caused produced associated related due likely exemplifies illustrates demonstrates suggests
    indicates shows means represents describes reflects refers involves includes requires
    is are was were be by of the a an to in for from as that with at on than or and it if because when has have had can
    will would which this their its not into between through does do did called known
    """.split()  # noqa: SIM905  # forty quotation marks would not read better
)
_ASKS: Final = re.compile(r"(?i)\W*(?:what|which|who|whom|whose|when|where|why|how)\b")
_LONGEST: Final = 300
_ONE_SENTENCE: Final = 60


def neutral(text: str) -> bool:
    """Whether `text` speaks in no first person outside quotes, sets no task of writing, holds nobody's details, is no
    letter, and is short; or is an exam's passage, whoever speaks in it, and nobody's details beside it."""
    if _PASSAGE.search(text):
        return not (_SELF_TOLD.search(text) or _DETAILS.search(text))
    bare = _QUOTED.sub(" ", text)
    if _OWN.search(bare) or _SELF.search(bare) or _LETTER.search(text) or _TASK.match(text) or _DETAILS.search(text):
        return False
    return len(text.split()) < _LONGEST


def exam(text: str) -> bool:
    """Whether `text` holds a phrase of examinations ("which of the following")."""
    return _EXAM.search(text) is not None


def impersonal(text: str) -> bool:
    """Whether `text` asks about the world and not about the one who asks.

    It is `neutral` and has the form of a question: a question mark, a gap, an exam's phrase, an unfinished sentence.
    Such a text keeps well-known names and needs surer signs before any other goes.
    """
    return neutral(text) and asking(text)


def asking(text: str) -> bool:
    """Whether `text` has the form of a question, of an exam's or of everyday life."""
    end = text.rstrip()[-1:]
    return end in {"?", ":", "_"} or exam(text) or _PASSAGE.search(text) is not None or unfinished(text)


def unfinished(text: str) -> bool:
    """Whether `text` is one sentence that stops before its end, for an answer to complete, or a question without its
    mark."""
    shown = text.rstrip(" \t\n-:")
    if not shown[-1:].isalpha() or "\n" in shown or len(shown.split()) > _ONE_SENTENCE:
        return False
    if _ASKS.match(shown):
        return True
    # A word that begins with a capital may be a name, and this a line of an address.
    last = re.findall(r"[^\W\d_]+", shown[-40:])[-1]
    return last.lower() in _OPEN_END or (last.islower() and (shown != text.rstrip() or last.endswith("ing")))
