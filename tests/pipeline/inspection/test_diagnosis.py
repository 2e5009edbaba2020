from __future__ import annotations

from datetime import timedelta

import pytest

from pipeline.config import RunConfig
from pipeline.inspection.diagnosis import Diagnosis, Evidence, diagnose, facts_of, wanted_logs
from pipeline.inspection.diagnosis_view import diagnosis_text
from pipeline.runs.record import RunRecord
from tests.pipeline.run_records import NOON, artifact, decision, rule, run, task

CONFIG = RunConfig()
CLOUD = RunConfig(connection="vertex", service_account="runs@my-project.iam.gserviceaccount.com")
GENERAL = "The replica workerpool0-0 exited with a non-zero status of 1. To find out more, check the logs."
BAD_CELL = 'iris.csv, line 2, column "a": bad.'
LOG = f'Traceback (most recent call last):\n  File "a", line 1\ntrainer.errors.DataError: {BAD_CELL}'


def told(record: RunRecord, evidence: Evidence | None = None, config: RunConfig = CONFIG) -> Diagnosis:
    return diagnose(record, config, evidence or Evidence(), NOON + timedelta(seconds=80))


def test_failed_run_names_the_task_its_error_and_what_to_try() -> None:
    error = 'iris_training.csv, line 5, column "petal_width": received "lots", which is no number.'
    record = run("run-1", "failed", task("upload-data", "failed", 1, error=error, job="7"), error="The DAG failed")
    diagnosis = told(record)
    assert (diagnosis.outcome, diagnosis.headline) == ("failed", "Run run-1 failed: Upload data.")
    (finding,) = diagnosis.findings
    assert (finding.subject, finding.text) == ("Upload data", error)
    assert finding.advice[0].startswith("Correct the file where it is wrong, or the data contract (data/schema.toml)")
    assert finding.advice[-1] == "Its whole log: `python -m pipeline logs run-1 upload-data`"


def test_general_error_is_replaced_by_the_last_exception_of_the_log() -> None:
    failed = task("upload-data", "failed", 1, error=GENERAL, job="7")
    record = run("run-1", "failed", task("train-model", "not_triggered"), failed)
    assert wanted_logs(record) == [failed]
    (finding,) = told(record, Evidence(logs={"upload-data": LOG}), CLOUD).findings
    assert finding.text == BAD_CELL


def test_log_is_read_only_where_the_error_says_nothing() -> None:
    record = run("run-1", "failed", task("a", "failed", 1, error="It is so.", job="7"), task("b", "succeeded", job="8"))
    assert wanted_logs(record) == []


def test_each_failed_task_is_a_finding() -> None:
    record = run("run-1", "failed", task("a", "failed", error="x", job="7"), task("b", "failed", error="y"))
    diagnosis = told(record)
    assert diagnosis.headline == "Run run-1 failed: A, B."
    assert [(finding.text, len(finding.advice)) for finding in diagnosis.findings] == [("x", 1), ("y", 0)]


def test_run_that_failed_without_a_failed_task_tells_its_own_error() -> None:
    record = run("run-1", "failed", task("a", "not_triggered"), error="The emulator was stopped while it ran.")
    diagnosis = told(record)
    assert diagnosis.headline == "Run run-1 failed, and none of its tasks did."
    assert diagnosis.findings[0].text == "The emulator was stopped while it ran."
    assert diagnosis.findings[0].advice[0].startswith("The run itself is not at fault. Run again")


def test_model_held_back_tells_the_rule_and_its_numbers() -> None:
    record = run(
        "run-1", "succeeded", task("evaluate-model", "succeeded", 3, outputs={"decision": artifact("gs://b/d")})
    )
    floor = rule("floor", False, 0.9, 0.95, "Accuracy is 0.9000 (27 of 30 rows); it must be at least 0.9500.")
    diagnosis = told(record, Evidence(decision=decision(floor)))
    assert diagnosis.outcome == "held back"
    assert diagnosis.headline == "Run run-1 ended as it should, and its model was held back by the gate: Rule floor."
    assert "fell short of 0.9500 by 0.0500" in diagnosis.findings[0].text


def test_decision_that_cannot_be_read_is_told_by_what_the_task_noted() -> None:
    noted = artifact("gs://b/d", passed=False, summary="Kept back. Accuracy is 0.6.")
    record = run("run-1", "succeeded", task("evaluate-model", "succeeded", outputs={"decision": noted}))
    diagnosis = told(record)
    assert diagnosis.outcome == "held back"
    assert diagnosis.findings[0].text == "Kept back. Accuracy is 0.6."


def deployed(version: str = "2") -> RunRecord:
    outputs = {
        "decision": artifact("gs://b/d", passed=True),
        "registered_model": artifact("gs://b/m", version=version),
        "endpoint": artifact(version=version, traffic={"1": 0, version: 100}, resourceName="projects/p/endpoints/1"),
    }
    return run("run-1", "succeeded", task("deploy-model", "succeeded", 3, outputs=outputs))


