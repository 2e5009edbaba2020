"""The one place that connects to Vertex AI: to the stand-in that VERTEX_EMULATOR_HOST names, else to Google."""

from __future__ import annotations

import os

EMULATOR_VARIABLE = "VERTEX_EMULATOR_HOST"
STORAGE_VARIABLE = "STORAGE_EMULATOR_HOST"

# What the stand-in for Cloud Storage says of each bucket.
_PROJECT_NUMBER = "1234"


def connect(project: str, location: str, staging_bucket: str) -> None:
    """Points the SDK of this process at Vertex AI.

    Args:
        project: Google Cloud project id.
        location: Region, such as us-central1.
        staging_bucket: gs://BUCKET for files on their way; always given, never derived from a name.
    """
    from google.cloud import aiplatform

    # Not gRPC, which minds neither the usual proxies nor the certificates that a company adds to the usual ones.
    where = {"project": project, "location": location, "staging_bucket": staging_bucket, "api_transport": "rest"}
    host = os.environ.get(EMULATOR_VARIABLE)
    if not host:
        aiplatform.init(**where)
        return
    from google.auth.credentials import AnonymousCredentials
    from google.cloud.aiplatform.utils import resource_manager_utils

    def project_number(*args: object, **options: object) -> str:
        del args, options
        return _PROJECT_NUMBER

    # Before it submits a run the SDK asks Cloud Resource Manager for it, at Google's and nowhere else.
    resource_manager_utils.get_project_number = project_number
    aiplatform.init(
        **where,
        api_endpoint=host if "://" in host else f"http://{host}",
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]  # google-auth leaves it without types
    )
