from __future__ import annotations

import pytest

from pipeline.runs.spec import in_order, read_spec, typed
from tests.growth import assert_linear
from tests.pipeline.pipeline_jobs import IMAGE, spec


def test_tasks_come_after_those_that_they_depend_on() -> None:
    names = [task.name for task in read_spec(spec()).tasks]
    assert names == ["for-loop-1", "measure", "upload-data", "train-model", "condition-1", "register-model"]


def test_task_is_told_with_its_image_and_caching() -> None:
    tasks = {task.name: task for task in read_spec(spec()).tasks}
    assert (tasks["train-model"].image, tasks["train-model"].is_cached) == (IMAGE, True)
    assert not tasks["upload-data"].is_cached
    assert tasks["condition-1"].is_group
    assert not tasks["register-model"].is_in_loop
    assert tasks["measure"].is_in_loop


def test_image_is_that_of_the_training() -> None:
    assert read_spec(spec()).image == IMAGE


def test_circle_of_tasks_ends() -> None:
    document = spec()
    document["root"]["dag"]["tasks"]["upload-data"]["dependentTasks"] = ["train-model"]
    assert len(read_spec(document).tasks) == 6


@pytest.mark.parametrize("document", [{}, {"root": {"dag": {}}}, {"root": {"dag": {"tasks": {"a": {}}}}}])
def test_what_is_not_said_is_empty(document: dict[str, object]) -> None:
    read = read_spec(document)
    assert (read.name, read.image, read.parameters) == ("", "", {})


def test_numbers_are_whole_where_their_type_is() -> None:
    values = typed({"a": 2.0, "b": 2.0, "c": 2.5, "d": "2"}, {"a": "NUMBER_INTEGER", "c": "NUMBER_INTEGER"})
    assert [type(value) for value in values.values()] == [int, float, float, str]


def test_in_order_takes_the_time_of_the_number_of_tasks() -> None:
    def chain(size: int) -> dict[str, dict[str, list[str]]]:
        return {f"t{n:05}": {"dependentTasks": [f"t{n + 1:05}"]} for n in range(size)}

    assert in_order(chain(3)) == ["t00002", "t00001", "t00000"]
    assert in_order({"b": {"dependentTasks": ["a"]}, "a": {"dependentTasks": ["b"]}, "c": {}}) == ["c", "a", "b"]
    assert_linear(in_order, chain, 60)
