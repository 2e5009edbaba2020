"""Model versions as the pages show them, read from the API's Model and ModelEvaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from emulator.console.reader import Reader, ReadError
from emulator.console.times import parse_time

Json = Mapping[str, Any]
# The labels that tell where a version comes from; what else there is stands among the labels.
RUN_LABEL, DATA_LABEL, GIT_LABEL = "run", "data", "git"


@dataclass(frozen=True)
class VersionView:
    """A version of a model.

    Attributes:
        model: The model's resource name, without a version.
        title: Its display name.
        places: The endpoints where the version is deployed.
        schema_uri: Where it says what an instance holds.
    """

    model: str
    version: str
    title: str
    aliases: tuple[str, ...] = ()
    created: datetime | None = None
    updated: datetime | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    artifact_uri: str = ""
    image: str = ""
    places: tuple[str, ...] = ()
    schema_uri: str = ""

    @property
    def name(self) -> str:
        """The version's resource name."""
        return f"{self.model}@{self.version}"


def parse_version(model: Json) -> VersionView:
    """Reads a model as the API answers it."""
    name = str(model.get("name", ""))
    places = [str(place.get("endpoint", "")) for place in model.get("deployedModels", [])]
    return VersionView(
        model=name.partition("@")[0],
        version=str(model.get("versionId", "")),
        title=str(model.get("displayName") or name.rpartition("/")[2]),
        aliases=tuple(model.get("versionAliases", [])),
        created=parse_time(model.get("versionCreateTime") or model.get("createTime")),
        updated=parse_time(model.get("versionUpdateTime") or model.get("updateTime")),
        labels={key: str(value) for key, value in model.get("labels", {}).items()},
        description=str(model.get("versionDescription") or model.get("description") or ""),
        artifact_uri=str(model.get("artifactUri", "")),
        image=str(model.get("containerSpec", {}).get("imageUri", "")),
        places=tuple(dict.fromkeys(places)),
        schema_uri=str(model.get("predictSchemata", {}).get("instanceSchemaUri", "")),
    )


async def read_evaluation(reader: Reader, version: VersionView) -> Json:
    """The metrics of a version's newest evaluation; nothing where it has none.

    Args:
        reader: The API.
        version: The version.

    Raises:
        ReadError: The API refused.
    """
    evaluations = await reader.list_all(version.name, "evaluations")
    metrics = evaluations[0].get("metrics", {}) if evaluations else {}
    return metrics if isinstance(metrics, Mapping) else {}


async def find_run(reader: Reader, version: VersionView) -> Json | None:
    """The run that made a version, by its label; None where there is none any more.

    Args:
        reader: The API.
        version: The version.
    """
    run_id = version.labels.get(RUN_LABEL, "")
    if not run_id:
        return None
    location = "/".join(version.model.split("/")[:4])
    try:
        return await reader.get(f"{location}/pipelineJobs/{run_id}")
    except ReadError:
        return None
