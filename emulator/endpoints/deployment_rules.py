"""What a model that is to be deployed must satisfy by itself, whatever the endpoint holds."""

from __future__ import annotations

import re

from google.cloud.aiplatform_v1.types import DedicatedResources, DeployedModel, MachineSpec

from emulator.api.errors import Violation
from emulator.api.names import DEPLOYED_MODEL_ID
from emulator.api.validation import LONGEST_DISPLAY_NAME, service_account_violations

# A guess: families of machine types that Vertex AI serves predictions on. Nothing here has such a machine.
MACHINE_TYPE = re.compile(
    r"(?:n1|n2|n2d|n4|e2|c2|c2d|c3|c3d|c4|c4a|c4d|m1|m2|m3)-(?:standard|highmem|highcpu|ultramem|megamem)-\d+(?:-lssd)?"
    r"|(?:a2|a3|a4|g2|g4)-(?:standard|highgpu|megagpu|ultragpu|edgegpu)-\d+g?|(?:ct5lp|ct6e)-(?:hightpu|standard)-\dt"
)
DEFAULT_MACHINE_TYPE = "n1-standard-2"
OUTPUT_ONLY = ("create_time", "private_endpoints", "status")


def deployed_model_violations(deployed: DeployedModel, field: str = "deployed_model") -> list[Violation]:
    """What is wrong with the deployed_model of a DeployModelRequest."""
    violations = service_account_violations(deployed.service_account, f"{field}.service_account")
    if len(deployed.display_name) > LONGEST_DISPLAY_NAME:
        violations.append(
            Violation(f"{field}.display_name", f"must be at most {LONGEST_DISPLAY_NAME} characters long.")
        )
    if deployed.id and not DEPLOYED_MODEL_ID.fullmatch(deployed.id):
        violations.append(
            Violation(f"{field}.id", f'must be 1 to 10 digits and not start with 0. Received: "{deployed.id}".')
        )
    if "dedicated_resources" in deployed:
        violations += dedicated_violations(deployed.dedicated_resources, f"{field}.dedicated_resources")
    elif "automatic_resources" in deployed or deployed.shared_resources:
        violations.append(
            Violation(
                f"{field}.prediction_resources",
                "must be of a kind that the model supports: dedicated_resources.",
            )
        )
    else:
        violations.append(Violation(f"{field}.prediction_resources", "is required: give dedicated_resources."))
    return violations


def dedicated_violations(resources: DedicatedResources, field: str) -> list[Violation]:
    """What is wrong with the machines that are asked for."""
    violations = []
    if "machine_spec" not in resources:
        violations.append(Violation(f"{field}.machine_spec", "is required."))
    violations += _machine_violations(resources.machine_spec, f"{field}.machine_spec")
    least, most = resources.min_replica_count, resources.max_replica_count
    if least < 1:
        violations.append(Violation(f"{field}.min_replica_count", f"must be 1 or more. Received: {least}."))
    if most and most < least:
        violations.append(
            Violation(
                f"{field}.max_replica_count",
                f"must not be less than min_replica_count, {least}. Received: {most}.",
            )
        )
    if not 0 <= resources.required_replica_count <= max(least, 1):
        violations.append(
            Violation(f"{field}.required_replica_count", f"must lie between 1 and min_replica_count, {least}.")
        )
    return violations


def _machine_violations(machine: MachineSpec, field: str) -> list[Violation]:
    violations = []
    if machine.machine_type and not MACHINE_TYPE.fullmatch(machine.machine_type):
        violations.append(
            Violation(
                f"{field}.machine_type",
                f"is no machine type for predictions, such as {DEFAULT_MACHINE_TYPE}. Received: "
                f'"{machine.machine_type}".',
            )
        )
    if machine.accelerator_count < 0 or bool(machine.accelerator_type) != bool(machine.accelerator_count):
        violations.append(
            Violation(f"{field}.accelerator_count", "must be given together with accelerator_type, and be positive.")
        )
    return violations


def with_defaults(deployed: DeployedModel) -> DeployedModel:
    """A copy in which the server's defaults are filled in and output-only fields are empty."""
    result = DeployedModel(deployed)
    for name in OUTPUT_ONLY:
        type(result).pb(result).ClearField(name)
    resources = result.dedicated_resources
    resources.machine_spec.machine_type = resources.machine_spec.machine_type or DEFAULT_MACHINE_TYPE
    resources.max_replica_count = resources.max_replica_count or resources.min_replica_count
    return result
