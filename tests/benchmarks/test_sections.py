from __future__ import annotations

import pytest

from benchmarks.sections.answers import added_ms
from benchmarks.sections.run import phases
from benchmarks.sections.steps import overheads
from benchmarks.sections.tables import LINEAR, TREES, Scored, section_of
from benchmarks.series import OURS, Series
from benchmarks.verdicts import judge


def test_overhead_of_a_step_leaves_the_bodies_out() -> None:
    marks = [[1.0, 2.0], [2.5, 3.0], [3.5, 4.0], [4.5, 6.0]]
    assert overheads(7.5, marks) == {"between_s": 0.5, "overhead_s": 1.0}


def test_phases_of_a_run_add_up_to_all_of_it() -> None:
    def moment(second: float) -> str:
        return f"2026-01-01T00:00:{second:06.3f}Z"

    def task(name: str, start: float, end: float) -> dict[str, str]:
        return {"taskName": name, "startTime": moment(start), "endTime": moment(end)}

    tasks = [
        task("dnn-pipeline", 2, 9),
        task("upload-data", 2.5, 3),
        task("condition-1", 3, 8),
        task("train-model", 3.5, 8),
    ]
    job = {
        "createTime": moment(2),
        "endTime": moment(9),
        "pipelineSpec": {"pipelineInfo": {"name": "dnn-pipeline"}},
        "jobDetail": {"taskDetails": [*tasks, {"taskName": "never-begun"}]},
    }
    midnight = 1767225600.0
    found = phases(job, midnight + 0.5, midnight + 10)
    assert found == pytest.approx(
        {
            "until the job is submitted": 1.5,
            "upload-data": 0.5,
            "train-model": 4.5,
            "between the tasks": 2.0,
            "from the job's end: results, a prediction": 1.0,
        }
    )
    assert sum(found.values()) == pytest.approx(9.5)


def test_what_the_emulator_adds_is_taken_pair_by_pair() -> None:
    assert added_ms(Series("server", (1.0, 2.0), {}), Series("endpoint", (1.5, 4.0), {})).values == (0.5, 2.0)


def test_public_tables_are_held_to_the_better_peer_and_to_the_calm_one() -> None:
    def scored(name: str, ours: float, loss: float) -> Scored:
        return Scored(name, 100, 2, {OURS: ours, LINEAR: 0.9, TREES: 0.8}, {OURS: loss, LINEAR: 0.3, TREES: 0.5})

    section = section_of([scored("one", 0.95, 0.2), scored("two", 0.84, 0.4)], 5, {})
    assert [contest.ours.values[0] for contest in section.contests] == pytest.approx([0.005, 0.06, 0.5])
    assert [judge(contest, contest.targets[0]).state for contest in section.contests] == ["met", "missed", "missed"]
    assert section.grids[0].rows[1] == ("two", "100", "2", "0.84", "0.9", "0.8", "0.4", "0.3", "0.5")
