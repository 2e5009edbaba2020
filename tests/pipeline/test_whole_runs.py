"""Whole runs, started, repeated and interrupted as a user would."""

from __future__ import annotations

import random
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.patience import eventually, patience_s, slowness
from tests.pipeline.checkouts import Checkout, checked_out

pytestmark = [pytest.mark.run, pytest.mark.tensorflow]

STATE = ".local/vertex"
OBJECTS = f"{STATE}/storage/objects"
RUNS = f"{STATE}/runs/local-project/us-central1"
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
WINES = ["--train-data", "my [train]*.csv", "--eval-data", "my eval.csv", "--schema", "my schema.toml"]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A folder with tables of the user's own, and the local services."""
    with checked_out(tmp_path_factory.mktemp("checkout")) as checkout:
        write_wines(checkout.folder)
        (checkout.folder / "my schema.toml").write_text(SCHEMA, encoding="utf-8")
        checkout.up()
        yield checkout


def write_wines(folder: Path, first_cell: str = "7.5") -> None:
    rows = [
        f"{colour},{strength}.5,{verdict}" for colour, strength, verdict in [("red", 7, "[bad]"), ("white", 13, "göod")]
    ]
    table = "\n".join(["colour,strength,verdict", rows[0].replace("7.5", first_cell, 1), *(rows * 20)]) + "\n"
    (folder / "my [train]*.csv").write_text(table, encoding="utf-8")
    (folder / "my eval.csv").write_text("colour,strength,verdict\nred,8.0,[bad]\nwhite,14.0,göod\n", encoding="utf-8")


def run_of(out: str) -> str:
    """The id of the run that a command has told of first."""
    return out.split()[1]


def test_users_own_tables_need_no_code(checkout: Checkout) -> None:
    code, out, err = checkout.command("run", *WINES, "--train-steps", "50")
    assert (code, err) == (0, "")
    assert "✓ Deploy and move the traffic: done after" in out
    assert "         [bad]  göod\n  [bad]      1     0\n  göod       0     1\n" in out
    assert "Decision: passed" in out
    (run,) = checkout.runs()
    asked = run["runtimeConfig"]["parameterValues"]
    assert re.fullmatch(r"gs://local-bucket/data/[0-9a-f]{64}/my \[train\]\*\.csv", asked["train_data"])
    assert asked["train_steps"] == 50
    assert set(run["labels"]) >= {"managed-by", "data-sha", "config-sha", "image-tag"}
    code, shown, err = checkout.command("show", run_of(out))
    assert (code, err) == (0, "")
    results = out[out.index("Accuracy") : out.index("Next")]
    assert results.strip() in shown
    assert "Registered version 1. Traffic: version 1 100 %. It answered its smoke test in" in results
    question = "Asked of the endpoint iris-dnn: colour red, strength 8\n  [bad] ("
    assert question in out
    assert out.splitlines()[-1].startswith("  answered by version 1, deployment ")


def test_curves_of_a_run_are_fetched(checkout: Checkout) -> None:
    process = checkout.start("tensorboard", "--port", "0")
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("TensorBoard ") and " at http://localhost:" in line:
            break
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=patience_s())
    folder = re.fullmatch(r"The curves are in (.*); Ctrl-C ends TensorBoard\.\n", out)
    assert folder
    assert [*(checkout.folder / folder[1]).rglob("*tfevents*")]


def test_same_data_is_neither_checked_nor_learned_again(checkout: Checkout) -> None:
    code, out, err = checkout.command("run", *WINES, "--train-steps", "50")
    assert (code, err) == (0, "")
    assert "✓ Check and upload data: from the cache\n✓ Train the DNN: from the cache\n" in out
    assert "✓ Evaluate and decide: done after" in out


def test_changed_byte_is_checked_and_learned(checkout: Checkout) -> None:
    write_wines(checkout.folder, first_cell="7.6")
    code, out, err = checkout.command("run", *WINES, "--train-steps", "50")
    assert (code, err) == (0, "")
    states = checkout.states(run_of(out))
    assert (states["upload-data"], states["train-model"]) == ("SUCCEEDED", "SUCCEEDED")
    now, before, first = (run["labels"] for run in checkout.runs())
    assert now["data-sha"] != before["data-sha"] == first["data-sha"]
    assert now["config-sha"] == before["config-sha"]


def test_training_on_a_machine_of_its_own_is_a_custom_job_that_learns_the_same(checkout: Checkout) -> None:
    (before, *_) = checkout.runs()
    machine = ["--training-machine-type", "n1-standard-4"]
    code, out, err = checkout.command("run", *WINES, "--train-steps", "50", *machine)
    assert (code, err) == (0, "")
    assert "✓ Check and upload data: from the cache\n" in out
    assert "✓ Train the DNN: done after" in out
    _, told, _ = checkout.command("show", run_of(out))
    assert re.search(r"\nTrain the DNN: custom job \d+ \(dnn-pipeline-train-model\)  ✓ done\n", told)
    assert "  on        1 x n1-standard-4\n" in told
    assert "accuracy 1.0000, loss " in checkout.command("logs", run_of(out), "train-model")[1]
    now, was = (run["labels"] for run in (checkout.runs()[0], before))
    assert (now["image-tag"], now["data-sha"]) == (was["image-tag"], was["data-sha"])
    assert now["config-sha"] != was["config-sha"]
    _, plan, _ = checkout.command("plan", *WINES, "--train-steps", "50", *machine)
    assert f"Train the DNN: cached, from run {run_of(out)}\n" in plan


