"""Many runs in an emulator's memory, as its own records."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from google.cloud.aiplatform_v1.types import PipelineJob, PipelineState

from emulator.api.store import Store
from emulator.pipeline_jobs.records import PIPELINE_DETAILS, create_records, set_state

STATES = {0: PipelineState.PIPELINE_STATE_FAILED, 1: PipelineState.PIPELINE_STATE_CANCELLED}


def add_runs(state_folder: Path, job: PipelineJob, count: int) -> None:
    """Adds runs to the memory of an emulator that is not running.

    Args:
        state_folder: The emulator's state folder.
        job: The run that is copied.
        count: How many are added. One in ten has failed, one in ten was cancelled.
    """
    store = Store(state_folder / "vertex.sqlite3")
    with store.transaction() as tx:
        for number in range(count):
            copy: Any = PipelineJob(job)
            copy.name = f"{job.name.rpartition('/')[0]}/many-{number:04d}"
            copy.display_name = f"Many {number:04d}"
            shift = timedelta(minutes=count - number)
            for field in ("create_time", "start_time", "end_time", "update_time"):
                setattr(copy, field, getattr(copy, field) - shift)
            copy.end_time += timedelta(seconds=number % 97)
            set_state(copy, STATES.get(number % 10, PipelineState.PIPELINE_STATE_SUCCEEDED))
            copy.labels["number"] = str(number)
            create_records(tx, copy)
            tx.put(PIPELINE_DETAILS, copy.name, copy.job_detail)
    store.close()
