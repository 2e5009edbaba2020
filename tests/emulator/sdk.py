"""The real SDK, google-cloud-aiplatform, pointed at an emulator as docs/emulator.md says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.emulator.vertex_emulator import VertexEmulator, anonymous


@contextmanager
def pointed(emulator: VertexEmulator, project: str = "p", **options: Any) -> Iterator[Any]:
    """The SDK's module while it is pointed at an emulator.

    Args:
        emulator: The emulator.
        project: The project that is told to the SDK.
        options: Further ones of `aiplatform.init`.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STORAGE_EMULATOR_HOST", emulator.running["storageAddress"])
        from google.cloud import aiplatform
        from google.cloud.aiplatform import jobs, pipeline_jobs
        from google.cloud.aiplatform.utils import resource_manager_utils

        # submit() would ask Cloud Resource Manager, at Google's, who owns the bucket.
        patch.setattr(resource_manager_utils, "get_project_number", lambda *_args, **_options: "1234")
        patch.setattr(pipeline_jobs, "_JOB_WAIT_TIME", 0.1)
        patch.setattr(jobs, "_JOB_WAIT_TIME", 0.1)
        patch.setattr(jobs, "_LOG_WAIT_TIME", 0.1)
        point(aiplatform, emulator, project, **options)
        yield aiplatform


def point(aiplatform: Any, emulator: VertexEmulator, project: str = "p", **options: Any) -> None:
    """Points the SDK at an emulator; again, where it has been pointed at another place."""
    aiplatform.init(
        project=project,
        location="us-central1",
        api_endpoint=emulator.address,
        api_transport="rest",
        credentials=anonymous(),
        **options,
    )
