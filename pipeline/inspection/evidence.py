"""What a diagnosis needs beside the run's record, read from where it lies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipeline.config import Connection
from pipeline.inspection.diagnosis import Evidence, wanted_logs
from pipeline.inspection.unscaled import unscaled_columns
from pipeline.runs.custom_jobs import CustomJobRecord, custom_jobs_of
from pipeline.runs.decision import read_decision
from pipeline.runs.record import RunRecord, TaskRecord
from trainer.errors import ProjectError

if TYPE_CHECKING:
    from pipeline.inspection.logs import Logs


def gather(run: RunRecord, config: Connection) -> Evidence:
    """Reads logs, decision and traffic, as far as they are needed; what cannot be read becomes a note."""
    notes: list[str] = []
    has_failed = any(task.is_custom_job and task.state == "failed" for task in run.tasks)
    jobs = custom_jobs_of(run, config) if has_failed else {}
    logs = _logs(run, config, jobs, notes)
    decision = read_decision(run)
    unscaled = unscaled_columns(run) if decision.get("passed") is False else ()
    return Evidence(logs, decision, _traffic(run, config), notes, unscaled, jobs)


def _logs(run: RunRecord, config: Connection, jobs: Mapping[str, CustomJobRecord], notes: list[str]) -> dict[str, str]:
    tasks = wanted_logs(run)
    if not tasks:
        return {}
    from google.api_core.exceptions import GoogleAPICallError
    from requests.exceptions import RequestException

    from pipeline.inspection.logs import Logs
    from pipeline.vertex.errors import message_of

    try:
        logs = Logs(config)
        return {task.unique_name: _log(logs, task, jobs.get(task.unique_name)) for task in tasks}
    except RequestException:
        reason = "Cloud Logging cannot be reached."
    except GoogleAPICallError as error:
        reason = message_of(error)
    except ProjectError as error:
        reason = str(error)
    notes.append(f"Its log, which would tell more, cannot be read: {reason}")
    return {}


def _log(logs: Logs, task: TaskRecord, job: CustomJobRecord | None) -> str:
    """What a task has written; where it has started a job, what the replica has that failed."""
    return logs.text(task.job) if job is None else logs.text(job.job_id, job.failed_replica)


def _traffic(run: RunRecord, config: Connection) -> Mapping[str, float] | None:
    """The traffic now of the endpoint that a run has deployed to, by version; None where it cannot be told."""
    endpoints = [artifact.metadata.get("resourceName") for artifact in run.outputs("endpoint")]
    if not endpoints or not endpoints[-1]:
        return None
    from google.api_core.exceptions import GoogleAPICallError
    from google.cloud.aiplatform_v1.services.endpoint_service import EndpointServiceClient

    from pipeline.vertex.clients import client_options

    try:
        endpoint = EndpointServiceClient(**client_options(config)).get_endpoint(name=str(endpoints[-1]))
    except GoogleAPICallError:
        return None
    shares: dict[str, float] = {}
    for one in endpoint.deployed_models:
        shares[one.model_version_id] = shares.get(one.model_version_id, 0) + endpoint.traffic_split.get(one.id, 0)
    return shares
