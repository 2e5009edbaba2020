"""That text can be read in both of the style sheet's themes: contrast as WCAG 2.2 measures it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import emulator.console

CSS = (Path(emulator.console.__file__).parent / "assets" / "theme.css").read_text(encoding="utf-8")
TONES = ("good", "bad", "active", "warn", "cached", "idle")
PAIRS = [
    *((ink, ground) for ink in ("ink", "soft", "accent") for ground in ("paper", "ground", "hover")),
    *((tone, f"{tone}-ground") for tone in TONES),
    *((tone, "paper") for tone in TONES),
    *(("ink", f"{tone}-ground") for tone in TONES),
    ("accent", "accent-ground"),
    ("paper", "accent"),
    *(("paper", f"series-{number}") for number in (1, 2, 3, 4)),
]


def colours(selector: str) -> dict[str, str]:
    """The colours that a rule sets."""
    (block,) = re.findall(rf"^{re.escape(selector)} \{{(.*?)^\}}", CSS, re.DOTALL | re.MULTILINE)
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("selector", [":root", "body.body--dark"])
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_text_stands_out(selector: str, ink: str, ground: str) -> None:
    theme = colours(selector)
    light, dark = sorted((luminance(theme[ink]), luminance(theme[ground])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


@pytest.mark.parametrize("selector", [":root", "body.body--dark"])
def test_both_themes_name_every_colour(selector: str) -> None:
    assert colours(selector).keys() == colours(":root").keys()
