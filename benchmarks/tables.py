"""CSV tables as large as a benchmark wants, of Iris' own rows in random order."""

from __future__ import annotations

import random
from pathlib import Path

from benchmarks.environments import ROOT

DATA = ROOT / "data"
TRAINING = DATA / "iris_training.csv"
EVALUATION = DATA / "iris_test.csv"
SCHEMA = DATA / "schema.toml"
_BLOCK = 100_000


def write_table(path: Path, rows: int, seed: int = 1) -> Path:
    """Writes a table of `rows` rows in the tutorial's format; the same bytes for the same seed.

    Args:
        path: The file.
        rows: Its rows.
        seed: Decides which of the 120 training rows stands where.
    """
    header, *lines = TRAINING.read_text(encoding="utf-8").splitlines(keepends=True)
    chosen = random.Random(seed)  # noqa: S311 - rows for a benchmark keep no secret
    with path.open("w", encoding="utf-8") as file:
        file.write(f"{rows},{header.partition(',')[2]}")
        for start in range(0, rows, _BLOCK):
            file.writelines(chosen.choices(lines, k=min(_BLOCK, rows - start)))
    return path
