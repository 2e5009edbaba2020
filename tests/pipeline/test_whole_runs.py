"""Whole runs, started, interrupted and killed as a user would."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.run_record import list_runs
from tests.pipeline.checkouts import PATIENCE_S, Checkout, checked_out, patience

pytestmark = [pytest.mark.run, pytest.mark.tensorflow]

BUCKET = ".local/vertex/storage/.cloudstorage/local-bucket"
SCHEMA = """
name = "wines"
[[columns]]
name = "colour"
kind = "categorical"
vocabulary = ["red", "white"]
[[columns]]
name = "strength"
kind = "numeric"
unit = "%"
[[columns]]
name = "verdict"
kind = "label"
classes = ["[bad]", "göod"]
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    with checked_out(tmp_path) as checkout:
        checkout.up()
        yield checkout


def write_wines(folder: Path, first_cell: str = "7.5") -> list[str]:
    """Writes tables of the user's own, and returns the options that name them."""
    rows = [
        f"{colour},{strength}.5,{verdict}" for colour, strength, verdict in [("red", 7, "[bad]"), ("white", 13, "göod")]
    ]
    table = "\n".join(["colour,strength,verdict", rows[0].replace("7.5", first_cell, 1), *(rows * 20)]) + "\n"
    (folder / "my [train]*.csv").write_text(table, encoding="utf-8")
    (folder / "my eval.csv").write_text("colour,strength,verdict\nred,8.0,[bad]\nwhite,14.0,göod\n", encoding="utf-8")
    (folder / "my schema.toml").write_text(SCHEMA, encoding="utf-8")
    return ["--train-data", "my [train]*.csv", "--eval-data", "my eval.csv", "--schema", "my schema.toml"]


def test_users_own_tables_need_no_code(checkout: Checkout) -> None:
    code, out, err = checkout.command("run", *write_wines(checkout.folder), "--train-steps", "50")
    assert (code, err) == (0, "")
    assert "✓ Deploy and move the traffic: done after" in out
    assert "         [bad]  göod\n  [bad]      1     0\n  göod       0     1\n" in out
    assert "Decision: passed" in out
    (run,) = list_runs(checkout.folder / "runs")
    asked = json.loads((run.folder / "run.json").read_text(encoding="utf-8"))["runtimeConfig"]["parameterValues"]
    assert re.fullmatch(r"gs://local-bucket/data/[0-9a-f]{64}/my \[train\]\*\.csv", asked["train_data"])
    assert asked["train_steps"] == 50
    code, shown, err = checkout.command("show", run.run_id)
    assert (code, err) == (0, "")
    results = out[out.index("Accuracy") : out.index("Next")]
    assert results.strip() in shown
    for line in results.splitlines():
        if line.startswith(("Report", "Curves", "Logs")):
            assert (checkout.folder / line.split(maxsplit=1)[1]).exists()
    assert "Registered version 1. Traffic: version 1 100 %.\n" in results
    question = "Asked of the endpoint iris-dnn: colour red, strength 8\n  [bad] ("
    assert question in out
    assert out.splitlines()[-1].startswith("  answered by version 1, deployment ")
    assert checkout.processes() == []


def test_bad_cell_is_told_by_the_users_file_line_and_column(checkout: Checkout) -> None:
    code, out, err = checkout.command("run", *write_wines(checkout.folder, first_cell="lots"))
    assert code == 1
    assert "✗ Check and upload data: failed" in out
    assert err.startswith(
        'Error: Check and upload data: my [train]*.csv, line 2, column "strength": received "lots", which is no number'
    )
    (run,) = list_runs(checkout.folder / "runs")
    log = checkout.folder / err.splitlines()[-1].removeprefix("Its log: ")
    assert log == run.tasks[0].log
    assert "Traceback" in log.read_text(encoding="utf-8")
    assert "Traceback" not in out + err
    assert run.outputs("train_dataset") == []


@pytest.mark.parametrize(("number", "times"), [(signal.SIGINT, 1), (signal.SIGINT, 3), (signal.SIGTERM, 1)])
def test_interrupted_run_leaves_no_process(checkout: Checkout, number: signal.Signals, times: int) -> None:
    process = checkout.start("run", "--train-steps", "2000000")
    checkout.wait_for_task("train-model")
    for _ in range(times):
        process.send_signal(number)
        time.sleep(0.2)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert checkout.processes() == []
    (run,) = list_runs(checkout.folder / "runs")
    assert (process.returncode, run.state) == (130, "cancelled")
    assert err == f"Stopped: no process of it is left. The run's folder is runs/{run.run_id}.\n"


@pytest.mark.parametrize("sign", ["runs", f"{BUCKET}/data/*", "runs/dnn-pipeline-*", "runs/*/run.json"])
def test_interrupt_at_any_moment_of_the_start_leaves_no_process(checkout: Checkout, sign: str) -> None:
    process = checkout.start("run", "--train-steps", "2000000")
    for _ in patience():
        if any(checkout.folder.glob(sign)):
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert err.startswith("Stopped")
    assert checkout.processes() == []
    folders = list(checkout.folder.glob("runs/dnn-pipeline-*"))
    assert [run.state for run in list_runs(checkout.folder / "runs")] == ["cancelled"] * len(folders)


def test_interrupt_while_the_services_start_leaves_them_in_order(tmp_path: Path) -> None:
    with checked_out(tmp_path) as checkout:
        process = checkout.start("run")
        for _ in patience():
            if any(checkout.folder.glob(".local/vertex/emulator.log")):
                break
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, err) == (130, "Stopped: no process of the run is left.\n")
        checkout.up()
        checkout.down()
        for _ in patience():
            if not checkout.processes():
                break


def test_killed_command_takes_its_run_along(checkout: Checkout) -> None:
    process = checkout.start("run", "--train-steps", "2000000")
    checkout.wait_for_task("train-model")
    process.kill()
    process.communicate(timeout=PATIENCE_S)
    for _ in patience():
        if not checkout.processes():
            break
    (run,) = list_runs(checkout.folder / "runs")
    assert run.state == "cancelled"


def test_killed_runner_is_told(checkout: Checkout) -> None:
    process = checkout.start("run", "--train-steps", "2000000")
    checkout.wait_for_task("train-model")
    (run,) = list_runs(checkout.folder / "runs")
    os.kill(json.loads((run.folder / "runner.json").read_text())["pid"], signal.SIGKILL)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert err.startswith("Error: The runner ended with exit code -9 before the run was over. Run again. ")
    assert f"{run.run_id}/runner.log ends with:\n" in err
    for _ in patience():
        if not checkout.processes():
            break
    _, out, _ = checkout.command("runs")
    assert "■ stopped" in out
