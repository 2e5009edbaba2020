from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from google.cloud.aiplatform_v1.types import (
    Artifact,
    Context,
    PipelineJob,
    PipelineState,
    PipelineTaskDetail,
)

from emulator.api.errors import ApiError
from emulator.api.store import Transaction
from emulator.metadata.records import ARTIFACT, CONTEXT, EXECUTION, STORES
from emulator.metadata.relations import CHILDREN, HELD, events_of
from emulator.pipeline_jobs import lineage

LOCATION = "projects/p/locations/l"
STORE = f"{LOCATION}/metadataStores/default"
JOB = f"{LOCATION}/pipelineJobs/iris-1"
RUN = f"{STORE}/contexts/iris-1"
ROOT = "gs://b/root/iris-1"
CREATED = datetime(2026, 5, 18, 12, tzinfo=UTC)
METRICS = {"uri": f"{ROOT}/evaluate/metrics", "schema_title": "system.Metrics", "metadata": {"accuracy": 0.9}}
MODEL = {"uri": f"{ROOT}/train/model", "schema_title": "system.Model", "metadata": {"framework": "keras"}}


def task(name: str, state: str = "SUCCEEDED", **fields: Any) -> dict[str, Any]:
    """A task's detail; `inputs` and `outputs` are artifacts by their names."""
    for side in ("inputs", "outputs"):
        fields[side] = {key: {"artifacts": [artifact]} for key, artifact in fields.get(side, {}).items()}
    execution = {"schema_title": "system.ContainerExecution", "metadata": {"input:x": 1.0}}
    names = {"task_name": name.rpartition(".")[2], "task_unique_name": name}
    return {**names, "state": getattr(PipelineTaskDetail.State, state), "execution": execution, **fields}


TRAIN = task("train", outputs={"model": MODEL})
EVALUATE = task("evaluate", inputs={"model": MODEL}, outputs={"metrics": METRICS})


def a_job(*tasks: dict[str, Any], state: str = "RUNNING", name: str = JOB, **fields: Any) -> PipelineJob:
    return PipelineJob(
        name=name,
        create_time=fields.pop("create_time", CREATED),
        state=getattr(PipelineState, f"PIPELINE_STATE_{state}"),
        pipeline_spec={"pipelineInfo": {"name": "iris"}},
        runtime_config={"parameter_values": {"epochs": 5}},
        job_detail={"task_details": tasks},
        **fields,
    )


def execution_of(tx: Transaction, name: str = "", job: str = JOB) -> Any:
    return tx.get(EXECUTION.table, lineage.execution_name(job, name))


def events(tx: Transaction, name: str = "") -> set[tuple[str, str]]:
    """The types of an execution's events, with the URIs of the artifacts."""
    found = events_of(tx, lineage.execution_name(JOB, name))
    return {(event.type_.name, ARTIFACT.require(tx, event.artifact).uri) for event in found}


def add_to_experiment(tx: Transaction) -> str:
    """Puts the run into an experiment, as the SDK does."""
    experiment = f"{STORE}/contexts/trials"
    CONTEXT.put(tx, Context(name=experiment, schema_title="system.Experiment"))
    CHILDREN.add(tx, experiment, RUN)
    return experiment


def test_names_are_always_the_same_and_of_19_digits() -> None:
    name = lineage.artifact_name(LOCATION, "gs://b/o")
    assert name == lineage.artifact_name(LOCATION, "gs://b/o") != lineage.artifact_name(LOCATION, "gs://b/p")
    number = name.removeprefix(f"{STORE}/artifacts/")
    assert number.isdigit()
    assert len(number) == 19
    assert lineage.execution_name(JOB, "train").startswith(f"{STORE}/executions/")
    assert lineage.execution_name(JOB, "train") != lineage.execution_name(f"{JOB}2", "train")


