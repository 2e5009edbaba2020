from __future__ import annotations

from typing import Any

import pytest

from emulator.pipeline_jobs.spec_rules import MOST_VIOLATIONS, _reference_violations, spec_violations
from emulator.runner.spec_size import DEEPEST_GROUPS
from tests.emulator.job_requests import spec
from tests.growth import assert_linear

CONTAINER = {"executorLabel": "exec-one"}


def pipeline(tasks: dict[str, Any], **components: Any) -> dict[str, Any]:
    """A specification of some tasks; the component `one` is a container's."""
    document = spec()
    document["root"]["dag"]["tasks"] = tasks
    document["components"] = {"one": CONTAINER, **components}
    document["deploymentSpec"]["executors"] = {"exec-one": {"container": {"image": "python"}}}
    return document


def task(component: str = "one", **more: Any) -> dict[str, Any]:
    return {"componentRef": {"name": component}, **more}


def group(**tasks: Any) -> dict[str, Any]:
    return {"dag": {"tasks": tasks}}


def taking(producer: str) -> dict[str, Any]:
    source = {"taskOutputParameter": {"producerTask": producer, "outputParameterKey": "x"}}
    return task(inputs={"parameters": {"x": source}})


def told(document: dict[str, Any]) -> list[str]:
    return [f"{field} {text}" for field, text in spec_violations(document, "spec")]


def test_a_pipeline_whose_parts_are_all_there_has_no_violation() -> None:
    document = pipeline(
        {"make": task(), "take": taking("make"), "both": task("group", dependentTasks=["take"])},
        group=group(a=task(), b=taking("a")),
    )
    assert told(document) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("root.dag", "x"),
        ("root.dag.tasks", [1]),
        ("root.dag.tasks.make", 1),
        ("root.dag.tasks.make.componentRef", "one"),
        ("root.dag.tasks.make.inputs", {"bogus": 1}),
        ("root.inputDefinitions.parameters", []),
        ("root.inputDefinitions.parameters", {"a": {"parameterType": ["STRING"]}}),
        ("components", True),
        ("components.one", {"executorLabel": 1}),
        ("deploymentSpec", [1]),
        ("deploymentSpec.executors.exec-one.container.command", "sh"),
        ("sdkVersion", 2),
    ],
)
def test_a_part_of_another_form_is_refused(path: str, value: Any) -> None:
    document = holder = pipeline({"make": task()})
    *above, last = path.split(".")
    for name in above:
        holder = holder[name]
    holder[last] = value
    assert "is not of the form of a pipeline" in told(document)[0]


def test_a_root_without_a_dag_is_refused() -> None:
    document = pipeline({})
    del document["root"]["dag"]
    assert told(document) == ["spec.root.dag is required."]


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (
            pipeline({"a": task("two")}),
            'tasks.a.componentRef.name names no component of the pipeline. Received: "two".',
        ),
        (pipeline({"a": {}}), 'tasks.a.componentRef.name names no component of the pipeline. Received: "".'),
        (pipeline({"a": task(dependentTasks=["b"])}), 'tasks.a needs the task "b", which is not there.'),
        (pipeline({"a": taking("b")}), 'tasks.a needs the task "b", which is not there.'),
        (
            pipeline({}, two={"executorLabel": "exec-two"}),
            'components.two needs a dag or the label of an executor. Received: "exec-two".',
        ),
        (pipeline({}, two={}), "components.two needs a dag or the label of an executor. Received: neither."),
        (
            pipeline({"a": taking("b"), "b": task(dependentTasks=["a"]), "c": taking("b"), "d": task()}),
            "tasks wait for each other: a, b, c.",
        ),
        (pipeline({"a": task(dependentTasks=["a"])}), "tasks wait for each other: a."),
        (pipeline({"a": task("g")}, g=group(a=task("h")), h=group(a=task("g"))), "must not hold itself"),
        (
            pipeline(
                {"a": task("g0")},
                **{f"g{n}": group(a=task(f"g{n + 1}")) for n in range(DEEPEST_GROUPS + 1)},
                **{f"g{DEEPEST_GROUPS + 1}": group(a=task())},
            ),
            f"nor more than {DEEPEST_GROUPS} groups",
        ),
        (
            pipeline(
                {"a": task("g0")},
                **{f"g{n}": group(a=task(f"g{n + 1}"), b=task(f"g{n + 1}")) for n in range(40)},
                g40=group(a=task()),
            ),
            "must hold at most 10000 tasks",
        ),
    ],
)
def test_what_is_named_must_be_there_and_have_an_end(document: dict[str, Any], sentence: str) -> None:
    found = told(document)
    assert len(found) == 1
    assert sentence in found[0]


@pytest.mark.parametrize("name", ["..", "../../out", "a/b", "/etc/x", "", "a.b", "a\0", "x" * 129, "é"])
def test_names_that_become_folders_hold_nothing_that_leads_elsewhere(name: str) -> None:
    document = pipeline({name: task()}, two={**CONTAINER, "outputDefinitions": {"artifacts": {name: {}}}})
    assert [text.split(" ")[0] for text in told(document)] == [
        "spec.components.two.outputDefinitions.artifacts",
        "spec.root.dag.tasks",
    ]


def test_a_pipeline_with_many_faults_tells_some() -> None:
    assert len(told(pipeline({f"t{n}": task("none") for n in range(100)}))) == MOST_VIOLATIONS


@pytest.mark.parametrize("version", ["1" * 5000, "2." * 5000 + "1", "2.1.0.0.0.0.0.0.0.0.0"])
def test_a_version_has_few_digits(version: str) -> None:
    document = pipeline({"a": task()})
    document["schemaVersion"] = version
    assert "schemaVersion must be a version such as 2.1.0" in told(document)[0]


def many(size: int) -> dict[str, Any]:
    return pipeline({f"t{number}": task() for number in range(size)})


def in_a_row(size: int) -> dict[str, Any]:
    """Each task waits for the one behind it."""
    return pipeline({f"t{n}": task(dependentTasks=[f"t{n + 1}"] if n + 1 < size else []) for n in range(size)})


def in_a_circle(size: int) -> dict[str, Any]:
    return pipeline({f"t{n}": task(dependentTasks=[f"t{(n + 1) % size}"]) for n in range(size)})


def in_a_long_name(size: int) -> dict[str, Any]:
    return pipeline({"a": task()}, **{"c" * 3000 * size: group(**{f"t{n}": task() for n in range(size)})})


@pytest.mark.parametrize("make", [many, in_a_row, in_a_circle, in_a_long_name])
def test_a_specification_is_checked_in_the_time_that_its_length_takes(make: Any) -> None:
    assert_linear(lambda document: [*_reference_violations(document, "spec")], make, 300)
