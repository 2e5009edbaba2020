"""Addresses that a browser opens: the page of a run, and what lies in a bucket."""

from __future__ import annotations

import os
import re
from urllib.parse import quote

from components.vertex.connection import EMULATOR_VARIABLE

_GOOGLE = "https://console.cloud.google.com"


def page_of(name: str) -> str:
    """The page of a run, in the console of the Vertex AI that this process is connected to.

    Args:
        name: The run's resource name.
    """
    host = os.environ.get(EMULATOR_VARIABLE)
    if host:
        return f"{_with_scheme(host)}/console/{quote(name)}"
    parts = re.fullmatch(r"projects/([^/]+)/locations/([^/]+)/pipelineJobs/([^/]+)", name)
    if parts is None:
        return f"{_GOOGLE}/vertex-ai/pipelines/runs"
    project, location, run_id = parts.groups()
    return f"{_GOOGLE}/vertex-ai/locations/{location}/pipelines/runs/{run_id}?project={project}"


def page_of_all(project: str) -> str:
    """The page that lists the runs of a project, in the same console."""
    host = os.environ.get(EMULATOR_VARIABLE)
    return f"{_with_scheme(host)}/console" if host else f"{_GOOGLE}/vertex-ai/pipelines/runs?project={project}"


def report_at(uri: str) -> str:
    """Where a browser shows a page that lies in a bucket: in the stand-in's console, which lets it run no script there.

    Args:
        uri: The page, gs://BUCKET/OBJECT; any other place is its own address.
    """
    if not uri.startswith("gs://"):
        return uri
    host = os.environ.get(EMULATOR_VARIABLE)
    if host:
        return f"{_with_scheme(host)}/console/report?uri={quote(uri)}"
    return f"https://storage.cloud.google.com/{quote(uri.removeprefix('gs://'))}"


def _with_scheme(host: str) -> str:
    return (host if "://" in host else f"http://{host}").rstrip("/")
