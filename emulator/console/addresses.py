"""Where the console's pages are."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, urlencode

PREFIX = "/console"
# The collections that have pages, by the section of the menu.
SECTIONS = {"Runs": "pipelineJobs", "Models": "models", "Endpoints": "endpoints", "Schedules": "schedules"}


def page_of(name: str) -> str:
    """The page of a resource or of a collection: projects/P/locations/L/models/M@2, projects/P/locations/L/models."""
    return f"{PREFIX}/{quote(name, safe='/@:')}"


def collection_of(name: str) -> str:
    """`models` of projects/P/locations/L/models/M; empty for what is no such name."""
    parts = name.split("/")
    is_resource = len(parts) == 6 and all(parts) and parts[0] == "projects" and parts[2] == "locations"
    return parts[4] if is_resource else ""


def linked_page(name: str) -> str:
    """The page of a resource that something else names; empty where it is no name of a resource with a page."""
    return page_of(name) if collection_of(name) in SECTIONS.values() else ""


def comparison_of(names: Iterable[str]) -> str:
    """The page that compares runs."""
    return f"{PREFIX}/compare?{urlencode([('run', name) for name in names])}"


def object_page(uri: str) -> str:
    """The page that shows what lies at gs://BUCKET/NAME."""
    return f"{PREFIX}/objects?{urlencode({'uri': uri})}"


def download_of(uri: str) -> str:
    """Where an object can be had as a file."""
    return f"{PREFIX}/download?{urlencode({'uri': uri})}"


def report_of(uri: str) -> str:
    """Where an HTML page that a task wrote can be had, for a frame that runs nothing."""
    return f"{PREFIX}/report?{urlencode({'uri': uri})}"


def location_of(name: str) -> str:
    """projects/P/locations/L of a resource's name."""
    return "/".join(name.split("/")[:4])
