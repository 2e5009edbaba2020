"""The commands that look into runs, on runs of a real emulator."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pipeline.config import RunConfig
from pipeline.inspection.diagnosis import diagnose
from pipeline.inspection.evidence import gather
from pipeline.runs.client import Runs
from tests.pipeline.run_records import artifact, run, task
from tests.pipeline.small_runs import SmallRuns, small_runs
from tests.pipeline.workplaces import PARENT, Outcome

pytestmark = pytest.mark.run

Command = Callable[..., Outcome]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallRuns]:
    with small_runs(tmp_path_factory.mktemp("place")) as place:
        place.run("good")
        place.submit("broken", error="it broke\nin two")
        place.submit("held-back", accuracy=0.5)
        place.wait_for("broken")
        place.wait_for("held-back")
        yield place


@pytest.fixture
def command(place: SmallRuns, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("COLUMNS", "200")
    place.captured_by(capsys)
    return place.command


def test_logs_shows_each_task_under_a_heading(command: Command) -> None:
    code, out, err = command("logs", "good")
    assert (code, err) == (0, "")
    headings = [line for line in out.splitlines() if line.startswith("== ")]
    assert headings == [
        "== upload-data (upload-data): succeeded",
        "== Train the model (train-model): succeeded",
        "== evaluate-model (evaluate-model): succeeded",
        "== register-model (register-model): succeeded",
    ]
    upload, train = (out.partition(heading)[2] for heading in headings[:2])
    assert "\nstored iris\n" in upload.partition("\n== ")[0]
    assert "\ntraining\ntrained\n" in train.partition("\n== ")[0]


def test_logs_of_one_task_are_its_lines_alone(command: Command) -> None:
    code, out, err = command("logs", "broken", "train_model")
    assert (code, err) == (0, "")
    assert "==" not in out
    assert out.endswith("ValueError: it broke\nin two\n")


def test_task_named_alone_is_one_of_the_newest_run(command: Command) -> None:
    code, out, _ = command("logs", "evaluate-model")
    assert (code, "==" in out) == (0, False)
    assert "evaluate_model" in out


def test_logs_of_an_unknown_task_or_run_are_refused_with_the_nearest(command: Command) -> None:
    outcome = command("logs", "good", "train-modl")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith('Error: Run good has no task "train-modl". Did you mean "train-model"?')
    outcome = command("logs", "train-modl")
    assert outcome.code == 2
    assert outcome.err.startswith('Error: There is no run "train-modl", and no task of run held-back. Did you mean ')
    outcome = command("logs", "gold")
    assert outcome.code == 2
    assert outcome.err.startswith('Error: There is no run "gold". Did you mean "good"?')


def test_logs_of_a_cached_task_name_the_run_that_made_it(command: Command) -> None:
    outcome = command("logs", "held-back", "train-model")
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err == (
        "It was taken from the cache, so it has no log of its own. Run good made it: "
        "`python -m pipeline logs good train-model`.\n"
    )


def test_task_that_was_not_run_says_so(command: Command) -> None:
    out = command("logs", "held-back").out
    assert out.endswith("== register-model (register-model): not triggered\nIt was not run, so it has no log.\n")


def test_logs_and_why_follow_a_run_that_is_at_work(place: SmallRuns, command: Command) -> None:
    go = place.folder / "go"
    place.submit("slow", wait_for=str(go))
    place.wait_for_training("slow")
    with place.start("logs", "slow", "--follow") as follower:
        assert follower.stdout is not None
        seen = []
        for line in follower.stdout:
            seen.append(line)
            if line == "training\n":
                break
        why = command("why")
        assert why.out.startswith("● Run slow is running since ")
        assert "\n\nTrain the model\n  At work since " in why.out
        assert "\n\nStill to come\n  evaluate-model, register-model.\n" in why.out
        go.touch()
        rest = follower.stdout.read()
    assert follower.returncode == 0
    assert seen[0] == "== upload-data (upload-data): skipped\n" or "upload-data" not in seen[0]
    assert rest.startswith("trained\n")
    assert "\n== evaluate-model (evaluate-model): " in rest


def test_why_names_the_failed_task_its_error_and_its_log(command: Command) -> None:
    code, out, err = command("why", "broken")
    assert (code, err) == (0, "")
    assert out == (
        "✗ Run broken failed: Train the model.\n"
        "\n"
        "Train the model\n"
        "  ValueError: it broke\n"
        "  in two\n"
        "  What to try:\n"
        "  - Its whole log: `python -m pipeline logs broken train-model`\n"
    )


def test_why_names_the_rule_that_held_a_model_back(command: Command) -> None:
    code, out, err = command("why", "held-back")
    assert (code, err) == (0, "")
    assert out.startswith(
        "✗ Run held-back ended as it should, and its model was held back by the gate: Rule floor.\n"
        "\n"
        "Rule floor\n"
        "  Accuracy is 0.5.\n"
        "  It fell short of 0.9000 by 0.4000: 4 more right answers in 10 rows.\n"
    )


def test_error_that_says_nothing_is_looked_for_in_the_log(place: SmallRuns) -> None:
    general = "The replica workerpool0-0 exited with a non-zero status of 1."
    with place.clients() as config:
        record = Runs(config).find("broken")
        tasks = [replace(one, error=general) if one.state == "failed" else one for one in record.tasks]
        record = replace(record, tasks=tasks)
        diagnosis = diagnose(record, config, gather(record, config), datetime.now(UTC))
    assert [finding.text for finding in diagnosis.findings] == ["ValueError: it broke\nin two"]


def test_traffic_is_that_of_now(place: SmallRuns) -> None:
    endpoint = place.emulator.create_endpoint()
    place.emulator.deploy(endpoint, place.emulator.upload())
    for name, traffic in ((endpoint, {"1": 100}), (f"{endpoint}0", None)):
        deployed = task("deploy-model", "succeeded", outputs={"endpoint": artifact(resourceName=name, version="1")})
        with place.clients() as config:
            assert gather(run("run-1", "succeeded", deployed), config).traffic == traffic


def test_log_that_cannot_be_read_becomes_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERTEX_EMULATOR_HOST", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    evidence = gather(run("run-1", "failed", task("a", "failed", job="7")), RunConfig())
    assert evidence.logs == {}
    assert evidence.notes == ["Its log, which would tell more, cannot be read: Cloud Logging cannot be reached."]


def test_why_says_that_all_is_well(command: Command) -> None:
    assert command("why", "good").out == (
        "✓ Run good succeeded: the gate was open, and version 1 is in the registry.\n"
    )


def test_why_tells_what_a_cancelled_run_was_at(place: SmallRuns, command: Command) -> None:
    place.submit("stopped", wait_for="/nowhere", error="never")
    place.wait_for_training("stopped")
    place.emulator.post(f"{PARENT}/pipelineJobs/stopped:cancel")
    place.wait_for("stopped")
    out = command("why", "stopped").out
    assert out.startswith("■ Run stopped was cancelled at ")
    assert ", while it was at: Train the model.\n" in out


def test_diff_shows_what_two_runs_differ_in(command: Command) -> None:
    code, out, err = command("diff", "good", "held-back")
    assert (code, err) == (0, "")
    lines = [line.split() for line in out.splitlines()]
    assert lines[0] == ["good", "held-back"]
    assert ["accuracy", "0.95", "0.5", "-0.45"] in lines
    assert ["gate", "passed", "held", "back"] in lines
    assert ["training", "rows", "10", "10"] not in lines
    assert any(line[:3] == ["Train", "the", "model"] and line[-3:] == ["from", "the", "cache"] for line in lines)
    whole = command("diff", "good", "held-back", "--all").out
    assert ["training", "rows", "10", "10"] in [line.split() for line in whole.splitlines()]


def test_diff_as_json_is_for_programs(command: Command) -> None:
    document = json.loads(command("diff", "good", "broken", "--json").out)
    assert document["runs"] == ["good", "broken"]
    states = [row for row in document["rows"] if row["name"] == "state"]
    assert [(row["left"], row["right"]) for row in states] == [("succeeded", "failed")]


def test_run_does_not_differ_from_itself(command: Command) -> None:
    assert command("diff", "good", "good") == (
        0,
        "",
        "Runs good and good do not differ; `--all` shows what they share.\n",
    )


def test_console_prints_the_address_of_its_page(place: SmallRuns, command: Command) -> None:
    address = f"{place.emulator.address}/console"
    assert command("console") == (0, f"{address}\n", "")
    assert command("console", "good") == (0, f"{address}/{PARENT}/pipelineJobs/good\n", "")
