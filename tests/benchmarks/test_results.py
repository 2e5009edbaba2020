from __future__ import annotations

from pathlib import Path

from benchmarks.results import Growth, load, save
from benchmarks.series import Target
from tests.benchmarks.measurements import contest, measured


def test_what_was_measured_is_read_back_as_it_was(tmp_path: Path) -> None:
    found = measured(contest(Target("at most", 1.0)), growths=(Growth("rows", (1, 10), (0.1, 0.2)),))
    save(found, tmp_path / "full" / "training.json")
    assert load(tmp_path / "full" / "training.json") == found


def test_section_that_was_never_measured_is_none(tmp_path: Path) -> None:
    assert load(tmp_path / "training.json") is None
