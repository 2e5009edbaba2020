from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trainer.contract import Contract, load_contract, parse_contract
from trainer.errors import DataError
from trainer.tables import Rows, read_rows
from trainer.tables.profile import check_parted, profile_table
from trainer.tables.validation import ValidationRows

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = b"""
name = "two"
[file]
header = "names"
[[columns]]
name = "x"
kind = "numeric"
[[columns]]
name = "word"
kind = "categorical"
[[columns]]
name = "y"
kind = "label"
classes = ["a", "b"]
"""


@pytest.fixture
def contract() -> Contract:
    return parse_contract(SCHEMA, "two.toml")


def written(folder: Path, numbers: range) -> str:
    file = folder / f"{numbers.start}-{numbers.stop}.csv"
    lines = [f"{number},{'odd' if number % 2 else 'even'},{'ab'[number // 2 % 2]}" for number in numbers]
    file.write_text("\n".join(["x,word,y", *lines]) + "\n")
    return str(file)


def sides(url: str, contract: Contract, fraction: float) -> dict[float, bool]:
    """Whether each row validates, by its number."""
    (rows,) = read_rows([url], contract)
    x = rows.features["x"]
    assert isinstance(x, np.ndarray)
    return dict(zip(x.tolist(), ValidationRows(fraction).holds(rows).tolist(), strict=True))


def test_row_finds_its_side_whatever_the_others_are(tmp_path: Path, contract: Contract) -> None:
    all_sides = sides(written(tmp_path, range(1000)), contract, 0.2)
    some = sides(written(tmp_path, range(500, 510)), contract, 0.2)
    assert some.items() <= all_sides.items()
    assert 150 < sum(all_sides.values()) < 250
    fewer = sides(written(tmp_path, range(1000)), contract, 0.1)
    assert {number for number, held in fewer.items() if held} < {number for number, held in all_sides.items() if held}


def test_each_part_is_profiled_by_itself_and_kept(tmp_path: Path, contract: Contract) -> None:
    urls = [written(tmp_path, range(50)), written(tmp_path, range(50, 200))]
    left, validating = list[Rows](), list[Rows]()
    training, validation = check_parted(urls, contract, ValidationRows(0.3), left.append, validating.append)
    whole = profile_table(urls, contract, role="training")
    assert training.sha256 == validation.sha256 == whole.sha256
    for name, count in whole.class_counts.items():
        assert training.class_counts[name] + validation.class_counts[name] == count
    assert (training.rows, validation.rows) == tuple(
        sum(len(rows.labels) for rows in part) for part in (left, validating)
    )
    held = [number for url in urls for number, is_held in sides(url, contract, 0.3).items() if is_held]
    assert sorted(np.concatenate([rows.features["x"] for rows in validating]).tolist()) == held
    words = [word for rows in validating for word in rows.features["word"].to_array()]  # type: ignore[union-attr]
    assert words == ["odd" if number % 2 else "even" for number in held]


def test_faults_of_a_part_and_of_a_file_are_told(tmp_path: Path, contract: Contract) -> None:
    with pytest.raises(DataError, match=r"No row of the training data validates\. Raise `--validation-fraction`"):
        check_parted([written(tmp_path, range(4))], contract, ValidationRows(1e-9))
    bad = tmp_path / "bad.csv"
    bad.write_text("x,word,y\n1,odd,a\n2,even,c\n")
    with pytest.raises(DataError, match=r"bad\.csv, line 3, column") as refusal:
        check_parted([str(bad)], contract, ValidationRows(0.2))
    assert refusal.value.total == 1


def test_class_that_no_row_validates_is_a_warning() -> None:
    iris = load_contract(str(ROOT / "data/schema.toml"))
    _, validation = check_parted([str(ROOT / "data/iris_training.csv")], iris, ValidationRows(0.01))
    assert validation.class_counts == {"setosa": 0, "versicolor": 1, "virginica": 1}
    assert validation.warnings == ('The validation data holds no row of class "setosa": nothing is measured on it.',)
