"""Custom jobs through the SDK and its JobServiceClient, on a real emulator."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.sdk import pointed
from tests.emulator.vertex_emulator import LOCATION, VertexEmulator, storage_client
from tests.patience import eventually

pytestmark = pytest.mark.run

IMAGE = "us-docker.pkg.dev/p/r/trainer:1"
MACHINE = {"machine_type": "n1-standard-4"}
BUCKET = "gs://jobs-bucket"
SAID = "import json,os;print(json.dumps({k:os.environ.get(k) for k in ('CLUSTER_SPEC','TF_CONFIG','AIP_MODEL_DIR')}))"


def pool(program: str, replicas: int = 1, **more: Any) -> dict[str, Any]:
    container = {"image_uri": IMAGE, "command": ["python3", "-c", program], **more}
    return {"machine_spec": MACHINE, "replica_count": replicas, "container_spec": container}


@pytest.fixture
def aiplatform(emulator: VertexEmulator) -> Iterator[Any]:
    with pointed(emulator, staging_bucket=BUCKET) as sdk:
        storage = storage_client(emulator)
        if not storage.bucket("jobs-bucket").exists():
            storage.create_bucket("jobs-bucket")
        yield sdk


def job(aiplatform: Any, *pools: dict[str, Any], **options: Any) -> Any:
    return aiplatform.CustomJob(display_name="trained", worker_pool_specs=list(pools), **options)


def texts(emulator: VertexEmulator, name: str, replica: str = "") -> list[str]:
    number = name.rpartition("/")[2]
    told = f' AND resource.labels.task_name="{replica}"' if replica else ""
    body = {"resourceNames": ["projects/p"], "filter": f'resource.labels.job_id="{number}"{told}', "pageSize": 1000}
    answer = emulator.call("POST", "/v2/entries:list", body).json()
    return [entry["textPayload"] for entry in answer.get("entries", [])]


def test_a_job_of_one_replica_runs_to_its_end(emulator: VertexEmulator, aiplatform: Any) -> None:
    running = job(aiplatform, pool(SAID), base_output_dir=f"{BUCKET}/out")
    running.run()
    assert running.state.name == "JOB_STATE_SUCCEEDED"
    told = json.loads(texts(emulator, running.resource_name)[0])
    assert told["TF_CONFIG"] is None
    assert told["AIP_MODEL_DIR"] == f"{BUCKET}/out/model/"
    cluster = json.loads(told["CLUSTER_SPEC"])
    assert cluster["task"] == {"type": "workerpool0", "index": 0}
    assert list(cluster["cluster"]) == ["workerpool0"]
    assert cluster["job"]["workerPoolSpecs"][0]["containerSpec"]["imageUri"] == IMAGE
    shown = running.gca_resource
    assert shown.create_time <= shown.start_time <= shown.end_time
    assert aiplatform.CustomJob.get(running.resource_name).display_name == "trained"


def test_replicas_know_each_other_and_keep_logs_of_their_own(
    emulator: VertexEmulator, aiplatform: Any, tmp_path: Path
) -> None:
    forever = f"{SAID};import time;time.sleep(3600)"
    # The primary ends once the others have said what they know.
    go_on = tmp_path / "go"
    primary = f"{SAID}\nimport pathlib,time\nwhile not pathlib.Path({str(go_on)!r}).exists(): time.sleep(0.02)"
    running = job(aiplatform, pool(primary), pool(forever, 2), {}, pool(forever))
    running.submit()
    told = {}
    for name in ("workerpool0-0", "workerpool1-0", "workerpool1-1", "workerpool3-0"):
        (line,) = eventually(lambda name=name: texts(emulator, running.resource_name, name))  # type: ignore[misc]
        told[name] = json.loads(json.loads(line)["TF_CONFIG"])
    go_on.touch()
    eventually(lambda: emulator.get(running.resource_name)["state"] == "JOB_STATE_SUCCEEDED")
    assert [one["task"] for one in told.values()] == [
        {"type": "chief", "index": 0},
        {"type": "worker", "index": 0},
        {"type": "worker", "index": 1},
        {"type": "evaluator", "index": 0},
    ]
    (cluster,) = {json.dumps(one["cluster"]) for one in told.values()}
    assert {kind: len(hosts) for kind, hosts in json.loads(cluster).items()} == {"chief": 1, "worker": 2}


@pytest.mark.parametrize(
    ("pools", "message"),
    [
        ([pool("import sys;print('sorry');sys.exit(3)")], r"workerpool0-0 exited with a non-zero status of 3\..*sorry"),
        (
            [pool("import time;time.sleep(3600)"), pool("import sys;sys.exit(4)")],
            r"workerpool1-0 exited with a non-zero status of 4\.",
        ),
        ([pool("import not_there")], "has the package not_there; the emulator runs it with its own Python"),
        ([{"machine_spec": MACHINE, "container_spec": {"image_uri": IMAGE}}], "has neither command nor args"),
        (
            [{"machine_spec": MACHINE, "container_spec": {"image_uri": IMAGE, "command": ["not-a-program"]}}],
            r"starts ..not-a-program.., which is not on this machine",
        ),
    ],
)
def test_a_failed_job_says_which_replica_and_why(aiplatform: Any, pools: list[dict[str, Any]], message: str) -> None:
    failing = job(aiplatform, *pools)
    with pytest.raises(RuntimeError, match=r"(?s)Job failed with:.*" + message):
        failing.run()
    assert failing.state.name == "JOB_STATE_FAILED"


def test_a_job_over_its_timeout_is_stopped(aiplatform: Any) -> None:
    late = job(aiplatform, pool("import time;time.sleep(3600)"))
    with pytest.raises(RuntimeError, match="longer than 1 s, its timeout"):
        late.run(timeout=1)
    assert late.state.name == "JOB_STATE_CANCELLED"


def test_a_cancelled_job_ends_also_where_it_hears_no_sigterm(
    emulator: VertexEmulator, aiplatform: Any, tmp_path: Path
) -> None:
    mark = tmp_path / "pid"
    deaf = (
        "import os,pathlib,signal,time;signal.signal(15,signal.SIG_IGN);"
        f"pathlib.Path({str(mark)!r}).write_text(str(os.getpid()));time.sleep(3600)"
    )
    running = job(aiplatform, pool(deaf))
    running.submit()
    pid = int(eventually(lambda: mark.exists() and mark.read_text()))
    running.cancel()
    eventually(lambda: emulator.get(running.resource_name)["state"] == "JOB_STATE_CANCELLED")
    assert emulator.get(running.resource_name)["error"]["code"] == 1
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(Exception, match="JOB_STATE_CANCELLED and cannot be canceled"):
        aiplatform.CustomJob.get(running.resource_name).api_client.cancel_custom_job(name=running.resource_name)
    running.delete()
    assert emulator.call("GET", f"/v1/{running.resource_name}").status_code == 404


def test_a_preempted_replica_has_its_job_start_again(emulator: VertexEmulator, aiplatform: Any, tmp_path: Path) -> None:
    mark = tmp_path / "tries"
    program = (
        f"import pathlib,time;mark=pathlib.Path({str(mark)!r});tries=mark.read_text() if mark.exists() else '';"
        "mark.write_text(tries+'x');time.sleep(0 if tries else 3600)"
    )
    running = job(aiplatform, pool(program), pool("import time;time.sleep(3600)"))
    running.submit(scheduling_strategy=aiplatform.compat.types.custom_job.Scheduling.Strategy.SPOT)
    eventually(mark.exists)
    name = running.resource_name
    assert emulator.call("POST", "/_emulator/preempt", {"customJob": name, "replica": "none"}).status_code == 404
    told = emulator.call("POST", "/_emulator/preempt", {"customJob": name, "replica": "workerpool1-0"})
    assert told.status_code == 200
    eventually(lambda: emulator.get(name)["state"] == "JOB_STATE_SUCCEEDED")
    assert mark.read_text() == "xx"


def test_a_killed_emulator_starts_its_jobs_again(own_emulator: VertexEmulator, tmp_path: Path) -> None:
    mark, go_on = tmp_path / "tries", tmp_path / "go"
    program = (
        f"import pathlib,time;mark=pathlib.Path({str(mark)!r});mark.open('a').write('x')\n"
        f"while not pathlib.Path({str(go_on)!r}).exists(): time.sleep(0.02)"
    )
    body = {"displayName": "x", "jobSpec": {"workerPoolSpecs": [camel(pool(program))]}}
    name = own_emulator.post(f"{LOCATION}/customJobs", body)["name"]
    waits = own_emulator.post(f"{LOCATION}/customJobs", body)["name"]
    eventually(mark.exists)
    own_emulator.kill()
    own_emulator.start()
    eventually(lambda: len(mark.read_text()) >= 2)
    go_on.touch()
    for one in (name, waits):
        eventually(lambda one=one: own_emulator.get(one)["state"] == "JOB_STATE_SUCCEEDED")  # type: ignore[misc]


def camel(told: dict[str, Any]) -> dict[str, Any]:
    container = told["container_spec"]
    return {
        "machineSpec": {"machineType": told["machine_spec"]["machine_type"]},
        "replicaCount": told["replica_count"],
        "containerSpec": {"imageUri": container["image_uri"], "command": container["command"]},
    }


def test_a_script_is_packaged_sent_and_run(emulator: VertexEmulator, aiplatform: Any, tmp_path: Path) -> None:
    script = tmp_path / "task.py"
    script.write_text("import sys\nprint('arguments:', sys.argv[1:])\n")
    made = aiplatform.CustomJob.from_local_script(
        display_name="script",
        script_path=str(script),
        container_uri="us-docker.pkg.dev/vertex-ai/training/tf-cpu.2-14.py310:latest",
        args=["--steps", "3"],
        machine_type="n1-standard-4",
    )
    made.run()
    assert texts(emulator, made.resource_name) == ["arguments: ['--steps', '3']"]


def test_jobs_are_listed_by_filter(emulator: VertexEmulator, aiplatform: Any) -> None:
    for team in ("a", "b"):
        made = aiplatform.CustomJob(display_name=f"of-{team}", worker_pool_specs=[pool("1")], labels={"team": team})
        made.run()
    found = aiplatform.CustomJob.list(filter='labels.team=a AND state="JOB_STATE_SUCCEEDED"')
    assert [one.display_name for one in found] == ["of-a"]
    assert [one.display_name for one in aiplatform.CustomJob.list(filter='display_name:"of-*"')] == ["of-b", "of-a"]
    del emulator
