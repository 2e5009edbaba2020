"""Resources of the API that hold a number twice, so that a reader sees by itself whether they are whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from tests.emulator.job_requests import job
from tests.emulator.schedules.schedule_requests import schedule
from tests.emulator.vertex_emulator import LOCATION

# Not the default one, in which pipeline jobs write their lineage.
STORE = f"{LOCATION}/metadataStores/attacked"


class Kind(NamedTuple):
    """A kind of resource.

    Attributes:
        collection: Where it is listed.
        create: Where it is created.
        body: What it is created from: its display name and a number.
        mask: What an update changes; empty where it is not updated.
        change: The update to a number.
        number: Which number a resource holds; None if it is not whole.
    """

    collection: str
    create: str
    body: Callable[[str, int], dict[str, Any]]
    mask: str
    change: Callable[[int], dict[str, Any]]
    number: Callable[[dict[str, Any]], int | None]

    @property
    def field(self) -> str:
        """The field of a list's answer that holds the resources."""
        return self.collection.rpartition("/")[2]


def _described(number: int) -> dict[str, Any]:
    return {"description": f"{number} " * 50, "labels": {"number": str(number)}}


def _described_number(resource: dict[str, Any]) -> int | None:
    number = int(resource["labels"]["number"])
    return number if resource["description"] == f"{number} " * 50 else None


def _metadata(number: int) -> dict[str, Any]:
    return {"metadata": {"number": number, "again": f"{number} " * 50}}


def _metadata_number(resource: dict[str, Any]) -> int | None:
    number = int(resource["metadata"]["number"])
    return number if resource["metadata"]["again"] == f"{number} " * 50 else None


def _counts(number: int) -> dict[str, Any]:
    return {"maxRunCount": str(number + 1), "maxConcurrentRunCount": str(number + 1)}


def _counts_number(resource: dict[str, Any]) -> int | None:
    counts = {int(resource["maxRunCount"]), int(resource["maxConcurrentRunCount"])}
    return counts.pop() - 1 if len(counts) == 1 else None


KINDS = {
    "endpoint": Kind(
        f"{LOCATION}/endpoints",
        f"{LOCATION}/endpoints",
        lambda name, number: {"displayName": name, **_described(number)},
        "description,labels",
        _described,
        _described_number,
    ),
    "model": Kind(
        f"{LOCATION}/models",
        f"{LOCATION}/models:upload",
        lambda name, number: {"model": {"displayName": name, "description": str(number)}},
        "description",
        lambda number: {"description": str(number)},
        lambda resource: int(resource["description"]),
    ),
    "artifact": Kind(
        f"{STORE}/artifacts",
        f"{STORE}/artifacts",
        lambda name, number: {"displayName": name, **_metadata(number)},
        "metadata",
        _metadata,
        _metadata_number,
    ),
    "context": Kind(
        f"{STORE}/contexts",
        f"{STORE}/contexts",
        lambda name, number: {"displayName": name, **_metadata(number)},
        "metadata",
        _metadata,
        _metadata_number,
    ),
    "schedule": Kind(
        f"{LOCATION}/schedules",
        f"{LOCATION}/schedules",
        lambda name, number: schedule("0 3 29 2 *", displayName=name, **_counts(number)),
        "maxRunCount,maxConcurrentRunCount",
        _counts,
        _counts_number,
    ),
    "job": Kind(
        f"{LOCATION}/pipelineJobs",
        f"{LOCATION}/pipelineJobs",
        lambda name, _: {**job(root="gs://no-such-bucket/root"), "displayName": name},
        "",
        lambda _: {},
        lambda _: 0,
    ),
}
