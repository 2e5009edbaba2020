"""Clients of Vertex AI's services, from the part of Google's SDK that loads in half a second."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from components.vertex.connection import EMULATOR_VARIABLE
from pipeline.config import Connection

if TYPE_CHECKING:
    from google.cloud.aiplatform_v1.services.pipeline_service import PipelineServiceClient


def parent_of(config: Connection) -> str:
    """The name of the location that a configuration names, under which its resources lie."""
    return f"projects/{config.project}/locations/{config.location}"


def client_options(config: Connection) -> dict[str, Any]:
    """What the client of any service is made with: over REST, to the stand-in or to the configuration's region."""
    host = os.environ.get(EMULATOR_VARIABLE)
    if not host:
        regional = {"api_endpoint": f"{config.location}-aiplatform.googleapis.com"}
        return {"transport": "rest", "client_options": regional}
    from google.auth.credentials import AnonymousCredentials

    local = {"api_endpoint": host if "://" in host else f"http://{host}"}
    anonymous = AnonymousCredentials()  # type: ignore[no-untyped-call]  # google-auth leaves it without types
    return {"transport": "rest", "client_options": local, "credentials": anonymous}


def pipeline_client(config: Connection) -> PipelineServiceClient:
    """The client of the service that runs pipelines."""
    from google.cloud.aiplatform_v1.services.pipeline_service import PipelineServiceClient

    return PipelineServiceClient(**client_options(config))
