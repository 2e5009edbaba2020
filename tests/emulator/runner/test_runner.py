from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import pytest

from emulator.runner.run_folder import is_claimed, read_job
from emulator.runner.run_json import task_folder
from tests.emulator.runner.conftest import Runner
from tests.patience import eventually, patience_s

pytestmark = pytest.mark.run


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] not in b"ZX"
    except FileNotFoundError:
        return False


def pids_of_waiting(runner: Runner) -> list[int]:
    """The processes of the pipeline `waiting`, once both of its tasks are at work."""
    files = [runner.folder / f"{name}.pids" for name in ("left", "right")]
    eventually(lambda: all(file.exists() for file in files))
    return [int(pid) for file in files for pid in file.read_text(encoding="utf-8").split()]


def test_runner_runs_every_task_whose_gate_is_open(whole_run: Runner) -> None:
    assert whole_run.job["state"] == "PIPELINE_STATE_SUCCEEDED"
    assert whole_run.states == {
        "for-loop-5": "SUCCEEDED",
        "for-loop-5-iteration-0": "SUCCEEDED",
        "for-loop-5-iteration-0.say-4": "SUCCEEDED",
        "for-loop-5-iteration-1": "SUCCEEDED",
        "for-loop-5-iteration-1.say-4": "SUCCEEDED",
        "make-rows": "SUCCEEDED",
        "make-rows-2": "SUCCEEDED",
        "count-rows": "SUCCEEDED",
        "count-rows-2": "SUCCEEDED",
        "condition-1": "SUCCEEDED",
        "condition-1.say-2": "SUCCEEDED",
        "condition-2": "NOT_TRIGGERED",
        "condition-2.say-3": "NOT_TRIGGERED",
        "say": "SUCCEEDED",
        "condition-3": "SUCCEEDED",
        "condition-3.inner": "SUCCEEDED",
        "condition-3.inner.say": "SUCCEEDED",
    }


def test_runner_records_parameters_of_a_run_and_of_its_tasks(whole_run: Runner) -> None:
    tasks = whole_run.details
    assert whole_run.job["createTime"] < whole_run.job["startTime"] < whole_run.job["endTime"]
    assert whole_run.job["runtimeConfig"]["parameterValues"] == {"first": 3}
    assert tasks[""]["execution"]["metadata"] == {"input:first": 3, "input:note": None}
    assert tasks["say"]["execution"]["metadata"] == {
        "input:text": "3 rows, 3 counted",
        "output:Output": 'it\'s "3 rows, 3 counted"',
    }
    assert tasks["count-rows"]["execution"]["metadata"] == {
        "output:count": 3,
        "output:enough": True,
        "output:share": 0.75,
    }


def test_runner_gives_tasks_that_share_a_component_artifacts_of_their_own(whole_run: Runner) -> None:
    made = [whole_run.details[name]["outputs"]["rows"]["artifacts"][0] for name in ("make-rows", "make-rows-2")]
    assert [artifact["metadata"] for artifact in made] == [{"count": 3}, {"count": 1}]
    assert [Path(artifact["uri"]).read_text(encoding="utf-8") for artifact in made] == ["row\n" * 3, "row\n"]
    assert whole_run.details["count-rows-2"]["inputs"]["rows"]["artifacts"] == [made[1]]
    assert made[0]["uri"] == str(whole_run.output.root / "run" / "make-rows" / "rows")


def test_runner_keeps_the_log_of_each_task(whole_run: Runner) -> None:
    logs = {
        name: whole_run.output.task_log(task_folder(whole_run.job, task))
        for name, task in whole_run.details.items()
        if task["execution"]["schemaTitle"] == "system.ContainerExecution" and task["state"] == "SUCCEEDED"
    }
    assert "counted here 3" in logs["count-rows"].read_text(encoding="utf-8")
    assert "again 2" in logs["for-loop-5-iteration-1.say-4"].read_text(encoding="utf-8")
    assert len(set(logs.values())) == len(logs) == 9
    assert logs["condition-1.say-2"].parent.name == "say-2"


def test_runner_writes_what_the_sdk_of_vertex_ai_reads(whole_run: Runner) -> None:
    from google.cloud.aiplatform_v1 import PipelineJob, PipelineState
    from google.protobuf import json_format

    job = PipelineJob(json_format.ParseDict(whole_run.job, PipelineJob.pb()(), ignore_unknown_fields=False))
    assert job.state == PipelineState.PIPELINE_STATE_SUCCEEDED
    assert job.name.endswith("/pipelineJobs/run")
    assert {task.parent_task_id for task in job.job_detail.task_details if task.task_name == "make-rows"} == {1}


