from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from emulator.runner.run_json import task_folder
from tests.emulator.runner.conftest import Runner

pytestmark = pytest.mark.run


def at_once(tasks: Iterable[Mapping[str, Any]]) -> int:
    """How many of them were at work at the same moment, at most."""
    tasks = list(tasks)
    # One that begins at the very moment when another ends is not beside it.
    steps = sorted([(task["endTime"], -1) for task in tasks] + [(task["startTime"], 1) for task in tasks])
    return max(sum(step for _, step in steps[:end]) for end in range(1, len(steps) + 1))


def test_runner_runs_what_needs_nothing_of_each_other_side_by_side(runner: Runner) -> None:
    done = runner.run("gathering", {"folder": str(runner.folder)}, "--max-concurrent-tasks", "8")
    assert (done.returncode, done.stderr) == (0, "")
    assert set(runner.states.values()) == {"SUCCEEDED"}
    assert runner.details["say"]["execution"]["metadata"]["input:text"] == "left and right"
    gathered = [task for task in runner.details.values() if "input:member" in task["execution"]["metadata"]]
    assert len(gathered) == 7
    for task in gathered:
        log = runner.output.task_log(task_folder(runner.job, task)).read_text(encoding="utf-8")
        given = task["execution"]["metadata"]
        assert f"{given['input:member']} of {given['input:party']}\n" in log
        assert log.count(" of ") == 1
    told = [task for task in runner.details.values() if task["execution"]["metadata"].get("input:text") == "one by one"]
    assert len(told) == 3
    assert at_once(told) == 1


def test_runner_has_no_more_tasks_at_work_than_it_may(runner: Runner) -> None:
    done = runner.run("crowded", {"folder": str(runner.folder)}, "--max-concurrent-tasks", "2")
    assert (done.returncode, done.stderr) == (0, "")
    tasks = [
        task for task in runner.details.values() if task["execution"]["schemaTitle"] == "system.ContainerExecution"
    ]
    assert len(tasks) == 5
    assert at_once(tasks) == 2


@pytest.mark.parametrize(("policy", "later"), [("slow", "SUCCEEDED"), ("fast", "NOT_TRIGGERED")])
def test_runner_lets_a_task_end_beside_one_that_has_failed(runner: Runner, policy: str, later: str) -> None:
    flags = ["--max-concurrent-tasks", "2", "--failure-policy", policy]
    assert runner.run("outlasting", {"folder": str(runner.folder)}, *flags).returncode == 1
    group = "exit-handler-1"
    assert runner.states == {
        group: "FAILED",
        f"{group}.fails-beside": "FAILED",
        f"{group}.outlasts": "SUCCEEDED",
        f"{group}.say": later,
        "tells-end": "SUCCEEDED",
    }
    ends = [task["endTime"] for name, task in runner.details.items() if name.startswith(group)]
    assert max(ends) <= runner.details["tells-end"]["startTime"]
