from __future__ import annotations

import io
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.text import Text

from pipeline.runs.record import RunRecord
from pipeline.runs.view import details, failure, progress, runs_list, shown_path, submitted, summary, task_list
from tests.pipeline.run_records import NOON, ROOT, artifact, run, task

PAGE = "http://127.0.0.1:1/console/projects/local-project/locations/us-central1/pipelineJobs/run-1"
RULES = [
    {"name": "finite", "passed": True, "sentence": "Accuracy and loss are finite."},
    {"name": "floor", "passed": True, "sentence": "Accuracy is 0.9667 (29 of 30 rows)."},
]
DECISION = {"passed": True, "rules": RULES}
KEPT_BACK = {"passed": False, "rules": [RULES[0], {**RULES[1], "passed": False}]}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VERTEX_EMULATOR_HOST", "http://127.0.0.1:1")
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:2")


def evaluated(passed: bool = True, classes: int = 2) -> RunRecord:
    """A run to its end, with metrics, a confusion matrix and a decision."""
    names = ["setosa", "[red]東京"] + [f"class {number}" for number in range(2, classes)]
    matrix = {
        "annotationSpecs": [{"displayName": name} for name in names],
        "rows": [
            {"row": [20.0 if row == column else float(row) for column in range(classes)]} for row in range(classes)
        ],
    }
    outputs = {
        "metrics": artifact(kind="system.Metrics", accuracy=0.96667, loss=0.0661),
        "classification": artifact(kind="system.ClassificationMetrics", confusionMatrix=matrix),
        "report": artifact(f"{ROOT}/run-1/evaluate-model/report.html"),
        "decision": artifact(),
        "model": artifact("gs://bucket/model"),
        "training_log": artifact(f"{ROOT}/run-1/log of it"),
        "train_dataset": artifact(warnings=["Column X is constant."]),
    }
    tasks = [
        task("upload-data", "succeeded", 1.25),
        task("evaluate-model", "succeeded", 75, outputs=outputs, output_parameters={"passed": passed}),
        task("register-model", "not_triggered"),
        task("deploy-model", "not_triggered"),
    ]
    if passed:
        registered = {"registered_model": artifact("gs://bucket/models/iris/2", version="2")}
        endpoint = {"endpoint": artifact("projects/p/endpoints/1", traffic={"1": 0.0, "2": 100.0}, smoke="task")}
        tasks[2:] = [
            task("register-model", "succeeded", 0.5, outputs=registered),
            task("deploy-model", "succeeded", 2.5, outputs=endpoint),
        ]
    return run("run-1", "succeeded", *tasks, ended=NOON + timedelta(seconds=80))


def printed(text: Text) -> str:
    console = Console(file=io.StringIO(), width=40)
    with console.capture() as capture:
        console.print(text, soft_wrap=True)
    return capture.get()


def test_task_list_tells_state_and_time_of_each() -> None:
    tasks = [
        task("upload-data", "skipped", 0),
        task("train-model", "failed", 75),
        task("evaluate-model", "succeeded", 1.25),
        task("register-model", "not_triggered", 0),
    ]
    assert printed(task_list(run("run-1", "failed", *tasks))) == (
        "✓  Upload data     from the cache\n"
        "✗  Train model     failed          1 min 15 s\n"
        "✓  Evaluate model  done            1.2 s\n"
        "-  Register model  not run\n"
    )


def test_task_at_work_is_timed_until_now() -> None:
    text = printed(task_list(run("run-1", "running", task("upload-data", "running", started=NOON))))
    assert text.endswith((" min\n", " s\n"))


def test_summary_tells_what_a_run_has_come_to() -> None:
    python = shown_path(sys.executable)
    python = "python" if python.startswith("/") else python
    assert printed(summary(evaluated(), DECISION)) == (
        "! Column X is constant.\n"
        "\n"
        "Accuracy 0.9667   Loss 0.0661\n"
        "\n"
        "Confusion matrix: a row for each class, a column for each answer\n"
        "             setosa  [red]東京\n"
        "  setosa         20          0\n"
        "  [red]東京       1         20\n"
        "\n"
        "Decision: passed\n"
        "  ✓ Accuracy and loss are finite.\n"
        "  ✓ Accuracy is 0.9667 (29 of 30 rows).\n"
        "\n"
        "Registered version 2. Traffic: version 2 100 %, version 1 0 %. "
        "It answered its smoke test in the deployment task.\n"
        "\n"
        "Report   http://127.0.0.1:1/console/report?uri=gs%3A//bucket/pipeline-root/run-1/evaluate-model/report.html\n"
        "Model    gs://bucket/models/iris/2\n"
        "Curves   gs://bucket/pipeline-root/run-1/log of it\n"
        f"Console  {PAGE}\n"
        "\n"
        "Next\n"
        f"  {python} -m pipeline show run-1\n"
        f"  {python} -m pipeline tensorboard run-1\n"
    )


