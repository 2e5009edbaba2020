"""The commands that look into runs, on runs whose training is a custom job of two replicas."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.pipeline.replicated_pipeline import compile_replicated
from tests.pipeline.small_runs import SmallRuns, small_runs
from tests.pipeline.workplaces import PARENT, Outcome

pytestmark = pytest.mark.run

Command = Callable[..., Outcome]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallRuns]:
    with small_runs(tmp_path_factory.mktemp("place"), compile_replicated) as place:
        place.submit("good")
        place.submit("broken", error="it broke\nin two")
        place.wait_for("good")
        place.wait_for("broken")
        yield place


@pytest.fixture
def command(place: SmallRuns, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("COLUMNS", "200")
    place.captured_by(capsys)
    return place.command


def job_of(place: SmallRuns, run_id: str) -> dict[str, str]:
    """The custom job of a run's training."""
    label = place.emulator.get(f"{PARENT}/pipelineJobs/{run_id}")["labels"]["vertex-ai-pipelines-run-billing-id"]
    jobs = place.emulator.get(f"{PARENT}/customJobs")["customJobs"]
    (found,) = [job for job in jobs if job["labels"]["vertex-ai-pipelines-run-billing-id"] == label]
    return {name: found[name].removeprefix(f"{PARENT}/customJobs/") for name in ("name", "state")}


@pytest.mark.parametrize(("run_id", "state"), [("good", "✓ done"), ("broken", "✗ failed")])
def test_show_tells_the_job_its_machines_and_its_replicas(
    place: SmallRuns, command: Command, run_id: str, state: str
) -> None:
    assert (
        f"Train the model: custom job {job_of(place, run_id)['name']} (small-train-model)  {state}\n"
        "  on        2 x n1-standard-4\n"
        "  replicas  workerpool0-0, workerpool1-0\n"
    ) in command("show", run_id).out


def test_show_tells_why_a_job_has_failed(command: Command) -> None:
    told = command("show", "broken").out
    assert "  error     The replica workerpool1-0 exited with a non-zero status of 1.\n" in told
    assert "Train the model: ValueError: it broke\nin two\n" in told


def test_logs_has_the_lines_of_all_replicas_behind_their_names(command: Command) -> None:
    code, out, err = command("logs", "broken", "train-model")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert "workerpool0-0  training as workerpool0" in lines
    assert "workerpool1-0  training as workerpool1" in lines
    assert {line.partition("  ")[0] for line in lines} == {"workerpool0-0", "workerpool1-0"}


def test_logs_of_one_replica_are_its_lines_alone(command: Command) -> None:
    code, out, err = command("logs", "broken", "train-model", "--replica", "workerpool1-0")
    assert (code, err) == (0, "")
    assert "training as workerpool1\nabout to fail\n" in out
    assert "workerpool0" not in out
    assert out.endswith("ValueError: it broke\nin two\n")


def test_replica_that_is_not_there_is_refused_with_the_nearest(command: Command) -> None:
    outcome = command("logs", "good", "--replica", "workerpool1-1")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        'Error: There is no replica "workerpool1-1". Did you mean "workerpool1-0"? '
        "The replicas are workerpool0-0, workerpool1-0.\n"
    )


def test_why_tells_the_error_of_the_job_and_the_log_of_the_replica_that_failed(
    place: SmallRuns, command: Command
) -> None:
    number = job_of(place, "broken")["name"]
    told = command("why", "broken").out
    assert "\n\nTrain the model\n  ValueError: it broke\n  in two\n" in told
    assert (
        f"  Its custom job {number} is failed: The replica workerpool1-0 exited with a non-zero status of 1.\n"
        "  The log of workerpool1-0 ends with:\n"
    ) in told
    assert "    ValueError: it broke\n    in two\n" in told
    assert "`python -m pipeline logs broken train-model --replica workerpool1-0`" in told


def test_logs_follow_both_replicas_of_a_run_at_work(place: SmallRuns) -> None:
    go = place.folder / "go"
    place.submit("slow", wait_for=str(go))
    with place.start("logs", "slow", "train-model", "--follow") as follower:
        assert follower.stdout is not None
        seen: set[str] = set()
        for line in follower.stdout:
            seen.add(line)
            if {f"workerpool{pool}-0  training as workerpool{pool}\n" for pool in (0, 1)} <= seen:
                break
        go.touch()
        rest = follower.stdout.read()
    assert follower.returncode == 0
    assert "Wrote executor output file" in rest
    assert job_of(place, "slow")["state"] == "JOB_STATE_SUCCEEDED"
