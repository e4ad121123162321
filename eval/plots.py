"""Plots as inline SVG: no library, no script, nothing fetched."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

_STYLE = 'font-family="system-ui, sans-serif" font-size="12" fill="currentColor"'


@dataclass(frozen=True, slots=True)
class Bar:
    """A share in [0, 1] with its 95 % interval, if there is one, and a note such as a count."""

    name: str
    value: float
    interval: tuple[float, float] | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """A named point; both coordinates are shares in [0, 1], unless `scatter` is told that x is a number."""

    name: str
    x: float
    y: float


def bars(title: str, items: Sequence[Bar], *, line: float | None = None, left: int = 170) -> str:
    """Horizontal bars from 0, with whiskers for the intervals; `line` marks a limit. The axis ends at the largest.

    `left` is the room for the names, in pixels.
    """
    top = _nice(max([0.01, line or 0, *(_high(one) for one in items)]))
    width, row = 420, 22
    height = 10 + row * len(items)
    parts = [_open(title, left + width + 130, height + 22)]
    for place, one in enumerate(items):
        y = 6 + row * place
        size = width * _finite(one.value) / top
        parts.append(f'<text x="{left - 8}" y="{y + 12}" text-anchor="end" {_STYLE}>{html.escape(one.name)}</text>')
        parts.append(f'<rect x="{left}" y="{y + 2}" width="{size:.1f}" height="13" fill="#4a78b5"/>')
        end = left + size
        if one.interval is not None and all(map(math.isfinite, one.interval)):
            low, high = (left + width * value / top for value in one.interval)
            parts.append(f'<path d="M{low:.1f} {y + 8}H{high:.1f}" stroke="currentColor" stroke-width="1.2"/>')
            end = max(end, high)
        note = f"{100 * one.value:.1f} %{f' ({one.note})' if one.note else ''}" if math.isfinite(one.value) else "–"
        parts.append(f'<text x="{end + 6:.1f}" y="{y + 12}" {_STYLE}>{html.escape(note)}</text>')
    if line is not None:
        x = left + width * line / top
        parts.append(f'<path d="M{x:.1f} 2V{height}" stroke="#c0392b" stroke-dasharray="4 3"/>')
    parts += _x_axis(left, width, height, top)
    return "".join([*parts, "</svg>"])


def scatter(title: str, points: Sequence[Point], *, x: str, y: str, joined: bool = True, shares: bool = True) -> str:
    """Points joined in the order of x, each with its name. Both axes begin at 0; without `shares` x is any number."""
    most = max([0.01, *(one.x for one in points)])
    right = _nice(most) if shares else _round(most)
    top = _nice(max([0.01, *(one.y for one in points)]))
    left, width, height = 60, 460, 260

    def at(one: Point) -> tuple[float, float]:
        return left + width * one.x / right, 30 + height * (1 - one.y / top)

    ordered = sorted(points, key=lambda one: (one.x, -one.y))
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in map(at, ordered))
    parts = [_open(title, left + width + 150, height + 74)]
    if joined:
        parts.append(f'<polyline points="{path}" fill="none" stroke="#4a78b5" stroke-width="1.5"/>')
    for one in ordered:
        a, b = at(one)
        parts.append(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="4" fill="#4a78b5"/>')
        parts.append(f'<text x="{a + 7:.1f}" y="{b - 6:.1f}" {_STYLE}>{html.escape(one.name)}</text>')
    for step in range(5):
        share = top * step / 4
        b = 30 + height * (1 - step / 4)
        parts.append(f'<path d="M{left} {b:.1f}h{width}" stroke="currentColor" opacity="0.15"/>')
        parts.append(f'<text x="{left - 6}" y="{b + 4:.1f}" text-anchor="end" {_STYLE}>{100 * share:g} %</text>')
    parts += _x_axis(left, width, 30 + height, right, shares=shares)
    parts.append(
        f'<text x="{left + width / 2}" y="{height + 66}" text-anchor="middle" {_STYLE}>{html.escape(x)}</text>'
    )
    parts.append(f'<text x="6" y="14" {_STYLE}>{html.escape(y)}</text>')
    return "".join([*parts, "</svg>"])


def _open(title: str, width: float, height: float) -> str:
    name = html.escape(title)
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" role="img" '
        f'aria-label="{name}"><title>{name}</title>'
    )


def _x_axis(left: float, width: float, y: float, top: float, *, shares: bool = True) -> list[str]:
    parts = [f'<path d="M{left} {y}h{width}" stroke="currentColor" opacity="0.5"/>']
    for step in range(5):
        x = left + width * step / 4
        mark = f"{100 * top * step / 4:g} %" if shares else f"{top * step / 4:g}"
        parts.append(f'<text x="{x}" y="{y + 16}" text-anchor="middle" {_STYLE}>{mark}</text>')
    return parts


def _nice(value: float) -> float:
    """The end of an axis: the next of 1, 2, 4, 8, 20, 40, 60, 80, 100 %."""
    return next((one for one in (0.01, 0.02, 0.04, 0.08, 0.2, 0.4, 0.6, 0.8) if value <= one), 1.0)


def _round(value: float) -> float:
    """The end of an axis of any numbers: the next of 1, 2, 4 or 8 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 4, 8, 10) if value <= step * power * (1 + 1e-9))


def _high(one: Bar) -> float:
    return max(_finite(one.value), _finite(one.interval[1]) if one.interval else 0.0)


def _finite(value: float) -> float:
    return value if math.isfinite(value) else 0.0
