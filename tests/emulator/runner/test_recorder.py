from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from emulator.runner import run_folder
from emulator.runner.job_state import JobState
from emulator.runner.pipeline_spec import parse_spec
from emulator.runner.recorder import Recorder
from tests.emulator.runner.specs import spec, task


def test_recorder_keeps_every_change_until_the_run_is_over(tmp_path: Path) -> None:
    folder = run_folder.create(tmp_path / "run-1")
    pipeline = parse_spec(json.dumps(spec({"train": task("train")})), source="small.yaml")
    recorder = Recorder(folder, JobState(pipeline, folder.run_id, {}, {}, "/root", datetime.now(UTC)))
    assert run_folder.read_job(folder)["state"] == "PIPELINE_STATE_FAILED"
    with run_folder.claim(folder, {}):
        assert run_folder.read_job(folder)["state"] == "PIPELINE_STATE_PENDING"
        with recorder.change() as (state, now):
            state.run_started(now)
        assert run_folder.read_job(folder)["state"] == "PIPELINE_STATE_RUNNING"
        with recorder.change() as (state, now):
            state.cancelled(now)
        ended = run_folder.read_job(folder)
        assert ended["state"] == "PIPELINE_STATE_CANCELLED"
        with recorder.change() as (state, now):
            state.task_failed(("train",), "ValueError: too late", now)
        assert run_folder.read_job(folder) == ended
