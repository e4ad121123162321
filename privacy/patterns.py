"""Private strings that have a form: secrets, addresses, numbers with checksums. Runs without any model."""

from __future__ import annotations

import math
import re
from typing import Final

from privacy.detect import Span, finds
from privacy.disguised import disguised
from privacy.numbers import mixed, number_spans

# Every quantifier is bounded or separated by a character that it cannot match: no text makes these slow.
_SECRET_FORMS: Final = "|".join(
    (
        r"\b(?:sk|pk|rk)[-_](?:[A-Za-z0-9]{2,12}[-_]){0,3}[A-Za-z0-9_\-]{16,200}",
        r"\bgh[pousr]_[A-Za-z0-9]{20,255}",
        r"\bgithub_pat_\w{20,255}",
        r"\bglpat-[\w\-]{18,64}",
        r"\bhf_[A-Za-z0-9]{20,64}",
        r"\bxox[abeprs]-[A-Za-z0-9\-]{10,200}",
        r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
        r"\bAIza[\w\-]{35}",
        r"\beyJ[\w\-]{8,4000}\.eyJ[\w\-]{4,4000}\.[\w\-]{8,4000}",
        r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]{1,8000}?-----END [A-Z ]{0,40}PRIVATE KEY-----",
    )
)
_SECRET = re.compile(_SECRET_FORMS)
_ASSIGNED = re.compile(
    r"(?i)\b(?:password|passwd|passphrase|pwd|secret|api[_ \-]?key|access[_ \-]?token|auth[_ \-]?token)"
    r"[\"']?\s{0,3}(?:=|:|\bis\b)\s{0,3}[\"']?(?P<value>[^\s\"',;<>]{6,200})"
)
# "my password is hunter": a word alone, where the text says whose it is.
_CONFIDED = re.compile(
    r"(?i)\bmy (?:\w{1,20} ){0,2}(?:password|passphrase|passcode)(?: for \w{1,20})? ?(?:is|was|=|:) ?[\"']?"
    r"(?!(?:not|now|the|a|an|too|so|still|same|wrong|right|correct|incorrect|invalid|expired|weak|strong|safe|unsafe|"
    r"secure|required|being|been|in|on|at|no|very|only|also|always|never|my|that|what|hacked|stolen|lost|gone|long|"
    r"short|good|bad|\w+(?:ed|ing))\b)(?P<value>[^\s\"',;<>]{4,200})"
)
_SECRET_LEAST: Final = 4
_EMAIL = re.compile(
    r"(?<![\w.+%\-])(?:\"[^\"\n@]{1,64}\"|[\w.+%'\-]{1,64})@"
    r"(?:\[[0-9A-Fa-f.:]{3,40}\]|(?:[\w\-]{1,63}\.){1,8}[\w\-]{1,62}\w)"
)
_URL_LOGIN = re.compile(r"(?i)\b[a-z][a-z0-9+.\-]{1,15}://[^\s/@<>\"']{1,200}@[^\s<>\"']{1,500}")
_URL_PROFILE = re.compile(
    r"(?i)\b(?:https?://)?(?:[a-z0-9\-]{1,30}\.){0,2}"
    r"(?:linkedin\.com/(?:in|pub)|github\.com|gitlab\.com|twitter\.com|x\.com|facebook\.com|instagram\.com|"
    r"tiktok\.com|medium\.com|reddit\.com/u(?:ser)?|youtube\.com|t\.me|wa\.me|keybase\.io)/@?[\w.\-]{2,80}"
    r"(?:/[^\s<>\"']{0,300})?"
)
_URL_HOME = re.compile(r"(?i)\bhttps?://[^\s/<>\"']{1,200}/(?:~|users?/|people/|profile/|@)[\w.\-]{2,80}")
_HANDLE = re.compile(r"(?<![\w@./&=])@(?P<v>[A-Za-z][\w.]{2,30})(?<!\.)(?![\w@(])")
_USER = re.compile(
    r"(?i)\b(?:user ?name|user ?id|login|handle|nick(?:name)?|screen name)\b(?: is|:|=|: @)\s{0,2}[\"'@]{0,2}"
    r"(?P<v>[\w.\-]{3,40})"
)
_ENTROPIC = re.compile(
    r"(?i)\b[\w\-]{0,30}(?:key|token|secret|pass|pwd|auth|credential)[\w\-]{0,20}[\"']?\s{0,3}[=:]\s{0,3}[\"']?"
    r"(?P<v>[A-Za-z0-9+/_\-.~]{16,200}={0,2})"
)
# "ann dot lee at gmail dot com", "ann [at] example (dot) org".
_SPOKEN = re.compile(
    r"(?i)(?<![\w.])[a-z0-9][\w\-]{0,30}(?:(?: ?[(\[{] ?dot ?[)\]}] ?| dot |\.)[\w\-]{1,30}){0,3}"
    r"(?: ?[(\[{] ?at ?[)\]}] ?| at | @ )"
    r"[a-z0-9\-]{2,30}(?:(?: ?[(\[{] ?dot ?[)\]}] ?| dot | ?\. ?)[a-z0-9\-]{2,20}){0,2}"
    r"(?: ?[(\[{] ?dot ?[)\]}] ?| dot )(?:com|org|net|edu|gov|io|co|info|biz|me|uk|de|fr|in|us|ca|au|eu|example)\b"
)
# "ann.lee (at) mail.example", "ann @ mail.org", "ann at gmail.com".
_MAILBOX = re.compile(
    r"(?i)(?<![\w.+\-])[\w.+\-]{1,40}(?:"
    r"(?: ?[(\[{<] ?at ?[)\]}>] ?|_at_| ?@ ?)(?:[a-z0-9\-]{1,40}(?:\.|_dot_)){1,4}[a-z]{2,12}|"
    r" at (?:gmail|googlemail|yahoo|hotmail|outlook|icloud|aol|proton|protonmail|gmx|live|msn|ymail|fastmail)"
    r"[.,][a-z]{2,3}(?:\.[a-z]{2})?)\b"
)
_NO_USER = frozenset({"and", "is", "not", "the", "wrong", "for", "page", "form", "field", "required", "password"})
# What stands after an at sign in program text.
_AT = frozenset(
    """
    abstractmethod app author autowired bean cached_property charset classmethod component controller dataclass
    decorator deprecated entity font-face import include input keyframes media mixin override param parameterized
    property pytest repository requestmapping restcontroller return returns service staticmethod supports test throws
    transactional types value
    """.split()  # noqa: SIM905  # one word each
)
_END = ".,;:!?)'\"]"


