from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.config import RunConfig
from pipeline.inspection.diagnosis import Evidence, diagnose
from pipeline.inspection.unscaled import unscaled_columns
from tests.pipeline.run_records import NOON, artifact, decision, rule, run, task

CONTRACT = """
name = "penguins"
[[columns]]
name = "mass"
kind = "numeric"
[[columns]]
name = "length"
kind = "numeric"
standardise = true
[[columns]]
name = "share"
kind = "numeric"
[[columns]]
name = "depth"
kind = "numeric"
[[columns]]
name = "species"
kind = "label"
classes = ["a", "b"]
"""
COLUMNS = [
    {"name": "mass", "mean": 4200.0, "deviation": 800.0, "minimum": 2700.0, "maximum": 6300.0},
    {"name": "length", "mean": 200.0, "deviation": 14.0, "minimum": 172.0, "maximum": 231.0},
    {"name": "share", "mean": 0.01, "deviation": 0.02, "minimum": 0.0, "maximum": 0.05},
    {"name": "depth", "mean": 1.7, "deviation": 0.2, "minimum": 1.3, "maximum": 2.1},
]
FOUND = ['"mass" (2700 to 6300)', '"share" (0 to 0.05)']


@pytest.mark.parametrize("is_wide", [False, True])
def test_columns_of_other_sizes_that_nothing_scales_are_told(tmp_path: Path, is_wide: bool) -> None:
    (tmp_path / "contract").write_text(CONTRACT)
    (tmp_path / "statistics.json").write_text(json.dumps({"columns": COLUMNS}))
    table = artifact(str(tmp_path), columns="Too many to show" if is_wide else COLUMNS)
    outputs = {"contract": artifact(str(tmp_path / "contract")), "train_dataset": table}
    assert unscaled_columns(run("run-1", "succeeded", task("upload-data", "succeeded", outputs=outputs))) == FOUND


def test_nothing_is_told_where_nothing_can_be_read(tmp_path: Path) -> None:
    assert unscaled_columns(run("run-1", "succeeded")) == []
    outputs = {"contract": artifact(str(tmp_path / "gone")), "train_dataset": artifact(str(tmp_path))}
    assert unscaled_columns(run("run-1", "succeeded", task("upload-data", "succeeded", outputs=outputs))) == []


def test_missed_floor_names_them_first_and_a_stronger_champion_does_not() -> None:
    record = decision(rule("floor", False, 0.7, 0.9, "a"), rule("champion", False, -0.1, 0.0, "b"))
    evidence = Evidence(decision=record, unscaled=FOUND)
    floor, champion = diagnose(run("run-1", "succeeded"), RunConfig(), evidence, NOON).findings
    assert '"mass" (2700 to 6300), "share" (0 to 0.05). Set `standardise = true`' in floor.advice[0]
    assert not any("standardise" in sentence for sentence in champion.advice)
