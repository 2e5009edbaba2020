"""Versions of a tiny model, registered and rolled out through the pipeline's own functions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from components.vertex import endpoints, registry
from components.vertex.answers import Smoke, Watch
from components.vertex.connection import VertexAI, connect
from components.vertex.endpoints import Machines
from components.vertex.registry import ServingContainer
from components.vertex.rollout import find_way_back, go_back, roll_out
from components.vertex.rollout_plan import TASK

if TYPE_CHECKING:
    from google.cloud.aiplatform_v1.types import Endpoint, Model

SERVER = Path(__file__).resolve().parent / "classifier_server.py"
IMAGE = "us-docker.pkg.dev/p/r/server:1"
ARTIFACT = "gs://local-bucket/tiny"
MODEL = "tiny"
ENDPOINT = "tiny"
INSTANCES = [{"x": 1.0}, {"x": 2.0}, {"x": 3.0}]


@dataclass(frozen=True)
class Version:
    """A registered version, and what its evaluation saw.

    Attributes:
        model: Its message.
        share: The probability of class `a`.
    """

    model: Model
    share: float

    @property
    def number(self) -> str:
        """Its number in the registry."""
        return self.model.version_id

    @property
    def smoke(self) -> Smoke:
        """Its smoke test."""
        return Smoke(INSTANCES, [{"a": self.share, "b": 1 - self.share}] * len(INSTANCES))


def here() -> VertexAI:
    """The Vertex AI that the environment names."""
    return connect("local-project", "us-central1")


def register(share: float, *flags: str, run: str | None = None) -> Version:
    """Registers a version that answers `share`; of the same run, the one that is there."""
    container = ServingContainer(IMAGE, ("python3", str(SERVER), str(share), *flags))
    labels = {"run": run or f"run-{share}".replace(".", "-"), "git": ""}
    return Version(registry.register_version(here(), MODEL, "for tests", ARTIFACT, container, labels), share)


def rolled_out(version: Version, *percentages: int, smoke_at: str = TASK, watch: Watch | None = None) -> Endpoint:
    """Rolls a version out; its endpoint."""
    smoke, seen = version.smoke, watch or Watch(requests=10)
    return roll_out(here(), ENDPOINT, version.model, percentages or (100,), smoke, smoke_at, Machines(), seen).endpoint


def traffic(name: str = ENDPOINT) -> dict[str, int]:
    """Traffic by version, of all that is deployed."""
    endpoint = endpoints.find_endpoint(here(), name)
    return {} if endpoint is None else {one.version: one.traffic for one in endpoints.deployments_of(endpoint)}


def answered_share() -> float:
    """What the endpoint answers as the probability of class `a`."""
    endpoint = endpoints.find_endpoint(here(), ENDPOINT)
    assert endpoint is not None
    [prediction] = endpoints.ask(here(), endpoint, INSTANCES[:1]).predictions
    return float(prediction["probabilities"]["a"])


def champion() -> str | None:
    """The champion's number."""
    found = registry.find_champion(here(), MODEL)
    return None if found is None else found.version_id


def rolled_back(model: str = MODEL) -> tuple[str, str]:
    """Rolls back; the version that has lost the traffic, and the one that has it."""
    way = find_way_back(here(), ENDPOINT, model)
    go_back(here(), way)
    return way.current.version, way.earlier.version
