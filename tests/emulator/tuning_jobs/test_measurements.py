from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from google.cloud.aiplatform_v1.types import Trial

from emulator.tuning_jobs.measurements import (
    MOST_KEPT,
    Point,
    Reports,
    best_of,
    last_of,
    missing_metric,
    points_of,
    read_reports,
    with_reports,
)

BEGAN_S = 1000.0


def line(value: Any, step: Any = "0", time: Any = BEGAN_S, tag: str = "accuracy") -> str:
    return json.dumps({tag: value, "checkpoint_path": "", "global_step": step, "timestamp": time, "trial": "1"})


def reports(folder: Path, *lines: str) -> Reports:
    file = folder / "metrics"
    file.write_text("".join(f"{one}\n" for one in lines), encoding="utf-8")
    return read_reports(file, "accuracy", BEGAN_S)


def test_lines_of_hypertune_are_read(tmp_path: Path) -> None:
    found = reports(tmp_path, line("0.5", "10", BEGAN_S + 1.5), line("0.75", "20", BEGAN_S + 2), line("3", tag="loss"))
    assert found.points == [Point(10, 1.5, 0.5), Point(20, 2.0, 0.75)]
    assert found.others == ["loss"]
    assert found.faulty is None


@pytest.mark.parametrize(
    ("told", "points"),
    [
        (line(0.5), [Point(0, 0.0, 0.5)]),
        ('{"accuracy": "0.5"}', [Point(0, 0.0, 0.5)]),
        (line("0.5", "12.0", "no time"), [Point(12, 0.0, 0.5)]),
        (line("0.5", None, BEGAN_S - 9), [Point(0, 0.0, 0.5)]),
        (line("0.5")[:-8], []),
        ("[1]", []),
        ("", []),
    ],
)
def test_what_others_write_is_read_as_far_as_it_goes(tmp_path: Path, told: str, points: list[Point]) -> None:
    assert reports(tmp_path, told).points == points


@pytest.mark.parametrize("value", ["nan", "inf", "-Infinity", "high", True, None, [1], "1e999"])
def test_a_value_that_is_no_finite_number_is_told(tmp_path: Path, value: Any) -> None:
    found = reports(tmp_path, line(value), line("0.5"))
    assert found.faulty == str(value)
    assert len(found.points) == 1


def test_no_file_says_nothing(tmp_path: Path) -> None:
    assert read_reports(tmp_path / "none", "accuracy", BEGAN_S).is_empty


def test_a_long_file_is_read_from_its_end(tmp_path: Path) -> None:
    found = reports(tmp_path, *(line(str(i)) for i in range(20_000)))
    assert found.points[-1].value == 19_999
    assert len(found.points) < 20_000


def test_measurements_stay_when_a_later_file_lacks_them(tmp_path: Path) -> None:
    trial = Trial(id="1")
    first, later = reports(tmp_path, line("0.5", "20", BEGAN_S + 2)), reports(tmp_path, line("0.7", "10", BEGAN_S + 3))
    assert with_reports(trial, first, "accuracy", maximizes=True)
    assert not with_reports(trial, first, "accuracy", maximizes=True)
    assert with_reports(trial, later, "accuracy", maximizes=True)
    assert points_of(trial) == [Point(10, 3.0, 0.7), Point(20, 2.0, 0.5)]
    assert trial.measurements[0].metrics[0].metric_id == "accuracy"
    assert last_of(points_of(trial)).value == 0.7


def test_of_very_many_measurements_the_best_and_the_newest_are_kept() -> None:
    trial = Trial(id="1")
    points = [Point(step, float(step), 9.0 if step == 3 else 0.0) for step in range(MOST_KEPT + 50)]
    with_reports(trial, Reports(points), "accuracy", maximizes=True)
    kept = points_of(trial)
    assert len(kept) == MOST_KEPT
    assert (kept[0].step, kept[-1].step) == (3, MOST_KEPT + 49)


def test_the_best_is_that_of_the_goal() -> None:
    points = [Point(1, 1, 0.2), Point(2, 2, 0.9), Point(3, 3, 0.1)]
    assert best_of(points, maximizes=True).value == 0.9
    assert best_of(points, maximizes=False).value == 0.1


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ([], 'no value of the metric "accuracy", nor anything else. Have the program write it'),
        (
            [line("1", tag="loss"), line("1", tag="auc")],
            'no value of the metric "accuracy". Received: "auc", "loss". Let',
        ),
        ([line("1", tag="training/hptuning/metric")], "is what hypertune calls one without a name."),
        (["{}"], "Received: no metric at all."),
    ],
)
def test_a_metric_that_was_never_reported_is_named_with_what_was(
    tmp_path: Path, told: list[str], sentence: str
) -> None:
    assert sentence in missing_metric("accuracy", reports(tmp_path, *told))