def test_deployed_version_tells_what_serves_now() -> None:
    diagnosis = told(deployed(), Evidence(decision=decision(), traffic={"2": 100, "1": 0}))
    assert diagnosis.headline == "Run run-1 succeeded: the gate was open, and version 2 is in the registry."
    (finding,) = diagnosis.findings
    assert finding.text == "It was deployed, with 100 % of the traffic. It has 100 % now."


def test_version_that_has_lost_its_traffic_tells_to_which() -> None:
    (finding,) = told(deployed(), Evidence(traffic={"2": 0, "3": 100})).findings
    assert finding.text == "It was deployed, with 100 % of the traffic. It has 0 % now; version 3 has 100 %."
    assert finding.advice == ["`python -m pipeline promote 2` gives it the traffic again."]


def test_endpoint_that_cannot_be_asked_leaves_what_the_run_noted() -> None:
    (finding,) = told(deployed()).findings
    assert finding.text == "It was deployed, with 100 % of the traffic."


def test_pipeline_without_a_gate_just_succeeds() -> None:
    diagnosis = told(run("run-1", "succeeded", task("a", "succeeded", 1)))
    assert diagnosis.outcome == "succeeded"
    assert diagnosis.headline == "Run run-1 succeeded. It has no gate: no task of it has written a decision."


def test_running_run_tells_what_it_is_at_and_what_comes() -> None:
    record = run(
        "run-1",
        "running",
        task("upload-data", "succeeded", 5),
        task("train-model", "running", started=NOON + timedelta(seconds=5), job="7"),
        task("evaluate-model", "pending"),
    )
    diagnosis = told(record)
    assert diagnosis.outcome == "at work"
    assert diagnosis.headline.startswith("Run run-1 is running since ")
    assert diagnosis.headline.endswith(", 1 min 20 s.")
    assert [finding.subject for finding in diagnosis.findings] == ["Train model", "Still to come"]
    assert diagnosis.findings[0].text.endswith(", 1 min 15 s.")
    assert diagnosis.findings[1].text == "Evaluate model."


def test_run_that_has_failed_already_tells_so_while_it_runs() -> None:
    record = run("run-1", "running", task("a", "failed", 1, error="It broke.", job="7"), task("b", "running"))
    assert [finding.text for finding in told(record).findings] == ["It broke.", "At work."]


def test_task_with_a_job_and_no_start_waits_for_a_machine() -> None:
    (finding,) = told(run("run-1", "running", task("train-model", "pending", job="7"))).findings
    assert finding.text == "It waits for a machine."


@pytest.mark.parametrize("state", ["queued", "pending"])
def test_run_that_has_not_begun_waits(state: str) -> None:
    diagnosis = told(run("run-1", state, started=None))
    assert diagnosis.headline.startswith("Run run-1 waits to be begun since ")


def test_run_that_is_being_cancelled_says_so() -> None:
    assert told(run("run-1", "cancelling", task("a", "cancelling"))).headline == "Run run-1 is being cancelled."


def test_cancelled_run_tells_what_it_was_at() -> None:
    record = run("run-1", "cancelled", task("a", "succeeded", 1), task("b", "cancelled", 2), ended=NOON)
    diagnosis = told(record)
    assert diagnosis.outcome == "cancelled"
    assert diagnosis.headline.endswith(", while it was at: B.")
    assert "steps that had ended come from the cache" in diagnosis.findings[0].advice[0]


def test_facts_are_the_runs_own_before_the_configurations() -> None:
    schema = f"gs://bucket/data/{'a' * 64}/mine.toml"
    record = run("run-1", "failed", parameters={"learning_rate": 5.0, "schema": schema}, image="registry/i:2")
    facts = facts_of(record, CLOUD)
    assert (facts["schema"], facts["image"], facts["bucket"]) == ("mine.toml", "registry/i:2", "gs://bucket")
    assert (facts["learning_rate"], facts["less_learning_rate"]) == ("5", "0.5")
    assert (facts["account"], facts["more_memory_gib"]) == ("runs@my-project.iam.gserviceaccount.com", "16")


def test_diagnosis_is_shown_finding_by_finding() -> None:
    record = run("run-1", "failed", task("upload-data", "failed", 1, error="It broke.\nIn two.", job="7"))
    assert diagnosis_text(told(record, Evidence(notes=["Its log cannot be read: no."]))).plain == (
        "✗ Run run-1 failed: Upload data.\n"
        "\n"
        "Upload data\n"
        "  It broke.\n"
        "  In two.\n"
        "  What to try:\n"
        "  - Its whole log: `python -m pipeline logs run-1 upload-data`\n"
        "\n"
        "Its log cannot be read: no."
    )
