"""What of earlier runs can go: endpoints that serve nothing, and old runs that nothing needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from components.vertex.labels import label_value
from components.vertex.rollout_plan import Deployment
from pipeline.runs.record import RunRecord
from pipeline.serving.record import EndpointRecord


@dataclass(frozen=True)
class Origin:
    """Where a registered version comes from.

    Attributes:
        version: Its model's name and its number, for readers.
        run: The label that tells the run that made it.
        uri: Where its artifact lies.
    """

    version: str
    run: str
    uri: str


@dataclass(frozen=True)
class Resting:
    """A deployment that costs money and answers nothing.

    Attributes:
        endpoint: The endpoint.
        deployment: The deployment.
    """

    endpoint: EndpointRecord
    deployment: Deployment


@dataclass(frozen=True)
class Cleaning:
    """What can go, and what is kept all the same.

    Attributes:
        at_work: The ids of runs that have not ended: nothing is removed meanwhile.
        endpoints: Endpoints on which nothing is deployed.
        resting: Deployments without traffic; they are the way back of a rollout, and kept.
        runs: Old runs that nothing needs.
        needed: Old runs that are kept, by id, each with the reason.
    """

    at_work: Sequence[str] = ()
    endpoints: Sequence[EndpointRecord] = ()
    resting: Sequence[Resting] = ()
    runs: Sequence[RunRecord] = ()
    needed: Mapping[str, str] = field(default_factory=dict)


def plan_cleaning(
    runs: Sequence[RunRecord],
    endpoints: Sequence[EndpointRecord],
    origins: Sequence[Origin],
    *,
    now: datetime,
    older_than: timedelta,
    newest: int,
) -> Cleaning:
    """Chooses what can go.

    Args:
        runs: The runs of this project, the newest first, with their tasks.
        endpoints: Its endpoints.
        origins: Where its registered versions come from.
        now: The time.
        older_than: How long ago a run must have ended.
        newest: How many of the newest runs are kept, however old they are.
    """
    old = [run for run in runs[newest:] if run.is_final and now - _last_moment(run, now) > older_than]
    needed = {run.run_id: reason for run in old if (reason := _registered(run, origins))}
    needed |= _reused(runs, {run.run_id for run in old} - needed.keys())
    return Cleaning(
        at_work=[run.run_id for run in runs if not run.is_final],
        endpoints=[endpoint for endpoint in endpoints if not endpoint.deployments],
        resting=[Resting(endpoint, one) for endpoint in endpoints for one in endpoint.deployments if not one.traffic],
        runs=[run for run in old if run.run_id not in needed],
        needed=needed,
    )


def folder_of(run: RunRecord) -> str:
    """The folder of a run's artifacts on this machine's Cloud Storage."""
    return f"{run.root.rstrip('/')}/{run.run_id}"


def _last_moment(run: RunRecord, now: datetime) -> datetime:
    return run.ended or run.created or now


def _registered(run: RunRecord, origins: Sequence[Origin]) -> str:
    label, folder = label_value(run.run_id), f"{folder_of(run)}/"
    versions = [origin.version for origin in origins if origin.run == label or f"{origin.uri}/".startswith(folder)]
    return f"{', '.join(versions)} of the registry comes from it" if versions else ""


def _reused(runs: Sequence[RunRecord], candidates: set[str]) -> dict[str, str]:
    """Candidates whose results a run that is kept has taken from the cache, each with the reason."""
    by_id = {run.run_id: run for run in runs}
    folders = {folder_of(by_id[run_id]): run_id for run_id in candidates}
    kept = [run_id for run_id in by_id if run_id not in candidates]
    reasons: dict[str, str] = {}
    # What is kept for the sake of another may itself have taken results from a third one: the list grows meanwhile.
    for run_id in kept:
        for maker in _makers(by_id[run_id], folders):
            if maker not in reasons:
                reasons[maker] = f"run {run_id} has taken results of it from the cache"
                kept.append(maker)
    return reasons


def _makers(run: RunRecord, folders: Mapping[str, str]) -> Iterator[str]:
    """The runs below whose folders there is something that a run has read or taken over."""
    for task in run.tasks:
        for artifact in (*task.inputs.values(), *task.outputs.values()):
            parts = artifact.uri.split("/")
            above = ("/".join(parts[:length]) for length in range(1, len(parts)))
            yield from (folders[folder] for folder in above if folder in folders)
