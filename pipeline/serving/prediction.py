"""Predictions asked of the endpoint, with the part of Google's SDK that loads in a third of the time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from components.vertex import endpoints, registry
from pipeline.config import RunConfig
from pipeline.serving.instance_file import ModelColumns
from pipeline.vertex.clients import vertex_of
from pipeline.vertex.errors import message_of
from trainer.errors import DataError, ProjectError, UsageError
from trainer.model.files import CONTRACT_FILE
from trainer.waiting import told_when_slow

if TYPE_CHECKING:
    from trainer.contract import Contract

# A request may hold 1.5 MB. Google's client writes whole numbers with ".0", which may add a seventh.
_REQUEST_BYTES = 1_300_000


@dataclass(frozen=True)
class Answer:
    """What one request was answered.

    Attributes:
        first: Number of its first instance, from 1.
        predictions: One for each of its instances.
        version: The registry version that answered.
        deployment: The id of its deployment.
    """

    first: int
    predictions: Sequence[Any]
    version: str
    deployment: str


class Endpoint:
    """The endpoint of a configuration.

    Args:
        config: Names it.

    Raises:
        ProjectError: There is none, or nothing is deployed on it.
        RegistryError: There are several.
    """

    def __init__(self, config: RunConfig) -> None:
        self._vertex = vertex_of(config)
        endpoint = endpoints.find_endpoint(self._vertex, config.endpoint_name)
        if endpoint is None or not endpoint.traffic_split:
            raise ProjectError(
                f'Nothing is deployed on the endpoint "{config.endpoint_name}". Run `python -m pipeline run`, or '
                "`python -m pipeline promote VERSION`."
            )
        self._endpoint = endpoint

    def columns(self) -> ModelColumns | None:
        """What the columns of the deployed version hold, or None where it does not say."""
        from trainer import storage

        models = {one.id: f"{one.model}@{one.model_version_id}" for one in self._endpoint.deployed_models}
        strongest = max(self._endpoint.traffic_split.items(), key=lambda share: share[1])[0]
        model = registry.version_by_name(self._vertex, models[strongest])
        if not model.predict_schemata.instance_schema_uri:
            return None
        # JSON is YAML, and this project writes it as JSON.
        schema = json.loads(storage.read_bytes(model.predict_schemata.instance_schema_uri))
        types = {name: str(about.get("type")) for name, about in schema.get("properties", {}).items()}
        contract = _contract_of(model.artifact_uri)
        if contract is None:
            return ModelColumns(types)
        label = contract.label
        order = [column.name for column in contract.columns]
        return ModelColumns(types, order, label.name, label.meanings)

    def ask(self, instances: Sequence[Any]) -> Iterator[Answer]:
        """Asks for predictions, in as many requests as their size needs.

        Raises:
            DataError: The endpoint refuses instances, each by its number.
            UsageError: An instance is too large, or cannot be sent.
        """
        from google.api_core.exceptions import BadRequest

        for first, batch in _batches(instances):
            values = [_value(number, instance) for number, instance in enumerate(batch, first)]
            try:
                with told_when_slow("The endpoint"):
                    answer = endpoints.ask(self._vertex, self._endpoint, values)
            except BadRequest as error:
                raise DataError([_renumbered(message_of(error), first)]) from error
            yield Answer(first, answer.predictions, answer.version, answer.deployment)


def _contract_of(artifact_uri: str) -> Contract | None:
    """The contract that a version of this project carries; None where there is none."""
    from pydantic import ValidationError

    from trainer import storage
    from trainer.contract import Contract

    try:
        return Contract.model_validate_json(storage.read_bytes(storage.join(artifact_uri, CONTRACT_FILE)))
    except (OSError, ValidationError):
        return None


def _batches(instances: Sequence[Any]) -> Iterator[tuple[int, Sequence[Any]]]:
    """Slices that fit into a request, each with the number of its first instance."""
    first, size = 0, 0
    for place, instance in enumerate(instances):
        # So Google's client writes a request.
        weight = len(json.dumps({"instances": [instance]}, indent=2))
        if weight > _REQUEST_BYTES:
            raise UsageError(
                f"Instance {place + 1} is larger than a request may be: {weight} of {_REQUEST_BYTES} bytes. Shorten it."
            )
        if size + weight > _REQUEST_BYTES:
            yield first + 1, instances[first:place]
            first, size = place, 0
        size += weight
    yield first + 1, instances[first:]


def _value(number: int, instance: Any) -> Any:
    from google.protobuf.json_format import ParseDict, ParseError
    from google.protobuf.struct_pb2 import Value

    try:
        return ParseDict(instance, Value())
    except (ParseError, ValueError) as error:
        raise UsageError(f"Instance {number} cannot be sent: {error}. Write text that is UTF-8.") from error


def _renumbered(message: str, first: int) -> str:
    """A refusal of one request in the numbers of the whole file."""
    return re.sub(r"\binstance (\d+):", lambda match: f"instance {int(match[1]) + first - 1}:", message)
