"""From a model's containerSpec to a command and an environment on this machine.

The container's contract is https://cloud.google.com/vertex-ai/docs/predictions/custom-container-requirements.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from google.cloud.aiplatform_v1.types import DeployedModel, Model, ModelContainerSpec

from emulator.api.clock import seconds
from emulator.api.errors import ApiError, precondition
from emulator.api.names import id_of

_REFERENCE = re.compile(r"\$(\$?)\(([A-Za-z_][A-Za-z0-9_]*)\)")


@dataclass(frozen=True)
class ModelCommand:
    """How to start the server of a deployed model, but for its port, which is chosen at each start.

    Attributes:
        name: `ENDPOINT_ID/DEPLOYED_MODEL_ID`, for messages.
        words: Command and arguments, as the containerSpec has them.
        container_environment: Variables that the containerSpec sets.
        contract: The AIP_* variables, but AIP_HTTP_PORT.
        health_route: Path that answers 200 when the server is ready.
        predict_route: Path that predictions are sent to.
        timeout_s: Seconds within which the server must be healthy; 0 where the containerSpec sets none.
    """

    name: str
    words: tuple[str, ...]
    container_environment: Mapping[str, str]
    contract: Mapping[str, str]
    health_route: str
    predict_route: str
    timeout_s: float

    def environment(self, base: Mapping[str, str], port: int) -> dict[str, str]:
        """The process's environment: the machine's, the container's, the contract's; the last wins."""
        contract = {**self.contract, "AIP_HTTP_PORT": str(port)}
        environment = {**base, **contract}
        for name, value in self.container_environment.items():
            environment[name] = expanded(value, environment)
        return {**environment, **contract}

    def arguments(self, environment: Mapping[str, str]) -> list[str]:
        """The words to start, with each $(VARIABLE) in its place."""
        return [expanded(word, environment) for word in self.words]


def model_command(endpoint: str, deployed: DeployedModel, version: Model) -> ModelCommand:
    """The command of a deployed model.

    Args:
        endpoint: The endpoint's name.
        deployed: The deployed model.
        version: Its version's record.

    Raises:
        ApiError: FAILED_PRECONDITION, where the containerSpec has no command.
    """
    container = version.container_spec
    if not container.command:
        raise _no_command(container)
    routes = f"/v1/endpoints/{id_of(endpoint)}/deployedModels/{deployed.id}"
    health = container.health_route or routes
    predict = container.predict_route or f"{routes}:predict"
    return ModelCommand(
        name=f"{id_of(endpoint)}/{deployed.id}",
        words=(*container.command, *container.args),
        container_environment={variable.name: variable.value for variable in container.env},
        contract={
            "AIP_MODE": "PREDICTION",
            "AIP_MODEL_NAME": id_of(deployed.model),
            "AIP_VERSION_NAME": deployed.model_version_id,
            "AIP_FRAMEWORK": "CUSTOM_CONTAINER",
            "AIP_ENDPOINT_ID": id_of(endpoint),
            "AIP_DEPLOYED_MODEL_ID": deployed.id,
            "AIP_HEALTH_ROUTE": health,
            "AIP_PREDICT_ROUTE": predict,
            "AIP_STORAGE_URI": version.artifact_uri,
        },
        health_route=health,
        predict_route=predict,
        timeout_s=seconds(container.deployment_timeout),
    )


def _no_command(container: ModelContainerSpec) -> ApiError:
    return precondition(
        f'The model\'s containerSpec names the image "{container.image_uri}" but no command. The '
        "emulator starts the command as a process of this machine; it cannot run an image, whose entry point is "
        "not known here. Set containerSpec.command (serving_container_command in the SDK)."
    )


def expanded(text: str, environment: Mapping[str, str]) -> str:
    """Replaces each $(NAME) by its value, as Kubernetes does: unknown names stay, $$(NAME) is escaped."""

    def value(match: re.Match[str]) -> str:
        if match[1]:
            return f"$({match[2]})"
        return environment.get(match[2], match[0])

    return _REFERENCE.sub(value, text)


def search_path(path: str, interpreter: Path) -> str:
    """A PATH on which `python` and `python3` are the emulator's own interpreter's."""
    return ":".join([str(interpreter.parent), *([path] if path else [])])


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log, for an error message; empty where there is none."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - 16_384))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(_last(text.splitlines(), lines))


def _last(lines: Sequence[str], count: int) -> Sequence[str]:
    return lines[-count:]
