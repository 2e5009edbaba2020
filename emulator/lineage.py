"""What a run leaves in the metadata store: contexts, executions, artifacts and the events between them."""

from __future__ import annotations

import hashlib

from google.cloud.aiplatform_v1.types import Context, PipelineJob

from emulator import names
from emulator.store import Transaction

STORE_ID = "default"


def artifact_name(location: str, uri: str) -> str:
    """The artifact at a URI: always the same, so that a cached output is the artifact that it was.

    Args:
        location: `projects/P/locations/L`.
        uri: Where the artifact lies.
    """
    return f"{location}/metadataStores/{STORE_ID}/artifacts/{_number(uri)}"


def execution_name(job_name: str, task_unique_name: str) -> str:
    """The execution of a run's task.

    Args:
        job_name: The PipelineJob's resource name.
        task_unique_name: As in the task's detail; empty for the run itself.
    """
    number = _number(f"{job_name}#{task_unique_name}")
    return f"{names.location_of(job_name)}/metadataStores/{STORE_ID}/executions/{number}"


def _number(text: str) -> str:
    """An id of 19 digits, always the same for a text."""
    digest = int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big")
    return str(10**18 + digest % (8 * 10**18))


def record_run(tx: Transaction, job: PipelineJob) -> None:
    """Writes what a run has done so far into the default metadata store of its location.

    It can be called after each change of the job, and writes only what has changed since.

    Args:
        tx: The transaction in which the job is written too.
        job: The job, with as much of its `job_detail` as is known: none while it is pending.
    """


def contexts_of(tx: Transaction, job_name: str) -> tuple[Context, Context]:
    """The contexts of a pipeline and of one of its runs, with their parents as they are now.

    Args:
        tx: The present transaction.
        job_name: The PipelineJob's resource name.

    Returns:
        The pipeline's context and the run's; empty ones before the run has been recorded.
    """
    return Context(), Context()
