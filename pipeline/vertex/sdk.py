"""The whole of Google's SDK, which takes seconds to load and keeps to itself where it is connected to.

It submits runs. Everything else goes through the clients of single services.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable

from pipeline.config import Connection
from pipeline.vertex.clients import vertex_of

# What the stand-in for Cloud Storage says of each bucket.
_PROJECT_NUMBER = "1234"
# The SDK would load the first two by itself, and can be interrupted nowhere then.
_THIRDS = ("google.cloud.aiplatform_v1", "google.cloud.aiplatform_v1beta1", "google.cloud.aiplatform")


def load_sdk(check: Callable[[], None]) -> None:
    """Takes the seconds that it takes to load.

    Args:
        check: Called after each third of it; what it raises ends the loading.
    """
    for name in _THIRDS:
        importlib.import_module(name)
        check()


def connect_sdk(config: Connection) -> None:
    """Points the SDK of this process at the Vertex AI that a configuration names.

    Args:
        config: Names it, and the bucket for files on their way.
    """
    from google.cloud import aiplatform

    vertex = vertex_of(config)
    bucket = config.staging_bucket
    where = {"project": vertex.project, "location": vertex.location, "staging_bucket": bucket, "api_transport": "rest"}
    if not vertex.stand_in:
        aiplatform.init(**where)
        return
    from google.cloud.aiplatform.utils import resource_manager_utils

    def project_number(*args: object, **options: object) -> str:
        del args, options
        return _PROJECT_NUMBER

    # Before it submits a run the SDK asks Cloud Resource Manager for it, at Google's and nowhere else.
    resource_manager_utils.get_project_number = project_number
    credentials = vertex.client_options["credentials"]
    aiplatform.init(**where, api_endpoint=vertex.stand_in, credentials=credentials)
