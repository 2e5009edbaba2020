from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from rich.console import Console
from rich.text import Text

from pipeline.run_record import read_run
from pipeline.run_view import details, failure, progress, runs_list, shown_path, summary, task_list
from tests.pipeline.run_folders import live_runner, moment, task, write_evaluated_run, write_run


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def printed(text: Text) -> str:
    console = Console(file=io.StringIO(), width=40)
    with console.capture() as capture:
        console.print(text, soft_wrap=True)
    return capture.get()


def test_task_list_tells_state_and_time_of_each(here: Path) -> None:
    folder = write_run(
        here,
        "run-1",
        "FAILED",
        task("upload-data", "SUCCEEDED", 1.25),
        task("train-model", "FAILED", 75),
        task("register-model", "NOT_TRIGGERED"),
    )
    assert printed(task_list(read_run(folder))) == (
        "✓  Check and upload data  done     1.2 s\n"
        "✗  Train the DNN          failed   1 min 15 s\n"
        "-  Register the version   not run\n"
    )


def test_task_at_work_is_timed_until_now(here: Path) -> None:
    folder = write_run(here, "run-1", "RUNNING", task("upload-data", "RUNNING", startTime=moment(0)))
    with live_runner(folder):
        assert " h " in printed(task_list(read_run(folder))) or " min " in printed(task_list(read_run(folder)))


def test_task_of_a_dead_runner_is_stopped(here: Path) -> None:
    folder = write_run(here, "run-1", "RUNNING", task("upload-data", "RUNNING", startTime=moment(0)))
    assert "■  Check and upload data  stopped" in printed(task_list(read_run(folder)))


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (59.94, "59.9 s"), (60, "1 min 00 s"), (3599.6, "1 h 00 min")]
)
def test_times_are_told_in_fitting_units(here: Path, seconds: float, text: str) -> None:
    folder = write_run(here, "run-1", "SUCCEEDED", task("upload-data", "SUCCEEDED", seconds))
    assert printed(task_list(read_run(folder))).strip().endswith(f"done  {text}")


def test_summary_tells_what_a_run_has_come_to(here: Path) -> None:
    folder = write_evaluated_run(here / "runs", "run-1", passed=True)
    python = shown_path(sys.executable)
    python = "python" if python.startswith("/") else python
    assert printed(summary(read_run(folder))) == (
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
        "Registered version 2. Traffic: version 2 100 %, version 1 0 %.\n"
        "\n"
        "Report  runs/run-1/root/report\n"
        "Model   gs://bucket/models/iris/2\n"
        "Curves  runs/run-1/root/log of it\n"
        "Logs    runs/run-1/tasks\n"
        "\n"
        "Next\n"
        f"  {python} -m pipeline show run-1\n"
        f"  {python} -m tensorboard.main --logdir 'runs/run-1/root/log of it'\n"
    )


def test_summary_of_a_model_that_was_kept_back_says_why(here: Path) -> None:
    folder = write_evaluated_run(here / "runs", "run-1", passed=False)
    text = printed(summary(read_run(folder)))
    assert "Decision: kept back\n  ✓ Accuracy and loss are finite.\n  ✗ Accuracy is 0.9667" in text
    assert "\nNo version was registered; what served before still serves.\n" in text
    assert "\nModel   gs://bucket/model\n" in text


def test_summary_leaves_a_large_confusion_matrix_to_the_report(here: Path) -> None:
    folder = write_evaluated_run(here / "runs", "run-1", passed=True, classes=21)
    text = printed(summary(read_run(folder)))
    assert "Confusion matrix: 21 classes, too many for a terminal; the report has it.\n" in text


def test_summary_of_a_run_elsewhere_names_its_folder(here: Path) -> None:
    text = printed(summary(read_run(write_run(here / "my runs", "run-1", "SUCCEEDED"))))
    assert text.endswith(" -m pipeline show run-1 --runs-dir 'my runs'\n")


def test_summary_without_a_decision_file_leaves_it_out(here: Path) -> None:
    folder = write_evaluated_run(here / "runs", "run-1", passed=True)
    for text in ("[]", "{"):
        (here / "runs" / "run-1-decision").write_text(text)
        assert "Decision" not in printed(summary(read_run(folder)))


def test_failure_is_the_tasks_own_error_and_its_log(here: Path) -> None:
    error = {"error": {"message": "train.csv, line 3: blank cell."}}
    folder = write_run(here / "runs", "run-1", "FAILED", task("upload-data", "FAILED", 1, **error))
    sentence = "Check and upload data: train.csv, line 3: blank cell.\nIts log: runs/run-1/tasks/upload-data/log.txt"
    assert failure(read_run(folder)) == sentence
    assert f"✗ run-1  failed  \n\n✗  Check and upload data  failed  1.0 s\n\n{sentence}" in printed(
        details(read_run(folder))
    )


def test_failure_of_the_run_itself_is_told(here: Path) -> None:
    folder = write_run(here / "runs", "run-1", "FAILED", error={"message": "The disk is full."})
    assert failure(read_run(folder)) == "Run run-1: The disk is full.\nIts log: runs/run-1/runner.log"


def test_death_of_a_runner_is_told(here: Path) -> None:
    text = printed(details(read_run(write_run(here / "runs", "run-1", "RUNNING"))))
    assert "Run run-1: its runner died before the run had ended. Start the run again.\n" in text


def test_runs_are_listed_with_their_outcome(here: Path) -> None:
    runs = [
        read_run(write_evaluated_run(here / "runs", "run-1", passed=True)),
        read_run(write_evaluated_run(here / "runs", "run-2", passed=False)),
        read_run(write_run(here / "runs", "run-3", "RUNNING")),
        read_run(here / "runs" / "absent"),
    ]
    started = runs[0].started
    assert started is not None
    time = started.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    assert printed(runs_list(runs)).splitlines() == [
        "Run     State         Started              Duration    Accuracy  Decision",
        f"run-1   ✓ done        {time}  1 min 20 s  0.9667    passed",
        f"run-2   ✓ done        {time}  1 min 20 s  0.9667    kept back",
        f"run-3   ■ stopped     {time}",
        "absent  ? unreadable",
    ]


def test_progress_elsewhere_than_on_a_terminal_is_a_line_a_change(here: Path) -> None:
    console = Console(file=io.StringIO(), width=20)
    with console.capture() as capture, progress(console) as follow:
        for number, (state, seconds) in enumerate([("PENDING", None), ("RUNNING", None), ("SUCCEEDED", 2.0)]):
            run = read_run(write_run(here, f"run-{number}", "SUCCEEDED", task("upload-data", state, seconds)))
            follow(run)
            follow(run)
    assert capture.get() == ("● Check and upload data: running\n✓ Check and upload data: done after 2.0 s\n")


def test_progress_on_a_terminal_is_one_list(here: Path) -> None:
    file = io.StringIO()
    console = Console(file=file, width=80, force_terminal=True)
    with progress(console) as follow:
        follow(read_run(write_run(here, "run-1", "SUCCEEDED", task("upload-data", "SUCCEEDED", 2))))
    assert "Check and upload data" in file.getvalue()


def test_path_is_shown_from_the_current_folder(here: Path) -> None:
    assert shown_path(here / "runs" / "x") == shown_path("runs/x") == "runs/x"
    assert shown_path(here.parent) == str(here.parent)
    assert shown_path(f"{here}-other/x") == f"{here}-other/x"
