"""Growth as a picture: how many times as long, for how many times as much."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape

from benchmarks.results import Growth

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_LEFT, _TOP, _WIDTH, _HEIGHT = 70, 30, 420, 300
_KEY_LINE = 22
_TIMES = "\N{MULTIPLICATION SIGN}"

Place = Callable[[float, float], tuple[float, float]]


def draw(growths: Sequence[Growth]) -> str:
    """An SVG of lines on two logarithmic axes, and a dashed one where twice as much takes twice as long.

    Args:
        growths: What grew; the first amount of each is its 1.
    """
    lines = [_steps(growth) for growth in growths]
    most = max([10.0, *(step for line in lines for pair in line for step in pair)])
    decades = max(1, math.ceil(round(math.log10(most), 6)))
    least = min([1.0, *(taken for line in lines for _, taken in line)])
    below = math.ceil(-math.log10(least) - 1e-6) if least < 1 else 0

    def place(amount: float, taken: float) -> tuple[float, float]:
        across = math.log10(amount) / decades
        up = (math.log10(taken) + below) / (decades + below)
        return round(_LEFT + across * _WIDTH, 1), round(_TOP + _HEIGHT - up * _HEIGHT, 1)

    parts = [*_axes(decades, below, place)]
    parts.append(_polyline([place(1, 1), place(10**decades, 10**decades)], "#888", 'stroke-dasharray="4 4"'))
    for number, (growth, line) in enumerate(zip(growths, lines, strict=True)):
        colour = _COLOURS[number % len(_COLOURS)]
        points = [place(*pair) for pair in line]
        parts.append(_polyline(points, colour))
        parts += [f'<circle cx="{x}" cy="{y}" r="3.5" fill="{colour}"/>' for x, y in points]
        parts.append(_text(_LEFT + _WIDTH + 20, _TOP + 10 + number * _KEY_LINE, growth.what, colour))
    parts.append(_text(_LEFT + _WIDTH + 20, _TOP + 10 + len(lines) * _KEY_LINE, "in proportion (dashed)", "#666"))
    parts.append(_text(_LEFT, _TOP - 12, "times as long", "#444"))
    parts.append(_text(_LEFT + _WIDTH - 80, _TOP + _HEIGHT + 36, "times as much", "#444"))
    size = f'width="{_LEFT + _WIDTH + 260}" height="{_TOP + _HEIGHT + 50}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="13" role="img">'
    ground = '<rect width="100%" height="100%" fill="#fff"/>'
    return "\n".join([head, "<title>Growth of time with size</title>", ground, *parts, "</svg>", ""])


def _steps(growth: Growth) -> list[tuple[float, float]]:
    first_amount, first_s = growth.amounts[0], growth.seconds[0]
    return [
        (amount / first_amount, seconds / first_s)
        for amount, seconds in zip(growth.amounts, growth.seconds, strict=True)
    ]


def _axes(decades: int, below: int, place: Place) -> list[str]:
    parts = []
    for power in range(decades + 1):
        x, bottom = place(10**power, 10.0**-below)
        parts.append(_polyline([(x, _TOP), (x, bottom)], "#ddd"))
        parts.append(_text(x - 8, bottom + 18, f"{_TIMES}{10**power}", "#444"))
    for power in range(-below, decades + 1):
        x, y = place(1, 10.0**power)
        parts.append(_polyline([(x, y), (x + _WIDTH, y)], "#ddd"))
        parts.append(_text(x - 50, y + 4, f"{_TIMES}{10.0**power:g}", "#444"))
    return parts


def _polyline(points: Sequence[tuple[float, float]], colour: str, more: str = "") -> str:
    path = " ".join(f"{x},{y}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2" {more}/>'


def _text(x: float, y: float, words: str, colour: str) -> str:
    return f'<text x="{x}" y="{y}" fill="{colour}">{escape(words)}</text>'
