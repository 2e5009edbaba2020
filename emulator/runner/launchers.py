"""Google's pipeline components, whose tasks start a job of Vertex AI: which of them run here, and what they ask for.

Each one's container is a launcher: a program that sends its --payload to a service, polls the job that this makes, and
writes the job's name to the file after --gcp_resources.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from emulator.runner.json_values import plain

_LAUNCHER = re.compile(r"google_cloud_pipeline_components\.container\.(?:v1|preview)\.([\w.]+)\.launcher")


class JobKind(NamedTuple):
    """A kind of job that a launcher starts.

    Attributes:
        noun: What errors and logs call it.
        resource_type: What gcp_resources calls it.
        collection: Where it is created.
    """

    noun: str
    resource_type: str
    collection: str


# By launcher: the jobs that the runner starts by itself.
JOBS = {
    "custom_job": JobKind("custom job", "CustomJob", "customJobs"),
    "hyperparameter_tuning_job": JobKind("tuning job", "HyperparameterTuningJob", "hyperparameterTuningJobs"),
}
SERVED = {
    *JOBS,
    *(f"model.{name}" for name in ("upload_model", "delete_model", "get_model")),
    *(f"endpoint.{name}" for name in ("create_endpoint", "deploy_model", "undeploy_model", "delete_endpoint")),
}
# The variable that has the launchers of `JOBS` run as they are, too, if it is AS_GOOGLE.
CHOICE, AS_GOOGLE = "VERTEX_EMULATOR_LAUNCHERS", "google"
# The variable that tells a task the labels of its run.
RUN_LABELS = "VERTEX_AI_PIPELINES_RUN_LABELS"
# What a launcher writes into gcp_resources, whichever host it talks to.
_HOST = "https://{location}-aiplatform.googleapis.com/v1/"
# The placeholder of an executor input inside of a JSON document, its quotes escaped. kfp.local refuses it, and is
# given a text in its place.
ESCAPED_INPUT = "{{$.json_escape[1]}}"
ESCAPED_INPUT_TEXT = "{{escaped executor input}}"


def launcher_of(container: Mapping[str, Any]) -> str:
    """Which launcher a container starts, such as `custom_job`; empty where it starts none.

    Args:
        container: The container of an executor, as the specification has it.
    """
    match list(container.get("command", ())):
        case ["python3", "-u", "-m", module]:
            found = _LAUNCHER.fullmatch(module)
            return found[1] if found else ""
    return ""


def argument(command: Sequence[str], name: str) -> str:
    """The value after an option of a launcher's command."""
    return command[command.index(name) + 1]


def payload_text(command: Sequence[str]) -> str:
    """The value of a launcher's --payload, the executor input in its place. See `payload_of`."""
    given = json.dumps(argument(command, "--executor_input"))[1:-1]
    return argument(command, "--payload").replace(ESCAPED_INPUT_TEXT, given)


def payload_of(command: Sequence[str]) -> dict[str, Any]:
    """What a launcher sends, as its service reads it.

    Whole numbers are written as such, which pipelines carry as doubles; what is empty is left out, as launchers do.

    Args:
        command: The launcher's command with every placeholder filled in but `ESCAPED_INPUT_TEXT`, and with
            `--executor_input` and that input among its arguments.
    """
    payload = json.loads(payload_text(command), strict=False)
    scheduling = payload.get("job_spec", {}).get("scheduling", {})
    if scheduling.get("strategy") != "FLEX_START":
        scheduling.pop("max_wait_duration", None)
    cleaned: dict[str, Any] = _without_empty(plain(payload))
    return cleaned


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: _without_empty(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item or (isinstance(item, int | float) and item)}
    if isinstance(value, list):
        return [_without_empty(item) for item in value]
    return value


def gcp_resources(kind: JobKind, job: str) -> str:
    """What a launcher writes of the job that it has started, given the job's resource name."""
    location = job.split("/")[3]
    uri = f"{_HOST.format(location=location)}{job}"
    return json.dumps({"resources": [{"resourceType": kind.resource_type, "resourceUri": uri}]})


def resources_in(text: str) -> list[str]:
    """The names of what a launcher has started, given what it wrote of it."""
    try:
        uris = [str(resource["resourceUri"]) for resource in json.loads(text)["resources"]]
    except (ValueError, KeyError, TypeError):
        return []
    return [uri.partition("/v1/")[2] for uri in uris]
