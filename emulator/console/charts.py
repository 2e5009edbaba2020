"""Charts as plain dictionaries for ECharts. Colours are the style sheet's variables; chart.js puts them in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from emulator.console.curves import Curve
from emulator.console.metrics import Roc

Options = dict[str, Any]
COLOURS = ("--series-1", "--series-2", "--series-3", "--series-4", "--series-5", "--series-6")
CHANCE = "--soft"
# Points that a curve is drawn with at most; a screen shows no more.
POINTS_SHOWN = 1000


def roc_chart(curves: Mapping[str, Roc]) -> Options:
    """ROC curves, by what they are called, over the line of chance."""
    series = [
        {
            "type": "line",
            "name": f"{name} (area {roc.area:.4f})" if name else f"area {roc.area:.4f}",
            "data": [[0.0, 0.0], *([x, y] for x, y, _ in roc.points), [1.0, 1.0]],
            "symbol": "circle",
            "showSymbol": len(roc.points) <= 50,
            "symbolSize": 4,
        }
        for name, roc in curves.items()
    ]
    chance = {
        "type": "line",
        "name": "chance",
        "data": [[0, 0], [1, 1]],
        "showSymbol": False,
        "lineStyle": {"type": "dashed", "color": CHANCE, "width": 1},
        "itemStyle": {"color": CHANCE},
    }
    return {
        **_frame(),
        "xAxis": _axis("false positive rate", 0, 1),
        "yAxis": _axis("true positive rate", 0, 1),
        "series": [*series, chance],
    }


def calibration_chart(points: Sequence[tuple[float, float]]) -> Options:
    """How often answers are right, over how sure they are, beside the line on which both are equal.

    Args:
        points: Mean confidence and accuracy of each bin.
    """
    series = {
        "type": "line",
        "name": "answers",
        "data": [[sure, right] for sure, right in points],
        "symbol": "circle",
        "symbolSize": 6,
    }
    equal = {
        "type": "line",
        "name": "as often right as sure",
        "data": [[0, 0], [1, 1]],
        "showSymbol": False,
        "lineStyle": {"type": "dashed", "color": CHANCE, "width": 1},
        "itemStyle": {"color": CHANCE},
    }
    return {
        **_frame(),
        "xAxis": _axis("how sure", 0, 1),
        "yAxis": _axis("how often right", 0, 1),
        "series": [series, equal],
    }


def curve_chart(curves: Sequence[Curve]) -> Options:
    """Training curves of one tag, one line for each run of the log."""
    series = [
        {
            "type": "line",
            "name": curve.run or curve.tag,
            "data": [[step, value] for step, value in _thinned(curve.points)],
            "symbol": "circle",
            "showSymbol": len(curve.points) <= 50,
            "symbolSize": 4,
        }
        for curve in curves
    ]
    return {**_frame(), "xAxis": _axis("step"), "yAxis": {**_axis(""), "scale": True}, "series": series}


def _thinned(points: Sequence[tuple[int, float]]) -> Sequence[tuple[int, float]]:
    if len(points) <= POINTS_SHOWN:
        return points
    every = len(points) / POINTS_SHOWN
    return [*(points[int(place * every)] for place in range(POINTS_SHOWN)), points[-1]]


def _frame() -> Options:
    return {
        "color": list(COLOURS),
        "animation": False,
        "grid": {"left": 24, "right": 16, "top": 36, "bottom": 30, "containLabel": True},
        "legend": {"top": 0, "left": 0, "type": "scroll", "textStyle": {"color": "--ink"}},
        # Text, not HTML: a name may hold anything.
        "tooltip": {"trigger": "axis", "renderMode": "richText", "confine": True},
    }


def _axis(name: str, low: float | None = None, high: float | None = None) -> Options:
    limits = {key: value for key, value in (("min", low), ("max", high)) if value is not None}
    return {
        "type": "value",
        "name": name,
        "nameLocation": "middle",
        "nameGap": 30,
        "nameTextStyle": {"color": "--soft"},
        "axisLabel": {"color": "--soft"},
        "axisLine": {"lineStyle": {"color": "--line"}},
        "splitLine": {"lineStyle": {"color": "--line"}},
        **limits,
    }