def test_summary_tells_what_a_search_has_chosen() -> None:
    trial = {"job": "j/1", "id": "3", "metric": "loss", "value": 0.04711, "parameters": {"num_layers": "2"}}
    searched = run("run-1", "succeeded", task("choose-trial", "succeeded", outputs={"trials": artifact(trial=trial)}))
    assert "Tuned: num_layers 2, of trial 3 with loss 0.04711 on rows that validate." in printed(summary(searched, {}))


def test_summary_of_a_model_that_was_kept_back_says_why() -> None:
    text = printed(summary(evaluated(passed=False), KEPT_BACK))
    assert "Decision: kept back\n  ✓ Accuracy and loss are finite.\n  ✗ Accuracy is 0.9667" in text
    assert "\nNo version was registered; what served before still serves.\n" in text
    assert "\nModel    gs://bucket/model\n" in text
    assert " -m pipeline why run-1\n" in text
    assert " why " not in printed(summary(evaluated(), DECISION))


def test_summary_leaves_a_large_confusion_matrix_to_the_report() -> None:
    text = printed(summary(evaluated(classes=21), DECISION))
    assert "Confusion matrix: 21 classes, too many for a terminal; the report has it.\n" in text


def test_summary_without_a_decision_leaves_it_out() -> None:
    assert "Decision" not in printed(summary(evaluated(), {}))


def test_failure_is_the_tasks_own_error_and_how_to_learn_more() -> None:
    failed = run("run-1", "failed", task("upload-data", "failed", 1, error="train.csv, line 3: blank cell."))
    sentence = "Upload data: train.csv, line 3: blank cell."
    told, more = failure(failed).splitlines()
    assert told == sentence
    assert more.endswith(" -m pipeline why run-1` tells what to try.")
    text = printed(details(failed, {}))
    assert text.startswith(f"✗ run-1  failed\n\n✗  Upload data  failed  1.0 s\n\n{sentence}\n")


def test_details_end_with_where_the_run_comes_from() -> None:
    labelled = run("run-1", "succeeded", labels={"managed-by": "dnn-pipeline", "git-sha": "a" * 40})
    assert printed(details(labelled, {})).endswith(f"{PAGE}\n\nLabels   git-sha=aaaaaaaaaaaa\n")


@pytest.mark.parametrize(
    ("error", "told"), [("The disk is full.", "The disk is full."), ("", "Vertex AI does not say why.")]
)
def test_failure_of_the_run_itself_is_told(error: str, told: str) -> None:
    assert failure(run("run-1", "failed", error=error)).startswith(f"Run run-1 failed: {told}\n")


def test_submitted_run_is_told_with_its_page_and_what_to_do() -> None:
    lines = printed(submitted(run("run-1", "pending").name, ["--profile", "my own"])).splitlines()
    assert lines[:4] == ["Submitted run-1.", f"Console  {PAGE}", "", "Next"]
    assert [line.split(" -m pipeline ")[1] for line in lines[4:]] == [
        f"{command} run-1 --profile 'my own'" for command in ("show", "logs", "cancel")
    ]


def test_runs_are_listed_with_their_outcome() -> None:
    runs = [
        evaluated(),
        evaluated(passed=False),
        run("run-3", "pending", started=None),
        run("run-4", "queued", created=None, started=None),
        run("run-5", "odd_state"),
    ]
    time = NOON.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    assert printed(runs_list(runs)).splitlines() == [
        "Run    State        Started              Duration    Accuracy  Decision",
        f"run-1  ✓ done       {time}  1 min 20 s  0.9667    passed",
        f"run-1  ✓ done       {time}  1 min 20 s  0.9667    kept back",
        f"run-3  ○ waiting    {time}",
        "run-4  ○ queued",
        f"run-5  ? odd state  {time}",
    ]


def test_progress_elsewhere_than_on_a_terminal_is_a_line_a_change() -> None:
    console = Console(file=io.StringIO(), width=20)
    states: list[tuple[str, dict[str, Any]]] = [
        ("pending", {}),
        ("running", {}),
        ("succeeded", {"seconds": 2.0}),
        ("skipped", {"seconds": 0.0}),
    ]
    with console.capture() as capture, progress(console) as follow:
        for state, given in states:
            for _ in range(2):
                follow(run("run-1", "running", task("upload-data", state, **given)))
    assert capture.get() == "● Upload data: running\n✓ Upload data: done after 2.0 s\n✓ Upload data: from the cache\n"


def test_progress_on_a_terminal_is_one_list() -> None:
    file = io.StringIO()
    console = Console(file=file, width=80, force_terminal=True)
    with progress(console) as follow:
        follow(run("run-1", "running", task("upload-data", "succeeded", 2)))
    assert "Upload data" in file.getvalue()


def test_path_is_shown_from_the_current_folder(tmp_path: Path) -> None:
    assert shown_path(str(tmp_path / "a" / "x")) == shown_path("a/x") == "a/x"
    assert shown_path(str(tmp_path.parent)) == str(tmp_path.parent)
    assert shown_path(f"{tmp_path}-other/x") == f"{tmp_path}-other/x"
