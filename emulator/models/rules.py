"""What an uploaded model must satisfy by itself, whatever the registry holds."""

from __future__ import annotations

import re

from google.cloud.aiplatform_v1.types import Model, ModelContainerSpec

from emulator.api.clock import seconds
from emulator.api.errors import Violation
from emulator.api.validation import display_name_violations, label_violations
from emulator.models.aliases import alias_violations

BUCKET_URI = re.compile(r"gs://[a-z0-9][a-z0-9._-]{1,220}[a-z0-9](/.*)?", re.DOTALL)
IMAGE_URI = re.compile(r"[a-z0-9-]+-docker\.pkg\.dev/[^/\s]+/\S+|(?:[a-z0-9-]+\.)?gcr\.io/[^/\s]+/\S+")
ROUTE = re.compile(r"/[!-~]*")
ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
LONGEST_DEPLOYMENT_S = 2 * 60 * 60
LARGEST_PORT = 65535


def upload_violations(model: Model) -> list[Violation]:
    """What is wrong with the model of an UploadModelRequest."""
    violations = [
        *display_name_violations(model.display_name, "model.display_name"),
        *label_violations(model.labels, "model.labels"),
        *alias_violations(model.version_aliases, "model.version_aliases"),
    ]
    if model.artifact_uri and not BUCKET_URI.fullmatch(model.artifact_uri):
        violations.append(_uri_violation("model.artifact_uri", model.artifact_uri))
    schemata = model.predict_schemata
    for name in ("instance_schema_uri", "parameters_schema_uri", "prediction_schema_uri"):
        uri = getattr(schemata, name)
        if uri and not BUCKET_URI.fullmatch(uri):
            violations.append(_uri_violation(f"model.predict_schemata.{name}", uri))
    if "container_spec" in model:
        violations += container_violations(model.container_spec)
    return violations


def _uri_violation(field: str, uri: str) -> Violation:
    return Violation(field, f'must be a Cloud Storage URI, gs://BUCKET or gs://BUCKET/PATH. Received: "{uri}".')


def container_violations(container: ModelContainerSpec) -> list[Violation]:
    """What is wrong with a model's container."""
    field = "model.container_spec"
    violations = []
    if not IMAGE_URI.fullmatch(container.image_uri):
        violations.append(
            Violation(
                f"{field}.image_uri",
                "is required and must name an image in Artifact Registry or Container Registry, such as "
                f'LOCATION-docker.pkg.dev/PROJECT/REPOSITORY/IMAGE:TAG. Received: "{container.image_uri}".',
            )
        )
    if container.predict_route and container.invoke_route_prefix:
        violations.append(Violation(f"{field}.invoke_route_prefix", "cannot be given together with predict_route."))
    for name in ("predict_route", "health_route"):
        route = getattr(container, name)
        if route and not ROUTE.fullmatch(route):
            violations.append(
                Violation(f"{field}.{name}", f'must start with "/" and hold no blanks. Received: "{route}".')
            )
    timeout_s = seconds(container.deployment_timeout)
    if not 0 <= timeout_s <= LONGEST_DEPLOYMENT_S:
        violations.append(
            Violation(f"{field}.deployment_timeout", f"must be at most 2 hours. Received: {timeout_s:g} s.")
        )
    texts = [*container.command, *container.args, *(variable.value for variable in container.env)]
    if any("\0" in text for text in texts):
        violations.append(Violation(field, "command, args and env values cannot hold a null character."))
    return [*violations, *_environment_violations(container), *_port_violations(container)]


def _environment_violations(container: ModelContainerSpec) -> list[Violation]:
    return [
        Violation(
            f"model.container_spec.env[{number}].name",
            f'must be letters, digits and underscores, and not start with a digit. Received: "{variable.name}".',
        )
        for number, variable in enumerate(container.env)
        if not ENVIRONMENT_NAME.fullmatch(variable.name)
    ]


def _port_violations(container: ModelContainerSpec) -> list[Violation]:
    return [
        Violation(
            f"model.container_spec.{name}[{number}].container_port",
            f"must lie between 1 and {LARGEST_PORT}. Received: {port.container_port}.",
        )
        for name in ("ports", "grpc_ports")
        for number, port in enumerate(getattr(container, name))
        if not 1 <= port.container_port <= LARGEST_PORT
    ]
