from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from emulator.runner.errors import UsageError
from emulator.runner.pipeline_spec import Kind, Parameter, PipelineSpec, _in_order, load_spec, parse_spec
from tests.emulator.runner.specs import spec, task
from tests.growth import assert_linear


def parsed(document: Any) -> PipelineSpec:
    return parse_spec(json.dumps(document), source="small.yaml")


def test_parse_spec_puts_tasks_in_an_order_in_which_they_can_run() -> None:
    tasks = {"a": task("train", "b"), "b": task("train"), "c": task("train", "a", "b")}
    assert [found.name for found in parsed(spec(tasks)).walk()] == ["b", "a", "c"]


def test_parse_spec_finds_groups_loops_and_conditions() -> None:
    gate = {"triggerPolicy": {"condition": "inputs.parameter_values['x'] == true"}}
    tasks = {
        "condition-1": task("gate", "train", **gate),
        "loop": task("loop", parameterIterator={}),
        "train": task("train"),
    }
    groups = {"gate": {"approve": task("approve")}, "loop": {"again": task("train")}}
    found = {one.name: one for one in parsed(spec(tasks, groups)).walk()}
    assert list(found) == ["loop", "again", "train", "condition-1", "approve"]
    assert found["condition-1"].kind is Kind.GROUP
    assert found["condition-1"].condition == "inputs.parameter_values['x'] == true"
    assert found["approve"].kind is Kind.CONTAINER
    assert (found["loop"].is_loop, found["condition-1"].is_loop) == (True, False)


def test_along_finds_a_task_below_its_groups() -> None:
    tasks = {"loop": task("loop", parameterIterator={}), "train": task("train")}
    groups = {"loop": {"inner": task("inner")}, "inner": {"again": task("train")}}
    along = parsed(spec(tasks, groups)).along(("loop-iteration-1", "inner", "again"))
    assert [(one.name, one.component) for one in along] == [
        ("loop", "comp-loop"),
        ("inner", "comp-inner"),
        ("again", "comp-train"),
    ]


def test_parse_spec_knows_what_runs_after_failures() -> None:
    exits = {"triggerPolicy": {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}}
    found = parsed(spec({"train": task("train"), "tidy": task("tidy", "train", **exits)})).tasks
    assert [one.runs_after_failures for one in found] == [False, True]


def test_parse_spec_knows_importers() -> None:
    document = spec({"get": task("importer")})
    document["deploymentSpec"]["executors"]["exec-importer"] = {"importer": {}}
    assert parsed(document).tasks[0].kind is Kind.IMPORTER


def test_parse_spec_reads_parameters() -> None:
    given = {"parameterType": "NUMBER_INTEGER", "defaultValue": 3.0}
    document = spec({"train": task("train")}, steps=given, note={"parameterType": "STRING", "isOptional": True})
    assert parsed(document).parameters == {
        "steps": Parameter("steps", "NUMBER_INTEGER", True, 3.0),
        "note": Parameter("note", "STRING", True, None),
    }


def test_parse_spec_passes_over_settings_for_a_platform() -> None:
    text = json.dumps(spec({"train": task("train")})) + "\n---\nplatforms: {}\n"
    assert parse_spec(text, source="small.yaml").name == "small"


@pytest.mark.parametrize(
    ("executor", "sentence"),
    [
        ({"container": {"image": "trainer:1", "command": ["sleep"]}}, '"train" is a container component'),
        ({"container": {"command": ["python3", "-m", "kfp.dsl.executor_main"]}}, '"train" lies in its image'),
        ({"customJob": {}}, r'"train" runs on a service \(customJob\)'),
    ],
)
def test_parse_spec_refuses_what_is_no_lightweight_component(executor: Any, sentence: str) -> None:
    document = spec({"train": task("train")})
    document["deploymentSpec"]["executors"]["exec-train"] = executor
    with pytest.raises(UsageError, match=sentence):
        parsed(document)


def test_parse_spec_refuses_a_condition_that_it_cannot_read() -> None:
    gate = {"triggerPolicy": {"condition": "size(inputs) > 1"}}
    with pytest.raises(UsageError, match=r"^The condition size\(inputs\) > 1 cannot be read"):
        parsed(spec({"gate": task("gate", **gate)}, {"gate": {}}))


@pytest.mark.parametrize("text", ["", "5", "[]", "name: x", "pipelineInfo: {name: x}\nroot: []"])
def test_parse_spec_refuses_what_is_no_pipeline(text: str) -> None:
    with pytest.raises(UsageError, match=r"^small\.yaml is not a compiled pipeline: "):
        parse_spec(text, source="small.yaml")


def test_parse_spec_refuses_what_is_no_yaml() -> None:
    with pytest.raises(UsageError, match=r"^small\.yaml is not YAML, line 2: "):
        parse_spec("a: 1\n\tb: [", source="small.yaml")


def test_load_spec_refuses_an_absent_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.yaml cannot be read: No such file"):
        load_spec(tmp_path / "none.yaml")


def test_load_spec_refuses_another_encoding(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_bytes("name: ü".encode("latin-1"))
    with pytest.raises(UsageError, match=r"small\.yaml is not UTF-8"):
        load_spec(tmp_path / "small.yaml")


def test_tasks_are_ordered_in_the_time_that_their_number_takes() -> None:
    def chain(size: int) -> dict[str, Any]:
        return {f"t{n:05}": {"dependentTasks": [f"t{n + 1:05}"]} for n in range(size)}

    assert_linear(_in_order, chain, 60)
    assert_linear(_in_order, lambda size: {f"t{n:05}": {} for n in range(size)}, 500)


def test_tasks_that_wait_for_each_other_come_last() -> None:
    needs = {"a": ["b"], "b": ["a"], "c": ["a"], "d": ["absent"], "e": ["d", "d"]}
    assert _in_order({name: {"dependentTasks": others} for name, others in needs.items()}) == [*"de", *"abc"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: &a [*a]", r"^file holds itself\.$"),
        ("a: &a [1, 1]\n" + "".join(f"a{n}: &a{n} [*a{n - 1 or ''}, *a{n - 1 or ''}]\n" for n in range(1, 30)),
         r"^file must hold at most 2,000,000 values, 100 deep in each other\.$"),
        ("[" * 5000, "^file is nested too deeply"),
        ("- " * 500 + "1", "100 deep in each other"),
        ("a: 2026-13-41", "^file is not YAML: month must be in"),
    ],
)  # fmt: skip
def test_a_text_that_is_larger_than_it_looks_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        parse_spec(text, "file")


@pytest.mark.parametrize(
    ("last", "sentence"),
    [("g0", "The pipeline must not hold itself"), ("one", "The pipeline must hold at most 10000 tasks")],
)
def test_groups_that_come_to_too_many_tasks_are_refused(last: str, sentence: str) -> None:
    def twice(name: str) -> dict[str, Any]:
        return {"dag": {"tasks": {key: {"componentRef": {"name": name}} for key in "ab"}}}

    document = {
        "pipelineInfo": {"name": "p"},
        "root": {"dag": {"tasks": {"a": {"componentRef": {"name": "g0"}}}}},
        "components": {
            **{f"g{n}": twice(f"g{n + 1}") for n in range(30)},
            "g30": twice(last),
            "one": {"executorLabel": "x"},
        },
        "deploymentSpec": {"executors": {"x": {"importer": {}}}},
    }
    with pytest.raises(UsageError, match=sentence):
        parse_spec(json.dumps(document), "file")
