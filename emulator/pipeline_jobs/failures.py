"""Why a pipeline job has failed where none of its tasks is to blame."""

from __future__ import annotations

from google.cloud.aiplatform_v1.types import PipelineJob

from emulator.api.errors import ApiError, fault
from emulator.pipeline_jobs.process import root_uri

INTERRUPTED = ApiError(
    "ABORTED", "The emulator was stopped or killed while this pipeline job ran. Submit the pipeline again."
)


def broken(error: Exception) -> ApiError:
    """The emulator itself has failed, or could not start the runner."""
    return fault("The emulator failed to run the pipeline", error)


def missing_bucket(job: PipelineJob) -> ApiError:
    """There is no place for a job's outputs."""
    bucket = "/".join(root_uri(job).split("/")[:3])
    return ApiError(
        "NOT_FOUND",
        f"The bucket {bucket} of the pipeline root does not exist. Create it, or name another pipeline root, and "
        "submit the pipeline again.",
    )


def unpublished(job: PipelineJob, error: Exception) -> ApiError:
    """What a task has put out could not be copied to its place."""
    if isinstance(error, ApiError) and error.status == "NOT_FOUND":
        return missing_bucket(job)
    return ApiError("INTERNAL", f"The outputs of a task could not be written to {root_uri(job)}: {error}")
