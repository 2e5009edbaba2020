from __future__ import annotations

import pytest

from tests.emulator.runner.conftest import Runner

pytestmark = pytest.mark.run


def test_slow_policy_runs_all_that_needs_no_failed_task(runner: Runner) -> None:
    assert runner.run("going-on", {}).returncode == 1
    assert runner.states == {
        "exit-handler-1": "FAILED",
        "exit-handler-1.divides": "FAILED",
        "exit-handler-1.say": "NOT_TRIGGERED",
        "exit-handler-1.say-2": "SUCCEEDED",
        "exit-handler-1.condition-2": "FAILED",
        "exit-handler-1.condition-2.divides-2": "FAILED",
        "exit-handler-1.condition-2.say-3": "SUCCEEDED",
        "exit-handler-1.for-loop-4": "FAILED",
        "exit-handler-1.for-loop-4-iteration-0": "FAILED",
        "exit-handler-1.for-loop-4-iteration-0.divides-3": "FAILED",
        "exit-handler-1.for-loop-4-iteration-0.say-4": "NOT_TRIGGERED",
        "exit-handler-1.for-loop-4-iteration-1": "SUCCEEDED",
        "exit-handler-1.for-loop-4-iteration-1.divides-3": "SUCCEEDED",
        "exit-handler-1.for-loop-4-iteration-1.say-4": "SUCCEEDED",
        "tells-end": "SUCCEEDED",
    }
    log = runner.output.task_log("tells-end").read_text(encoding="utf-8")
    assert f"exit-handler-1 of {runner.job['name']}: FAILED" in log
    assert runner.details["exit-handler-1"]["error"]["message"] in log


@pytest.mark.parametrize(("policy", "later"), [("slow", "SUCCEEDED"), ("fast", "NOT_TRIGGERED")])
def test_fast_policy_begins_nothing_new_but_exit_tasks(runner: Runner, policy: str, later: str) -> None:
    assert runner.run("stopping", {}, "--failure-policy", policy).returncode == 1
    assert runner.states == {"divides": "FAILED", "tidies": "SUCCEEDED", "say": later}
    tidied = runner.details["tidies"]["execution"]["metadata"]
    assert tidied == {"input:quotient": 0.5, "output:Output": "tidied 0.5"}
