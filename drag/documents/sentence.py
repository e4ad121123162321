"""Where sentences end: a rule for every script, without a model.

A boundary is a mark (`.`, `!`, `?`, `…`, `。` and its like in other scripts), closing quotes or brackets, and white
space (none is needed after the full-width marks), unless it is an abbreviation, an initial, a number's point or
followed by a small letter. A new list item is a new sentence too.
"""

from __future__ import annotations

import re

_ABBREVIATIONS = frozenset(
    """
    mr mrs ms dr prof sr jr st mt ft messrs rev hon gov gen col lt capt cmdr sgt maj adm pres sen rep esq
    vs etc eg e.g ie i.e cf al viz approx ca c inc ltd co corp dept univ assn bros no nos vol vols fig figs eq eqs sec
    ch chap pp p ed eds trans op cit ibid para art cl tab ref refs est min max tel ext av ave blvd rd hwy
    jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat sun
    u.s u.k u.n e.u a.m p.m b.c a.d ph.d m.d b.a m.a d.c
    z.b bzw usw vgl evtl ggf inkl nr str mme mlle env ej pág núm sra
    """.split()  # noqa: SIM905  # a list of words reads better than one of quoted strings
)
# Those that end a sentence as often as not: they do so when a capital follows.
_EITHER = frozenset(
    """
    etc inc ltd co corp al jr sr esq a.m p.m b.c a.d ph.d m.d b.a m.a d.c u.s u.k u.n e.u usw
    """.split()  # noqa: SIM905  # a list of words reads better than one of quoted strings
)
_COMMON_STARTS = frozenset(
    """
    The A An In On At He She It They We You I This That These Those His Her Its Their Our My But And So If When While
    After Before As For From With There Here However Then Also Since To What Who Why How Where Is Are Was Were
    """.split()  # noqa: SIM905  # a list of words reads better than one of quoted strings
)
_SPACED, _DENSE = ".!?…‽", "。！？｡؟۔।॥᙮"  # marks of scripts with blanks, and of those that need none
_CLOSERS = "*_\"'”’»)\\]}」』）】›"
# `[x][x]*` and not `[x]+`: Python looks for the first much faster.
_MARK = re.compile(f"[{_SPACED}{_DENSE}][{_SPACED}{_DENSE}]*[{_CLOSERS}]*")
_ITEM = re.compile(r"\n[ \t]*(?:[-*•‣–—▪]|\d{1,3}[.)])[ \t]")  # the next line is a list item
_WORDS_TOO = frozenset(["no", "sun", "sat", "mar", "min", "max", "ref", "est"])  # words before they are abbreviations
_INITIALS = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_a-z]|(?:[^\W\d_]\.)+[a-z]")
_LAST_WORD = re.compile(r"[\w.’'-]*\Z")
_NEXT = re.compile(r"\s*[\"'“‘«(\[{¿¡*_‹]*(\w+)?")


def sentences(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """The spans [start, end) of the sentences of `text[start:end]`, in order, without the white space around them.

    Together they hold every character of the stretch that is not white space.
    """
    stop = len(text) if end is None else end
    spans: list[tuple[int, int]] = []
    begin = start
    for item in [*(found.start() for found in _ITEM.finditer(text, start, stop)), stop]:
        for found in _MARK.finditer(text, begin, item):
            after = found.end()
            if text[found.start()] in _DENSE or (
                after < item and text[after].isspace() and _ends(text, begin, found, item)
            ):
                _append(spans, text, begin, after)
                begin = after
        _append(spans, text, begin, item)
        begin = item
    return spans


def _append(spans: list[tuple[int, int]], text: str, begin: int, end: int) -> None:
    while begin < end and text[begin].isspace():
        begin += 1
    while end > begin and text[end - 1].isspace():
        end -= 1
    if begin < end:
        spans.append((begin, end))


def _ends(text: str, begin: int, mark: re.Match[str], stop: int) -> bool:
    """Whether a mark that white space follows ends its sentence."""
    point, after = mark.start(), mark.end()
    following = _NEXT.match(text, after, min(stop, after + 80))
    word = (following.group(1) or "") if following else ""
    # A small letter goes on: `"Why?" he asked`.
    if word[:1].islower() or text[point] != "." or text.startswith("..", point):
        return not word[:1].islower()
    # An abbreviation is short: looking further back would only cost time.
    found = _LAST_WORD.search(text, max(begin, point - 16), point)
    last = found.group() if found else ""
    if not word or not last:
        return True
    if last.isdigit():
        # "1." at the head of a line numbers it; elsewhere a number may end a sentence.
        head = point - len(last)
        return head != begin and text[head - 1] != "\n"
    key = last.lower()
    if key in _ABBREVIATIONS and key not in _EITHER:
        return key in _WORDS_TOO and not word.isdigit()
    # An initial, or letters with points: "J. Smith", "U.S.". "I" is a word.
    if key in _EITHER or (last != "I" and _INITIALS.fullmatch(last)):
        return word in _COMMON_STARTS
    return True
