from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from graphlib import CycleError
from typing import Any

import pytest

from emulator.runner.ready_tasks import ReadyTasks, needed_by
from tests.patience import patience_s


def work_off(order: ReadyTasks, work: Callable[[str], Any], skipped: str = "") -> list[tuple[str, Any]]:
    """What kfp.local's orchestrator is told, name by name, where it leaves one out."""
    told = []
    while order:
        name = order.pop()
        if name != skipped:
            told.append((name, order.run(name, partial(work, name), meanwhile="begun")))
    return told


def test_tasks_that_need_nothing_of_each_other_are_at_work_together() -> None:
    meeting = threading.Barrier(2)
    told = work_off(ReadyTasks({"a": (), "b": ()}, 2), lambda _: meeting.wait(patience_s()) >= 0)
    assert told[:2] == [("a", "begun"), ("b", "begun")]
    assert sorted(told[2:]) == [("a", True), ("b", True)]


def test_a_task_begins_once_all_that_it_needs_is_told() -> None:
    told = work_off(ReadyTasks({"c": {"a", "b"}, "a": (), "b": {"a"}}, 3), str.upper)
    both = [(name, value) for name in "abc" for value in ("begun", name.upper())]
    assert told == both


def test_a_task_that_is_left_out_holds_none_back() -> None:
    assert work_off(ReadyTasks({"a": (), "b": {"a"}}, 2), str.upper, skipped="a") == [("b", "begun"), ("b", "B")]


def test_no_more_tasks_are_at_work_than_may_be() -> None:
    at_work = threading.Semaphore(1)

    def alone(_: str) -> bool:
        is_alone = at_work.acquire(blocking=False)
        at_work.release()
        return is_alone

    told = work_off(ReadyTasks({str(number): () for number in range(50)}, 1), alone)
    assert [value for _, value in told if value != "begun"] == [True] * 50


def test_what_has_no_turn_runs_at_once() -> None:
    order = ReadyTasks({"a": ()}, 1)
    assert order.run("exit", threading.get_ident, meanwhile=0) == threading.get_ident()


def test_an_error_is_told_once_nothing_else_is_at_work() -> None:
    meeting, ended = threading.Barrier(2), []

    def work(name: str) -> None:
        meeting.wait(patience_s())
        if name == "a":
            raise LookupError(name)
        time.sleep(0.2)
        ended.append(name)

    with pytest.raises(LookupError, match="a"):
        work_off(ReadyTasks({"a": (), "b": ()}, 2), work)
    assert ended == ["b"]


def test_tasks_that_need_each_other_are_refused() -> None:
    with pytest.raises(CycleError):
        ReadyTasks({"a": {"b"}, "b": {"a"}}, 1)


@pytest.mark.run
def test_a_task_needs_those_whose_outputs_it_takes() -> None:
    from google.protobuf import json_format

    from emulator.runner.kfp_seams import import_messages

    inputs = {
        "parameters": {
            "x": {"taskOutputParameter": {"producerTask": "measure", "outputParameterKey": "x"}},
            "y": {"componentInputParameter": "y"},
        },
        "artifacts": {"rows": {"taskOutputArtifact": {"producerTask": "make-rows", "outputArtifactKey": "rows"}}},
    }
    task = {"dependentTasks": ["before"], "inputs": inputs}
    found = needed_by(json_format.ParseDict(task, import_messages().PipelineTaskSpec()))
    assert found == {"before", "measure", "make-rows"}
