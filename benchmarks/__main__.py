"""`python -m benchmarks [accuracy] [speed] [serving]`: measures and prints; exits with 1 where a floor is missed."""

from __future__ import annotations

import os
import sys

from rich.console import Console
from rich.table import Table

PARTS = ("accuracy", "speed", "serving")


def main(arguments: list[str]) -> int:
    """Runs the parts named, or all."""
    unknown = [name for name in arguments if name not in PARTS]
    if unknown:
        print(f"There is no benchmark {', '.join(unknown)}. Choose from {', '.join(PARTS)}.", file=sys.stderr)
        return 2
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    chosen = arguments or list(PARTS)
    held = True
    if "accuracy" in chosen:
        from benchmarks import accuracy

        sentence, held = accuracy.report(accuracy.measure())
        print(sentence)
    if "speed" in chosen:
        _print_speed()
    if "serving" in chosen:
        _print_serving()
    return 0 if held else 1


def _print_speed() -> None:
    from benchmarks import speed

    table = Table("what", "ours", "against", "theirs", "times as long", title="Speed, side by side on this machine")
    for comparison in (speed.training_steps(), speed.reading(), speed.checking()):
        table.add_row(
            comparison.what,
            f"{comparison.ours_s:.3f} s",
            comparison.other,
            f"{comparison.other_s:.3f} s",
            f"{comparison.ratio:.1f}",
        )
    Console().print(table)


def _print_serving() -> None:
    from benchmarks import serving

    table = Table("asked", "instances", "clients", "requests/s", "p50", "p99", title="Predictions, on this machine")
    for one in serving.measure():
        table.add_row(
            one.way,
            str(one.instances),
            str(one.clients),
            f"{one.per_s:.0f}",
            f"{one.p50_ms:.2f} ms",
            f"{one.p99_ms:.2f} ms",
        )
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