def test_bad_cell_is_told_by_the_users_file_line_and_column(checkout: Checkout) -> None:
    write_wines(checkout.folder, first_cell="lots")
    code, out, err = checkout.command("run", *WINES)
    assert code == 1
    assert "✗ Check and upload data: failed" in out
    assert err.startswith(
        'Error: Check and upload data: my [train]*.csv, line 2, column "strength": received "lots", which is no number'
    )
    assert "Traceback" not in out + err
    for command in ("show", "why"):
        code, told, err = checkout.command(command, run_of(out))
        assert (code, err) == (0, "")
        assert 'my [train]*.csv, line 2, column "strength": received "lots"' in told
    assert "  - Correct the file where it is wrong, or the data contract (my schema.toml) where" in told


@pytest.mark.parametrize(("number", "times"), [(signal.SIGINT, 3), (signal.SIGTERM, 1)])
def test_interrupted_run_is_cancelled_and_leaves_no_process(
    checkout: Checkout, number: signal.Signals, times: int
) -> None:
    before = checkout.processes()
    process = checkout.start("run", "--train-steps", "2000000")
    run_id = checkout.wait_for_task("train-model")
    for _ in range(times):
        process.send_signal(number)
        time.sleep(0.2)
    _, err = process.communicate(timeout=patience_s())
    assert (process.returncode, err) == (130, f"Stopped: run {run_id} is cancelled.\n")
    assert checkout.runs()[0]["state"] == "PIPELINE_STATE_CANCELLED"
    assert checkout.states(run_id)["train-model"] == "CANCELLED"
    assert checkout.processes() == before


@pytest.mark.parametrize("sign", [f"{OBJECTS}/*", f"{RUNS}/iris-start-*"])
def test_interrupt_at_any_moment_of_the_start_leaves_no_run(checkout: Checkout, sign: str) -> None:
    before, known = checkout.processes(), set(checkout.folder.glob(sign))
    # A name of its own, as its compiled file lies in the bucket already otherwise.
    process = checkout.start("run", "--train-steps", "2000000", "--pipeline-name", f"iris-start-{len(sign)}")
    eventually(lambda: set(checkout.folder.glob(sign)) - known)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=patience_s())
    assert process.returncode == 130
    assert re.fullmatch(r"Stopped: (nothing was submitted|run iris-start-\d+-\d{14} is cancelled)\.\n", err)
    assert {run["state"] for run in checkout.runs()} <= {
        "PIPELINE_STATE_CANCELLED",
        "PIPELINE_STATE_FAILED",
        "PIPELINE_STATE_SUCCEEDED",
    }
    assert checkout.processes() == before


def test_killed_command_leaves_its_run_to_be_cancelled(checkout: Checkout) -> None:
    process = checkout.start("run", "--train-steps", "2000000")
    run_id = checkout.wait_for_task("train-model")
    process.kill()
    process.communicate(timeout=patience_s())
    code, out, _ = checkout.command("runs", "--state", "running")
    assert code == 0
    assert out.splitlines()[1].startswith(f"{run_id}  ● running")
    assert checkout.command("cancel", run_id)[0] == 0
    eventually(lambda: checkout.runs()[0]["state"] == "PIPELINE_STATE_CANCELLED")


def test_interrupt_while_the_services_start_leaves_them_in_order(tmp_path: Path) -> None:
    with checked_out(tmp_path) as checkout:
        process = checkout.start("run")
        eventually(lambda: [*checkout.folder.glob(f"{STATE}/emulator.log")])
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=patience_s())
        assert (process.returncode, err) == (130, "Stopped: nothing was submitted.\n")
        checkout.up()
        checkout.down()
        eventually(lambda: not checkout.processes())


def test_background_job_of_a_shell_is_cancelled_by_sigterm_alone(checkout: Checkout) -> None:
    before = checkout.processes()
    # As a shell does for a background job, whose group the terminal may interrupt.
    heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
    process = checkout.start("run", "--train-steps", "2000000")
    signal.signal(signal.SIGINT, heard)
    process.send_signal(signal.SIGINT)
    run_id = checkout.wait_for_task("train-model")
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=patience_s())
    assert (process.returncode, err) == (130, f"Stopped: run {run_id} is cancelled.\n")
    assert checkout.processes() == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_at_random_moments_ends_a_run_with_130(checkout: Checkout, number: signal.Signals) -> None:
    before, draws = checkout.processes(), random.Random(int(number))  # noqa: S311 - the same moments each time
    for _ in range(2):
        process = checkout.start("run", "--train-steps", "2000000")
        # Up to what a start takes on an idle machine, and a little of the training.
        time.sleep(draws.uniform(0.5, 8) * slowness())
        process.send_signal(number)
        process.communicate(timeout=patience_s())
        # Python itself, before it has begun with the command, dies of the signal.
        assert process.returncode in {130, -number}
        assert checkout.processes() == before
    over = {"PIPELINE_STATE_CANCELLED", "PIPELINE_STATE_FAILED", "PIPELINE_STATE_SUCCEEDED"}
    assert {run["state"] for run in checkout.runs()} <= over


def test_interrupt_ends_other_commands_too(checkout: Checkout) -> None:
    run = checkout.start("run", "--train-steps", "2000000")
    run_id = checkout.wait_for_task("train-model")
    logs = checkout.start("logs", run_id, "--follow")
    assert logs.stdout is not None
    assert logs.stdout.readline()
    logs.send_signal(signal.SIGINT)
    _, err = logs.communicate(timeout=patience_s())
    assert (logs.returncode, err) == (130, "")
    run.send_signal(signal.SIGTERM)
    run.communicate(timeout=patience_s())
    assert run.returncode == 130
