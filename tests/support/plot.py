"""Plots of measured figures, as plain SVG."""

import math
import statistics
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

WIDTH, LEFT, RIGHT, TOP, ROW, BOTTOM = 820, 260, 40, 40, 44, 34
HEAD = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" fill="#24292f" \
font-family="system-ui, sans-serif" font-size="13">
<rect width="{width}" height="{height}" fill="#fff"/>
<text x="12" y="20" font-weight="600">{title}</text>
"""
TICK = """<path d="M{x:.1f} {top}V{bottom}" stroke="#d0d7de"/>
<text x="{x:.1f}" y="{below}" text-anchor="middle" fill="#57606a">{figure:g} {unit}</text>
"""
NAME = '<text x="12" y="{y}">{name}</text>\n'
DOT = '<circle cx="{x:.1f}" cy="{y}" r="4" fill="#0969da" fill-opacity=".3"/>\n'
MEDIAN = """<path d="M{x:.1f} {above}v20" stroke="#24292f" stroke-width="2"/>
<text x="{x:.1f}" y="{label}" text-anchor="middle">{figure:.3g} {unit}</text>
"""


def plot(path: Path, title: str, unit: str, measured: Mapping[str, Sequence[float]]) -> None:
    """Draw the figures as dots on a logarithmic axis, a row with a median for each name."""
    ticks = _ticks([figure for figures in measured.values() for figure in figures])
    bottom = TOP + ROW * len(measured)

    def x(figure: float) -> float:
        share = math.log(figure / ticks[0]) / math.log(ticks[-1] / ticks[0])
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    parts = [HEAD.format(width=WIDTH, height=bottom + BOTTOM, title=escape(title))]
    parts += [
        TICK.format(x=x(tick), top=TOP, bottom=bottom, below=bottom + 18, figure=tick, unit=unit)
        for tick in ticks
    ]
    for row, (name, figures) in enumerate(measured.items()):
        y = TOP + ROW * row + 28
        median = statistics.median(figures)
        parts += [NAME.format(y=y + 4, name=escape(name)), *(DOT.format(x=x(each), y=y) for each in figures)]
        parts.append(MEDIAN.format(x=x(median), above=y - 10, label=y - 14, figure=median, unit=unit))
    path.write_text("".join([*parts, "</svg>\n"]), encoding="utf-8")


def _ticks(figures: Sequence[float]) -> list[float]:
    """Find the steps 1, 2, 5, 10, 20 … around the figures."""
    steps = [float(f"{digit}e{power}") for power in range(-6, 7) for digit in (1, 2, 5)]
    first = max(place for place, step in enumerate(steps) if step <= min(figures))
    last = min(place for place, step in enumerate(steps) if step > max(figures))
    return steps[first : last + 1]
