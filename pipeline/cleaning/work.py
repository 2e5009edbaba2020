"""Reads what a cleaning is planned from, and carries it out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from components.vertex import registry
from components.vertex.connection import CHANGE_TIMEOUT_S
from components.vertex.operations import wait_for
from pipeline.cleaning.plan import Cleaning, Origin, folder_of
from pipeline.config import Connection
from pipeline.runs.client import Runs
from pipeline.runs.record import RunRecord
from pipeline.serving.record import EndpointRecord, read_endpoints
from pipeline.vertex.clients import pipeline_client, vertex_of
from trainer import storage

_MOST_RUNS = 100_000


class Estate:
    """What the runs of this project have left: runs, versions, endpoints.

    Args:
        config: Names the project and the location.
    """

    def __init__(self, config: Connection) -> None:
        self._runs = Runs(config)
        self._pipelines = pipeline_client(config)
        self._vertex = vertex_of(config)

    def runs(self) -> list[RunRecord]:
        """The runs, the newest first, with their tasks."""
        return [*self._runs.list_whole(limit=_MOST_RUNS)]

    def endpoints(self) -> list[EndpointRecord]:
        """The endpoints, by name."""
        return read_endpoints(self._vertex)

    def origins(self) -> Iterator[Origin]:
        """Where the registered versions come from."""
        for model in registry.list_models(self._vertex):
            for version in registry.versions_of(self._vertex, model):
                name = f"version {version.version_id} of {version.display_name}"
                yield Origin(name, dict(version.labels).get("run", ""), version.artifact_uri)

    def remove_endpoint(self, endpoint: EndpointRecord) -> None:
        """Removes an endpoint, unless it is gone already; one on which something was deployed meanwhile is refused."""
        self._remove(self._vertex.endpoints.delete_endpoint, endpoint.resource_name)

    def remove_run(self, run: RunRecord) -> None:
        """Removes a run and its results, unless they are gone already."""
        # The results first: a run that is still listed is found again by a cleaning that follows one that was cut off.
        filesystem, folder = storage.locate(folder_of(run))
        if filesystem.exists(folder):
            filesystem.rm(folder, recursive=True)
        self._remove(self._pipelines.delete_pipeline_job, run.name)

    def _remove(self, delete: Callable[..., Any], name: str) -> None:
        from google.api_core.exceptions import NotFound
        from google.protobuf.empty_pb2 import Empty

        try:
            wait_for(self._vertex, delete(name=name, timeout=CHANGE_TIMEOUT_S), Empty)
        except NotFound:
            return


def carry_out(cleaning: Cleaning, estate: Estate, config: Connection) -> None:
    """Removes what a cleaning has chosen; of Google's Vertex AI only the endpoints."""
    for endpoint in cleaning.endpoints:
        estate.remove_endpoint(endpoint)
    for run in cleaning.runs if config.connection == "local" else ():
        estate.remove_run(run)


def sizes_of(cleaning: Cleaning, config: Connection) -> dict[str, int]:
    """The sizes of the results of what a cleaning would remove, in bytes, by run id."""
    return {run.run_id: _bytes_of(run) for run in cleaning.runs} if config.connection == "local" else {}


def _bytes_of(run: RunRecord) -> int:
    filesystem, folder = storage.locate(folder_of(run))
    if not filesystem.exists(folder):
        return 0
    return int(filesystem.du(folder))