def test_record_run_tells_a_pending_job_by_its_contexts_and_parameters(tx: Transaction) -> None:
    lineage.record_run(tx, a_job(state="PENDING"))
    assert tx.get(STORES, STORE) is not None
    pipeline, run = lineage.contexts_of(tx, JOB)
    assert (pipeline.name, pipeline.schema_title) == (f"{STORE}/contexts/iris", "system.Pipeline")
    assert (run.name, run.schema_title, run.display_name) == (RUN, "system.PipelineRun", "iris-1")
    assert list(run.parent_contexts) == [pipeline.name]
    execution = execution_of(tx)
    assert (execution.schema_title, execution.display_name, execution.state.name) == ("system.Run", "iris-1", "NEW")
    assert dict(execution.metadata) == {"input:epochs": 5}
    for context in (pipeline.name, run.name):
        assert HELD[EXECUTION.noun].members_of(tx, context) == [execution.name]


def test_contexts_of_a_job_that_was_not_recorded_are_empty(tx: Transaction) -> None:
    assert lineage.contexts_of(tx, JOB) == (Context(), Context())
    CONTEXT.put(tx, Context(name=RUN, schema_title="system.Experiment"))
    assert lineage.contexts_of(tx, JOB) == (Context(), Context())


def test_contexts_of_a_job_tell_its_experiment(tx: Transaction) -> None:
    lineage.record_run(tx, a_job())
    experiment = add_to_experiment(tx)
    pipeline, run = lineage.contexts_of(tx, JOB)
    assert list(run.parent_contexts) == [pipeline.name, experiment]


def test_record_run_tells_tasks_with_what_they_took_and_made(tx: Transaction) -> None:
    lineage.record_run(tx, a_job(TRAIN, EVALUATE, state="SUCCEEDED"))
    execution = execution_of(tx, "evaluate")
    assert (execution.display_name, execution.schema_title) == ("evaluate", "system.ContainerExecution")
    assert (execution.state.name, dict(execution.metadata)) == ("COMPLETE", {"input:x": 1})
    assert events(tx, "train") == {("OUTPUT", MODEL["uri"])}
    assert events(tx, "evaluate") == {("INPUT", MODEL["uri"]), ("OUTPUT", METRICS["uri"])}
    metrics = tx.get(ARTIFACT.table, lineage.artifact_name(LOCATION, str(METRICS["uri"])))
    assert metrics is not None
    assert (metrics.schema_title, dict(metrics.metadata), metrics.state.name) == (
        "system.Metrics", {"accuracy": 0.9}, "LIVE",
    )  # fmt: skip
    assert len(HELD[EXECUTION.noun].members_of(tx, RUN)) == 3
    assert len(HELD[ARTIFACT.noun].members_of(tx, RUN)) == 2


def test_record_run_gives_the_run_its_parameters_and_metrics(tx: Transaction) -> None:
    root = {"task_name": "iris", "execution": {"metadata": {"input:epochs": 5, "input:size": 3}}}
    lineage.record_run(tx, a_job(root, TRAIN, EVALUATE, state="SUCCEEDED"))
    assert dict(execution_of(tx).metadata) == {"input:epochs": 5, "input:size": 3}
    assert execution_of(tx).state.name == "COMPLETE"
    assert events(tx) == {("OUTPUT", METRICS["uri"])}


@pytest.mark.parametrize(
    ("state", "execution_state"),
    [("RUNNING", "RUNNING"), ("CANCEL_PENDING", "RUNNING"), ("SKIPPED", "CACHED"), ("FAILED", "FAILED"),
     ("CANCELLED", "CANCELLED")],
)  # fmt: skip
def test_record_run_translates_the_states_of_tasks(tx: Transaction, state: str, execution_state: str) -> None:
    lineage.record_run(tx, a_job(task("train", state)))
    assert execution_of(tx, "train").state.name == execution_state


@pytest.mark.parametrize(
    ("state", "execution_state"),
    [("QUEUED", "NEW"), ("CANCELLING", "RUNNING"), ("CANCELLED", "CANCELLED"), ("FAILED", "FAILED")],
)
def test_record_run_translates_the_states_of_jobs(tx: Transaction, state: str, execution_state: str) -> None:
    lineage.record_run(tx, a_job(state=state))
    assert execution_of(tx).state.name == execution_state


