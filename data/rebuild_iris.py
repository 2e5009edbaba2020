"""Rebuilds the tutorial's two Iris files from scikit-learn's copy: the record of where they come from.

    python data/rebuild_iris.py [FOLDER]

FOLDER is where iris_training.csv and iris_test.csv go; by default the folder of this script.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).resolve().parent
FILES = {"training": "iris_training.csv", "test": "iris_test.csv"}


def rebuild_iris(folder: Path) -> None:
    """Writes both files.

    Args:
        folder: An existing folder; files of these names in it are replaced.
    """
    from sklearn.datasets import load_iris

    split = json.loads((HERE / "iris_split.json").read_text(encoding="utf-8"))
    iris = load_iris()
    measures = iris.data.tolist()
    for row, as_in_uci in split["uci_errata"].items():
        measures[int(row)] = as_in_uci
    for part, name in FILES.items():
        rows = [(*measures[row], int(iris.target[row])) for row in split[part]]
        (folder / name).write_bytes(_csv(rows, iris.target_names).encode("ascii"))


def _csv(rows: list[tuple[float, ...]], classes: Iterable[str]) -> str:
    header = [len(rows), len(rows[0]) - 1, *classes]
    return "".join(",".join(str(cell) for cell in line) + "\n" for line in [header, *rows])


if __name__ == "__main__":
    rebuild_iris(Path(sys.argv[1]) if sys.argv[1:] else HERE)
