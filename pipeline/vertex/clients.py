"""Clients of Vertex AI's services, from the part of Google's SDK that loads in a third of the time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from components.vertex.connection import VertexAI, connect
from pipeline.config import Connection

if TYPE_CHECKING:
    from google.cloud.aiplatform_v1.services.job_service import JobServiceClient
    from google.cloud.aiplatform_v1.services.pipeline_service import PipelineServiceClient

# A user waits for a command.
_PATIENCE_S = 5.0


def vertex_of(config: Connection) -> VertexAI:
    """The Vertex AI that a configuration names, once `pipeline.vertex.connection` has led the way there."""
    return connect(config.project, config.location, patience_s=_PATIENCE_S)


def parent_of(config: Connection) -> str:
    """The name of the location that a configuration names, under which its resources lie."""
    return vertex_of(config).parent


def client_options(config: Connection) -> Mapping[str, Any]:
    """What the client of any service is made with: over REST, to the stand-in or to the configuration's region."""
    return vertex_of(config).client_options


def pipeline_client(config: Connection) -> PipelineServiceClient:
    """The client of the service that runs pipelines."""
    from google.cloud.aiplatform_v1.services.pipeline_service import PipelineServiceClient

    return PipelineServiceClient(**client_options(config))


def job_client(config: Connection) -> JobServiceClient:
    """The client of the service that runs custom jobs."""
    from google.cloud.aiplatform_v1.services.job_service import JobServiceClient

    return JobServiceClient(**client_options(config))
