"""The strokes and words of a picture: lines between boxes, text that fits into them, and their colours."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points = NDArray[np.float64]

ENTITY, RELATION, TITLE = 13.0, 11.0, 17.0  # sizes of type, in pixels
_ELLIPSIS = "…"

# Fill, line and ink of an entity by its tier (0 at the rim to 3 for a hub, 4 highlighted), on light and on dark.
_LIGHT = {
    "card": "#ffffff",
    "rim": "#d5dbe5",
    "ink": "#1c2430",
    "soft": "#5b6675",
    "line": "#97a3b4",
    "warm": "#d9822b",
}
_LIGHT_TIERS = (
    "#f3f6fb #b9c6da #263345",
    "#e0eafb #93b1e3 #1d2f52",
    "#bcd3fa #5e8fe0 #142a55",
    "#2f62c9 #2450a8 #ffffff",
    "#ffdfa8 #d9822b #4a2800",
)
_DARK = {"card": "#12171f", "rim": "#2b3442", "ink": "#e6ebf2", "soft": "#a2aebd", "line": "#5f6d80", "warm": "#f0a04b"}
_DARK_TIERS = (
    "#1c2430 #44526a #d7dfeb",
    "#1b2d4d #3f66a8 #dce8ff",
    "#23457f #5e8fe0 #eaf1ff",
    "#4a80ea #86aefa #ffffff",
    "#7a4a10 #f0a04b #fff1da",
)


def curve(at: Points, box: Points, head: int, tail: int, label: int) -> str:
    """A curve from the rim of `head` through its label to the rim of `tail`."""
    a, b, via = at[head], at[tail], at[label]
    if head == tail:
        x, y, reach = float(a[0]), float(a[1] - box[head, 1] / 2), float(via[1] - a[1] + box[head, 1] / 2) * 4 / 3
        return (
            f"M{x - 14:.1f} {y:.1f}C{x - 46:.1f} {y + reach:.1f} {x + 46:.1f} {y + reach:.1f} {x + 14:.1f} {y - 3:.1f}"
        )
    control = 2 * via - (a + b) / 2

    def point(t: float) -> Points:
        return (1 - t) ** 2 * a + 2 * t * (1 - t) * control + t**2 * b

    def rim(centre: int, gap: float, near: float) -> float:
        """The last t in which the curve, from the end `near`, is inside the box: by halving, as it leaves but once."""
        inside, outside = near, 0.5
        for _ in range(24):
            t = (inside + outside) / 2
            within = bool((np.abs(point(t) - at[centre]) <= box[centre] / 2 + gap).all())
            inside, outside = (t, outside) if within else (inside, t)
        return inside

    s, t = rim(head, 0.0, 0.0), rim(tail, 3.0, 1.0)
    # The piece of a quadratic Bezier curve from s to t has its blossom at (s, t) for control point.
    bend = (1 - s) * (1 - t) * a + (s * (1 - t) + t * (1 - s)) * control + s * t * b
    start, end = point(s), point(t)
    return f"M{start[0]:.1f} {start[1]:.1f}Q{bend[0]:.1f} {bend[1]:.1f} {end[0]:.1f} {end[1]:.1f}"


def rect(at: Points, size: Points, round_: float) -> str:
    x, y = at - size / 2
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{size[0]:.1f}" height="{size[1]:.1f}" rx="{round_:.0f}"/>'


def typeset(lines: list[str], at: Points, size: float, leading: float) -> str:
    first = float(at[1]) - (len(lines) - 1) * size * leading / 2 + size * 0.36
    spans = (
        f'<tspan x="{at[0]:.1f}" y="{first + row * size * leading:.1f}">{escaped(line)}</tspan>'
        for row, line in enumerate(lines)
    )
    return f"<text>{''.join(spans)}</text>"


def head_marker(name: str, css: str) -> str:
    return (
        f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
        f'markerUnits="userSpaceOnUse" orient="auto"><path class="{css}" d="M0 .6 8 4 0 7.4 1.8 4z"/></marker>'
    )


_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def escaped(text: str) -> str:
    return escape(_NOT_XML.sub("", text), {'"': "&quot;"})


def note(what: str, texts: Iterable[str]) -> str:
    short = [text if len(text) <= 400 else f"{text[:399].rstrip()}{_ELLIPSIS}" for text in dict.fromkeys(texts)]
    more = [f"and {len(short) - 4} more"] if len(short) > 4 else []
    return "\n\n".join([what, *short[:4], *more])


def part(some: int, all_: int, one: str, many: str) -> str:
    return f"{some:,} of {all_:,} {many}" if some != all_ else f"{some:,} {one if some == 1 else many}"


def measure(text: str, size: float) -> float:
    """The width of `text` in pixels, estimated on the wide side (DejaVu Sans), whatever sans-serif is there."""

    def em(letter: str) -> float:
        if unicodedata.combining(letter):
            return 0.0
        if unicodedata.east_asian_width(letter) in "WF":
            return 1.05
        if letter in "iljtfrI.,:;'!|()[] -":
            return 0.4
        if letter in "mwMW@%—…":
            return 0.98
        return 0.72 if letter.isupper() else 0.63

    return size * sum(em(letter) for letter in text)


def widest(lines: list[str], size: float) -> float:
    return max(measure(line, size) for line in lines)


def wrap(text: str, size: float, width: float, most: int) -> list[str]:
    """At most `most` lines of about the same length, none wider than `width`; what is left out ends in an ellipsis."""
    words = " ".join(_NOT_XML.sub("", text).split()).split(" ")
    needed = min(most, max(1, math.ceil(measure(" ".join(words), size) / width)))
    lines: list[str] = []
    for tight in (0.6, 0.75, 0.9, 1.0):
        # Tighter lines first: two of equal length look better than a long one with a leftover word.
        lines = _fill(words, lambda line: measure(line, size) <= width * tight)  # noqa: B023
        if len(lines) <= needed:
            return lines
    if len(lines) > most:
        last = lines[most - 1]
        while measure(last + _ELLIPSIS, size) > width:
            last = last[:-1]
        lines = [*lines[: most - 1], last.rstrip() + _ELLIPSIS]
    return lines


def _fill(words: list[str], fits: Callable[[str], bool]) -> list[str]:
    lines = [""]
    for word in words:
        if lines[-1] and fits(f"{lines[-1]} {word}"):
            lines[-1] += f" {word}"
            continue
        lines.append("")
        for letter in word:  # a word that is too long for a line is broken where it must be
            if lines[-1] and not fits(lines[-1] + letter):
                lines.append("")
            lines[-1] += letter
    return lines[1:] or [""]


def css() -> str:
    family = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"DejaVu Sans",sans-serif'
    fixed = (
        f".kg{{font-family:{family}}}.kg text{{font-size:{ENTITY:.0f}px}}"
        f".kg .kg-title{{font-size:{TITLE:.0f}px;font-weight:600}}"
        f".kg .kg-caption,.kg .kg-label text{{font-size:{RELATION:.0f}px}}"
        ".kg-node text,.kg-label text{text-anchor:middle}"
        ".kg-line,.kg-reach{fill:none;stroke-width:1.4}.kg-reach{stroke:#000;stroke-opacity:0;stroke-width:12}"
        ".kg-node rect{stroke-width:1.3}.kg-t3 text,.kg-t4 text{font-weight:600}.kg-label rect{opacity:.92}"
    )
    return (
        f"{fixed}{_colours(_LIGHT, _LIGHT_TIERS)}@media (prefers-color-scheme:dark){{{_colours(_DARK, _DARK_TIERS)}}}"
    )


def _colours(of: Mapping[str, str], tiers: tuple[str, ...]) -> str:
    rules = [
        f".kg-card{{fill:{of['card']};stroke:{of['rim']}}}.kg-title{{fill:{of['ink']}}}",
        f".kg-caption,.kg-label text{{fill:{of['soft']}}}.kg-label rect{{fill:{of['card']}}}",
        f".kg-line{{stroke:{of['line']}}}.kg-tip{{fill:{of['line']}}}",
        f".kg-lit .kg-line{{stroke:{of['warm']}}}.kg-tip.kg-lit{{fill:{of['warm']}}}",
    ]
    for number, tier in enumerate(tiers):
        fill, line, ink = tier.split()
        rules.append(f".kg-t{number} rect{{fill:{fill};stroke:{line}}}.kg-t{number} text{{fill:{ink}}}")
    return "".join(rules)
