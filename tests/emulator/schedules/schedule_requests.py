"""Requests for schedules: a pipeline of one task, and schedules that run it."""

from __future__ import annotations

from typing import Any

from tests.emulator.vertex_emulator import LOCATION

SPEC: dict[str, Any] = {
    "pipelineInfo": {"name": "nothing"},
    "schemaVersion": "2.1.0",
    "root": {
        "inputDefinitions": {"parameters": {"epochs": {"parameterType": "NUMBER_INTEGER", "defaultValue": 1}}},
        "dag": {"tasks": {}},
    },
}


def inner_job(**fields: Any) -> dict[str, Any]:
    """A job whose bucket is not there: each of its runs fails at once, and costs no process."""
    return {"pipelineSpec": SPEC, "runtimeConfig": {"gcsOutputDirectory": "gs://no-such-bucket/root"}, **fields}


def schedule(cron: str = "0 * * * *", job: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """A schedule as a client sends it.

    Args:
        cron: When it runs.
        job: The job that it runs.
        fields: Further ones, or others than the defaults. None leaves one out.
    """
    body = {
        "displayName": "hourly",
        "cron": cron,
        "maxConcurrentRunCount": 1,
        "createPipelineJobRequest": {"parent": LOCATION, "pipelineJob": inner_job() if job is None else job},
        **fields,
    }
    return {key: value for key, value in body.items() if value is not None}
