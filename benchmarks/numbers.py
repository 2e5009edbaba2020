"""Numbers as a reader takes them in: three digits that count, thousands apart."""

from __future__ import annotations

import math


def number(value: float) -> str:
    """A number with three digits that count; all digits of one from 1,000 on."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    places = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