def pattern_detector(text: str) -> list[Span]:
    """What has a form in normalised `text`: secrets, e-mail, URLs with a user's name, handles, numbers, disguises."""
    return [*_plain_forms(text), *disguised(text, _plain_forms)]


def _plain_forms(text: str) -> list[Span]:
    spans = finds(_SECRET, text, "SECRET")
    for match in (*_ASSIGNED.finditer(text), *_CONFIDED.finditer(text)):
        value = match["value"].rstrip(_END)
        # "the password is wrong" is no secret; what has a digit or a symbol in it may be one, and what is mine is.
        if len(value) >= _SECRET_LEAST and (match.re is _CONFIDED or not value.isalpha()):
            spans.append(Span(match.start("value"), match.start("value") + len(value), "SECRET", 0.9))
    for pattern in (_URL_LOGIN, _URL_PROFILE, _URL_HOME):
        spans += finds(pattern, text, "URL", end=_END)
    for pattern in (_EMAIL, _SPOKEN, _MAILBOX):
        spans += finds(pattern, text, "EMAIL")
    spans += [Span(m.start(), m.end(), "HANDLE", 0.7) for m in _HANDLE.finditer(text) if m["v"].lower() not in _AT]
    users = (m for m in _USER.finditer(text) if m["v"].lower() not in _NO_USER)
    spans += [Span(m.start("v"), m.end("v"), "HANDLE", 0.8) for m in users]
    spans += [Span(m.start("v"), m.end("v"), "SECRET", 0.8) for m in _ENTROPIC.finditer(text) if _random(m["v"])]
    return [*spans, *number_spans(text)]


def _random(value: str) -> bool:
    """Whether a value is too even to be a word or a name: over 3.2 bits a character, letters and digits."""
    counts = [value.count(c) / len(value) for c in set(value)]
    return mixed(value) and -sum(share * math.log2(share) for share in counts) > 3.2
