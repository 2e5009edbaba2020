from __future__ import annotations

from pathlib import Path

from benchmarks.tables import TRAINING, write_table


def test_table_has_the_tutorials_header_and_its_rows(tmp_path: Path) -> None:
    lines = write_table(tmp_path / "rows.csv", 1234).read_text(encoding="utf-8").splitlines()
    assert lines[0] == "1234,4,setosa,versicolor,virginica"
    assert len(lines) == 1 + 1234
    assert set(lines[1:]) <= set(TRAINING.read_text(encoding="utf-8").splitlines()[1:])


def test_table_is_a_function_of_its_seed(tmp_path: Path) -> None:
    one, same, other = (write_table(tmp_path / f"{i}.csv", 50, seed).read_bytes() for i, seed in enumerate((1, 1, 2)))
    assert one == same != other