@pytest.mark.parametrize("state", ["PENDING", "NOT_TRIGGERED"])
def test_record_run_leaves_out_what_has_not_begun(tx: Transaction, state: str) -> None:
    lineage.record_run(tx, a_job(task("train", state)))
    assert execution_of(tx, "train") is None


def test_record_run_writes_only_what_has_changed(tx: Transaction) -> None:
    lineage.record_run(tx, a_job(TRAIN, task("evaluate", "RUNNING")))
    times = {name: execution_of(tx, name).update_time for name in ("", "train", "evaluate")}
    tx.wrote = False
    lineage.record_run(tx, PipelineJob.deserialize(PipelineJob.serialize(a_job(TRAIN, task("evaluate", "RUNNING")))))
    assert not tx.wrote
    lineage.record_run(tx, a_job(TRAIN, task("evaluate", "FAILED")))
    changed = {name for name, time in times.items() if execution_of(tx, name).update_time != time}
    assert changed == {"evaluate"}
    assert execution_of(tx, "evaluate").state.name == "FAILED"


def test_record_run_leaves_a_cached_artifact_to_the_run_that_made_it(tx: Transaction) -> None:
    lineage.record_run(tx, a_job(TRAIN))
    made = tx.get(ARTIFACT.table, lineage.artifact_name(LOCATION, str(MODEL["uri"])))
    assert made is not None
    made.description = "the best so far"
    ARTIFACT.put(tx, made)
    other = f"{LOCATION}/pipelineJobs/iris-2"
    cached = task("train", "SKIPPED", outputs={"model": MODEL | {"metadata": {}}})
    group = task("group", outputs={"model": MODEL | {"metadata": {}}})
    group["execution"] = {"schema_title": "system.DagExecution"}
    lineage.record_run(tx, a_job(cached, group, name=other))
    assert tx.get(ARTIFACT.table, made.name) == made
    assert made.name in HELD[ARTIFACT.noun].members_of(tx, f"{STORE}/contexts/iris-2")


def test_record_run_takes_artifacts_as_they_are_named(tx: Transaction) -> None:
    name = f"{STORE}/artifacts/given"
    ARTIFACT.put(tx, Artifact(name=name, uri="gs://b/given", display_name="mine"))
    nowhere = {"schema_title": "system.Metrics"}
    lineage.record_run(tx, a_job(task("train", inputs={"data": {"name": name}}, outputs={"a": nowhere, "b": nowhere})))
    assert events(tx, "train") == {("INPUT", "gs://b/given"), ("OUTPUT", "")}
    assert len(HELD[ARTIFACT.noun].members_of(tx, RUN)) == 3


@pytest.mark.parametrize("context_id", ["iris", "iris-1"])
def test_record_run_refuses_a_name_that_something_else_has(tx: Transaction, context_id: str) -> None:
    CONTEXT.put(tx, Context(name=f"{STORE}/contexts/{context_id}", schema_title="system.Experiment"))
    with pytest.raises(ApiError) as caught:
        lineage.record_run(tx, a_job())
    assert caught.value.status == "FAILED_PRECONDITION"
    assert f'contexts/{context_id}", but there is one of system.Experiment' in caught.value.message


def test_record_run_makes_a_context_anew_that_was_deleted_while_the_job_ran(tx: Transaction) -> None:
    lineage.record_run(tx, a_job(state="PENDING"))
    tx.delete(CONTEXT.table, RUN)
    lineage.record_run(tx, a_job(TRAIN))
    assert lineage.contexts_of(tx, JOB)[1].name == RUN


def test_record_run_forgets_a_deleted_job_of_the_same_name(tx: Transaction) -> None:
    lineage.record_run(tx, a_job(TRAIN, EVALUATE))
    add_to_experiment(tx)
    lineage.record_run(tx, a_job(state="PENDING", create_time=datetime(2026, 5, 19, tzinfo=UTC)))
    assert CHILDREN.owners_of(tx, RUN) == [f"{STORE}/contexts/iris"]
    assert HELD[EXECUTION.noun].members_of(tx, RUN) == [execution_of(tx).name]
    assert HELD[ARTIFACT.noun].members_of(tx, RUN) == []
    assert execution_of(tx, "train") is None
