"""How much is tried: ATTACK_SCALE times what the short part tries, and what a test tells of it."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence

SCALE = int(os.environ.get("ATTACK_SCALE", "1"))
SEED = int(os.environ.get("ATTACK_SEED", "20260518"))


def scaled(count: int) -> int:
    """So many times more of something as was asked for."""
    return count * SCALE


def chance(*what: object) -> random.Random:
    """A generator of its own for each part of an attack, the same for the same ATTACK_SEED.

    Args:
        what: Names the part.
    """
    return random.Random("/".join(str(part) for part in (SEED, *what)))  # noqa: S311 - it keeps no secret


def share(values: Sequence[float], part: float) -> float:
    """The value below which a part of all values lies; 0 where there are none.

    Args:
        values: The values.
        part: From 0 to 1: 0.99 gives the 99th percentile.
    """
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)] if ordered else 0.0


def tell(attack: str, **figures: object) -> None:
    """Prints one line of figures."""
    shown = (
        f"{name}={value:.3g}" if isinstance(value, float) else f"{name}={value}" for name, value in figures.items()
    )
    print(f"\n{attack} (seed {SEED}, scale {SCALE}): {', '.join(shown)}", flush=True)
