"""`python -m benchmarks [SECTION ...]`: measures, and writes the report of all that has been measured so far."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import growth_picture, report
from benchmarks.environments import ROOT
from benchmarks.repeats import say
from benchmarks.results import Measured, load, save
from benchmarks.sizes import FULL, QUICK, Sizes

SECTIONS = (
    "training",
    "replicas",
    "memory",
    "reading",
    "steps",
    "run",
    "former",
    "answers",
    "lists",
    "accuracy",
    "tables",
)
PICTURE = "benchmarks-growth.svg"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures the sections named, or all, and returns the exit code: 0, whatever the figures are."""
    options = _parser().parse_args(arguments)
    sizes = QUICK if options.quick else FULL
    kept = ROOT / "build" / "benchmarks" / sizes.name
    path = options.report or (kept.parent if options.quick else ROOT / "docs") / "BENCHMARKS.md"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    chosen = options.sections or list(SECTIONS)
    for name in SECTIONS:
        if name in chosen:
            begun = time.perf_counter()
            say(name)
            save(Measured(importlib.import_module(f"benchmarks.sections.{name}").measure(sizes)), kept / f"{name}.json")
            say(f" {name}: {time.perf_counter() - begun:.0f} s")
            _write(path, kept, sizes)
    return 0


def _write(path: Path, kept: Path, sizes: Sizes) -> None:
    """Writes the report of what is kept, so that nothing is lost where a later section is interrupted."""
    found = {name: load(kept / f"{name}.json") for name in SECTIONS}
    sections = {name: measured for name, measured in found.items() if measured is not None}
    growths = [growth for measured in sections.values() for growth in measured.section.growths]
    path.parent.mkdir(parents=True, exist_ok=True)
    if growths:
        path.with_name(PICTURE).write_text(growth_picture.draw(growths), encoding="utf-8")
    path.write_text(report.write(sections, sizes is QUICK, PICTURE if growths else ""), encoding="utf-8")
    missed = [verdict for _, verdict in report.verdicts(sections) if verdict.state == "missed"]
    say(f" {path}: {len(missed)} target{'' if len(missed) == 1 else 's'} missed so far")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure speed, memory and accuracy.")
    parser.add_argument(
        "sections", nargs="*", choices=[[], *SECTIONS], help=f"which (default: all): {', '.join(SECTIONS)}"
    )
    parser.add_argument("--quick", action="store_true", help="so little that only its working is known, in minutes")
    parser.add_argument(
        "--report", type=Path, help="the Markdown file (default: docs/, with --quick build/benchmarks/)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
