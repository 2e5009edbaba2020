"""Whole runs, started, interrupted and killed as a user would."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pipeline.run_record import list_runs

pytestmark = [pytest.mark.run, pytest.mark.tensorflow]

ROOT = Path(__file__).resolve().parents[2]
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
ODD_NAME = "a  b* [c] d? 'e' \"f\" $HOME $x {y};&é#%20"
PATIENCE_S = 120.0


@dataclass
class Checkout:
    """The project in a folder of an odd name, and what is started there."""

    folder: Path
    marker: str = field(default_factory=lambda: uuid.uuid4().hex)
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Starts a command in a session of its own, as a terminal does."""
        process = subprocess.Popen(
            [sys.executable, "-m", "pipeline", *arguments],
            cwd=self.folder,
            env={**os.environ, "RUN_MARKER": self.marker},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def command(self, *arguments: str) -> tuple[int, str, str]:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=PATIENCE_S)
        return process.returncode, out, err

    def processes(self) -> list[int]:
        """Processes started by a command here, and by those in turn."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if f"RUN_MARKER={self.marker}\0".encode() in (folder / "environ").read_bytes():
                    found.append(int(folder.name))
            except OSError:
                continue
        return found

    def wait_for_task(self, name: str) -> None:
        """Waits until a task of the newest run is at work, in a process of its own below three others."""
        for _ in patience():
            assert self.started[-1].poll() is None, self.started[-1].communicate()
            runs = list_runs(self.folder / "runs")
            tasks = runs[0].tasks if runs else ()
            is_running = any((task.name, task.state) == (name, "running") for task in tasks)
            if is_running and len(self.processes()) >= 4:
                return


def patience() -> Iterator[None]:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        yield
        time.sleep(0.01)
    pytest.fail(f"It did not happen within {PATIENCE_S} s.")


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    folder = tmp_path / ODD_NAME
    folder.mkdir()
    for room in ("trainer", "components", "pipeline", "emulator", "data"):
        # Links and not copies, so that coverage knows the files.
        (folder / room).symlink_to(ROOT / room)
    checkout = Checkout(folder)
    yield checkout
    for pid in checkout.processes():
        os.kill(pid, signal.SIGKILL)
    for process in checkout.started:
        process.communicate()


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
    assert "✓ Approve the model: done after" in out
    assert "         [bad]  göod\n  [bad]      1     0\n  göod       0     1\n" in out
    assert "Decision: passed" in out
    (run,) = list_runs(checkout.folder / "runs")
    asked = json.loads((run.folder / "run.json").read_text(encoding="utf-8"))["runtimeConfig"]["parameterValues"]
    assert Path(asked["train_data"]).name == "my [train]*.csv"
    assert Path(asked["train_data"]).is_relative_to(checkout.folder / "runs" / "data")
    assert asked["train_steps"] == 50
    code, shown, err = checkout.command("show", run.run_id)
    assert (code, err) == (0, "")
    results = out[out.index("Accuracy") : out.index("Next")]
    assert results.strip() in shown
    for line in results.splitlines():
        if line.startswith(("Report", "Model", "Curves", "Logs")):
            assert (checkout.folder / line.split(maxsplit=1)[1]).exists()
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
    assert err == f"Stopped: no process is left. The run's folder is runs/{run.run_id}.\n"


@pytest.mark.parametrize("sign", ["runs", "runs/data/*", "runs/dnn-pipeline-*", "runs/*/run.json"])
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