def test_runner_keeps_what_was_asked_and_leaves_nothing_else(whole_run: Runner) -> None:
    folder = whole_run.output
    assert folder.pipeline.read_text(encoding="utf-8") == (whole_run.folder / "whole.yaml").read_text("utf-8")
    assert json.loads(folder.parameters.read_text(encoding="utf-8")) == {"first": 3.0}
    assert list(whole_run.temporary.iterdir()) == []
    names = {path.name for path in folder.path.iterdir()}
    assert names == {
        "parameters.json",
        "pipeline.yaml",
        "root",
        "run.json",
        "runner.json",
        "runner.log",
        "tasks",
    }
    assert not is_claimed(folder)


def test_runner_tells_the_error_of_a_failed_task(runner: Runner) -> None:
    done = runner.run("breaking", {"hint": "it's $HOME"})
    cause = "ValueError: first line\nsecond line, it's $HOME"
    assert done.returncode == 1
    assert done.stderr.endswith(f"breaks: {cause}\n")
    assert runner.job["error"] == {
        "code": 9,
        "message": "The DAG failed because some tasks failed. The failed tasks are: [breaks].",
    }
    assert runner.details["breaks"]["error"] == {"code": 9, "message": cause}
    assert runner.states == {"breaks": "FAILED", "say": "NOT_TRIGGERED"}
    log = runner.output.task_log("breaks").read_text(encoding="utf-8")
    assert log.count("about to break") == 2
    assert "--- Attempt 2 ---" in log


def test_runner_closes_a_gate_on_nan(runner: Runner) -> None:
    assert runner.run("measuring", {}).returncode == 0
    assert runner.details["measures"]["execution"]["metadata"] == {"output:Output": "NaN"}
    assert runner.states["condition-branches-1.condition-2.say"] == "NOT_TRIGGERED"
    said = runner.details["condition-branches-1.condition-3.say-2"]
    assert said["state"] == "SUCCEEDED"
    assert said["execution"]["metadata"]["input:text"] == f"not good: {runner.job['name']}"


@pytest.mark.parametrize(("how", "deaf"), [(signal.SIGTERM, True), (signal.SIGINT, False), ("stdin", False)])
def test_runner_stopped_leaves_no_process(runner: Runner, how: signal.Signals | str, deaf: bool) -> None:
    command = runner.command("waiting", {"folder": str(runner.folder), "deaf": deaf}, "--stop-with-stdin")
    with subprocess.Popen(command, cwd=runner.folder, env=runner.environment, stdin=subprocess.PIPE) as process:
        pids = pids_of_waiting(runner)
        assert is_claimed(runner.output)
        assert read_job(runner.output)["state"] == "PIPELINE_STATE_RUNNING"
        logs = [runner.output.task_log(task) for task in ("waits", "waits-2")]
        eventually(lambda: all("waiting\n" in log.read_text(encoding="utf-8") for log in logs))
        if isinstance(how, signal.Signals):
            process.send_signal(how)
            assert process.wait(patience_s()) == 130
        else:
            process.communicate()
            assert process.returncode == 130
    assert [pid for pid in pids if lives(pid)] == []
    assert runner.job["state"] == "PIPELINE_STATE_CANCELLED"
    assert runner.states == {"waits": "CANCELLED", "waits-2": "CANCELLED", "say": "NOT_TRIGGERED"}
    assert runner.details[""]["state"] == "CANCELLED"
    assert list(runner.temporary.iterdir()) == []


def test_runner_killed_takes_its_tasks_along(runner: Runner) -> None:
    command = runner.command("waiting", {"folder": str(runner.folder)})
    with subprocess.Popen(command, cwd=runner.folder, env=runner.environment) as process:
        pids = pids_of_waiting(runner)
        process.kill()
    eventually(lambda: not any(lives(pid) for pid in pids))
    assert runner.job["state"] == "PIPELINE_STATE_RUNNING"
    dead = read_job(runner.output)
    assert dead["state"] == "PIPELINE_STATE_FAILED"
    assert "The runner of this run was killed" in dead["error"]["message"]
    states = {task["taskName"]: task["state"] for task in dead["jobDetail"]["taskDetails"]}
    assert states == {"waiting": "FAILED", "waits": "FAILED", "waits-2": "FAILED", "say": "NOT_TRIGGERED"}


def test_runner_refuses_parameters_before_anything_runs(runner: Runner) -> None:
    done = runner.run("whole", {"frist": 3, "note": 5})
    assert done.returncode == 2
    assert done.stderr == (
        "2 problems:\n"
        '  - The parameter "note" must be a string. Received: 5.\n'
        '  - The pipeline has no parameter "frist". Did you mean "first"?\n'
    )
    assert not runner.output.path.exists()


def test_runner_refuses_a_folder_with_a_run(runner: Runner) -> None:
    runner.output.path.mkdir()
    runner.output.job.write_text("{}", encoding="utf-8")
    done = runner.run("whole", {})
    assert done.returncode == 2
    assert "is not empty. Each run needs a folder of its own." in done.stderr
