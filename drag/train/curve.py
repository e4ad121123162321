"""The loss over the steps as a picture: an SVG file without a plotting library."""

from __future__ import annotations

import math
from collections.abc import Sequence

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 640, 320, 56, 40, 24
_TEXT = 'font-family="sans-serif" font-size="12" fill="#444"'


def loss_curve(points: Sequence[tuple[int, float]], title: str = "loss") -> str:
    """`points` of (step, loss) as SVG: each step in grey, a running mean over a tenth of them in blue.

    Losses that are not finite are left out. No points give an empty pair of axes.
    """
    shown = [(step, loss) for step, loss in points if math.isfinite(loss)]
    last = max((step for step, _ in shown), default=1)
    high = max((loss for _, loss in shown), default=1.0) or 1.0

    def place(step: float, loss: float) -> str:
        x = _LEFT + (_WIDTH - _LEFT - 16) * step / last
        y = _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - loss / high)
        return f"{x:.1f},{y:.1f}"

    span = max(1, len(shown) // 10)
    mean = [
        (step, sum(loss for _, loss in shown[max(0, i - span + 1) : i + 1]) / min(span, i + 1))
        for i, (step, _) in enumerate(shown)
    ]
    base, right = _HEIGHT - _BOTTOM, _WIDTH - 16
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{title}">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<path d="M{_LEFT},{_TOP}V{base}H{right}" fill="none" stroke="#999"/>',
    ]
    for share in (0.0, 0.5, 1.0):
        y = float(place(0, high * share).split(",")[1])
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" {_TEXT}>{high * share:.3g}</text>')
        x = float(place(last * share, 0).split(",")[0])
        parts.append(f'<text x="{x:.1f}" y="{base + 18}" text-anchor="middle" {_TEXT}>{round(last * share)}</text>')
    for drawn, colour, width in ((shown, "#bbb", 1), (mean, "#1f77b4", 2)):
        line = " ".join(place(step, loss) for step, loss in drawn)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="{width}"/>')
    parts.append(f'<text x="{_LEFT}" y="16" {_TEXT}>{title}</text>')
    parts.append(f'<text x="{right}" y="{_HEIGHT - 6}" text-anchor="end" {_TEXT}>step</text></svg>\n')
    return "\n".join(parts)
