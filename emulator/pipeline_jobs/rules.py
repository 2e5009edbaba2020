"""What a pipeline job must look like to be taken: the rules of PipelineService's create."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from google.cloud.aiplatform_v1.types import PipelineJob
from google.protobuf import json_format
from google.protobuf.struct_pb2 import Value

from emulator.api.errors import Violation
from emulator.api.validation import (
    display_name_violations,
    label_violations,
    service_account_violations,
)
from emulator.pipeline_jobs.spec_rules import MOST_VIOLATIONS, spec_violations, version_of
from emulator.runner.errors import nearest, some
from emulator.runner.json_values import plain

JOB_ID = re.compile(r"[a-z][-a-z0-9]{0,127}")
BILLING_LABEL = "vertex-ai-pipelines-run-billing-id"
# Below the output directory the job's own folder begins, and object names hold at most 1,024 bytes.
LONGEST_DIRECTORY = 700
_BUCKET = r"[a-z0-9](?:[a-z0-9._-]{1,220}[a-z0-9])"
_DIRECTORY = re.compile(rf"gs://{_BUCKET}(?:/[^\x00-\x1f\x7f]*)?")
_SEGMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:_-]{0,99}")
# The version of the specification from which on parameterValues take the place of parameters.
_VALUES_SINCE = (2, 1)
_WORDS = {
    "NUMBER_INTEGER": "a whole number",
    "NUMBER_DOUBLE": "a number",
    "STRING": "a string",
    "BOOLEAN": "true or false",
    "LIST": "an array",
    "STRUCT": "an object",
}
_KINDS = {
    "number_value": "number",
    "string_value": "string",
    "bool_value": "boolean",
    "list_value": "array",
    "struct_value": "object",
    "null_value": "null",
    None: "null",
}
_FITTING = {
    "NUMBER_INTEGER": "number",
    "NUMBER_DOUBLE": "number",
    "STRING": "string",
    "BOOLEAN": "boolean",
    "LIST": "array",
    "STRUCT": "object",
}
_LONGEST_SHOWN = 80


def parent_violations(parent: str) -> list[Violation]:
    """What is wrong with the location of a job, whose parts become folders of this machine."""
    _, project, _, location = parent.split("/")
    return [
        Violation("parent", f'cannot name the {what} "{text}".')
        for what, text in (("project", project), ("location", location))
        if not _SEGMENT.fullmatch(text)
    ]


def job_id_violations(job_id: str) -> list[Violation]:
    """What is wrong with the id that a job is to have; empty lets the server choose one."""
    if not job_id or JOB_ID.fullmatch(job_id):
        return []
    return [
        Violation(
            "pipeline_job_id",
            "must start with a lowercase letter, hold only lowercase letters, digits and hyphens, and be at most 128 "
            f'characters long. Received: "{job_id}".',
        )
    ]


def job_violations(
    job: PipelineJob, field: str = "pipeline_job", has_artifact: Callable[[str], bool] | None = None
) -> list[Violation]:
    """What is wrong with a pipeline job.

    Args:
        job: The job as it was sent.
        field: What messages call it.
        has_artifact: Whether the default metadata store holds the artifact of an id; None leaves that unchecked.
    """
    pb = PipelineJob.pb(job)
    violations = display_name_violations(job.display_name, f"{field}.display_name") if job.display_name else []
    violations += label_violations({**job.labels, BILLING_LABEL: "1"}, f"{field}.labels")
    violations += service_account_violations(job.service_account, f"{field}.service_account")
    spec = json_format.MessageToDict(pb.pipeline_spec)
    violations += spec_violations(spec, f"{field}.pipeline_spec")
    violations += _directory_violations(pb, spec, f"{field}.runtime_config.gcs_output_directory")
    if not isinstance(spec.get("root"), dict):
        return violations
    config = pb.runtime_config
    parameters = _parameter_violations(config, spec, f"{field}.runtime_config", f"{field}.pipeline_spec")
    artifacts = _artifact_violations(config, spec, f"{field}.runtime_config.input_artifacts", has_artifact)
    return [*violations, *islice(parameters, MOST_VIOLATIONS), *islice(artifacts, MOST_VIOLATIONS)]


def _directory_violations(pb: Any, spec: Mapping[str, Any], field: str) -> Iterator[Violation]:
    directory = output_directory(pb.runtime_config.gcs_output_directory, spec)
    if not directory:
        yield Violation(field, "is required: a Cloud Storage path such as gs://my-bucket/pipeline-root.")
    elif not isinstance(directory, str) or not _DIRECTORY.fullmatch(directory):
        yield Violation(
            field,
            f"Invalid Cloud Storage URI for gcs_output_directory. It must be gs://BUCKET or gs://BUCKET/PATH. "
            f"Received: {_shown(directory)}.",
        )
    elif {".", ".."} & set(directory.split("/")):
        yield Violation(field, f'must not hold "." or ".." as a part. Received: {_shown(directory)}.')
    elif len(directory.encode()) > LONGEST_DIRECTORY:
        yield Violation(field, f"must be at most {LONGEST_DIRECTORY} bytes long.")


def output_directory(given: str, spec: Mapping[str, Any]) -> Any:
    """The root of a run's outputs: the runtime configuration's or, where that has none, the specification's."""
    return given or spec.get("defaultPipelineRoot", "")


def _parameter_violations(config: Any, spec: Mapping[str, Any], field: str, spec_field: str) -> Iterator[Violation]:
    declared = _definitions(spec, "parameters")
    version = version_of(spec) or _VALUES_SINCE
    if version < _VALUES_SINCE:
        if config.parameter_values:
            yield Violation(f"{field}.parameter_values", "needs a pipeline of schemaVersion 2.1.0 or later.")
        given = set(config.parameters)
    else:
        if config.parameters:
            yield Violation(
                f"{field}.parameters", "is for pipelines of schemaVersion 2.0.0 or lower. Use parameter_values."
            )
        given = set(config.parameter_values)
    values = f"{field}.{'parameter_values' if version >= _VALUES_SINCE else 'parameters'}"
    for name in sorted(given - set(declared)):
        yield Violation(values, f'The pipeline has no parameter "{name}".{_hint(name, declared)}')
    for name, definition in declared.items():
        if name in config.parameter_values:
            yield from _value_violations(name, definition, config.parameter_values[name], values)
        elif "defaultValue" in definition and name not in given:
            default = json_format.ParseDict(definition["defaultValue"], Value())
            yield from _value_violations(name, definition, default, f"{spec_field}.root.inputDefinitions")
        elif name not in given and not _is_optional(definition):
            yield Violation(
                values,
                f'The parameter "{name}" has no default and must be given: {_wanted(definition)}.',
            )


def _definitions(spec: Mapping[str, Any], kind: str) -> Mapping[str, Mapping[str, Any]]:
    inputs = spec["root"].get("inputDefinitions", {})
    found = inputs.get(kind) if isinstance(inputs, dict) else None
    named = found.items() if isinstance(found, dict) else ()
    return {name: item if isinstance(item, dict) else {} for name, item in named}


def _is_optional(definition: Mapping[str, Any]) -> bool:
    return bool(definition.get("isOptional")) or "defaultValue" in definition


def _wanted(definition: Mapping[str, Any]) -> str:
    kind = str(definition.get("parameterType", ""))
    return f"{_WORDS[kind]} ({kind})" if kind in _WORDS else kind or "a value"


def _value_violations(name: str, definition: Mapping[str, Any], value: Value, field: str) -> Iterator[Violation]:
    received = _KINDS[value.WhichOneof("kind")]
    wanted = str(definition.get("parameterType", ""))
    if wanted == "TASK_FINAL_STATUS":
        yield Violation(field, f'The parameter "{name}" is filled in by the run and cannot be given.')
        return
    if received == "null" and definition.get("isOptional"):
        return
    fits = wanted not in _FITTING or _FITTING[wanted] == received
    if fits and wanted == "NUMBER_INTEGER":
        fits = value.number_value.is_integer()
    if not fits:
        yield Violation(
            field,
            f'The parameter "{name}" must be {_wanted(definition)}. Received: '
            f"{_shown(json_format.MessageToDict(value))} ({received}).",
        )


def _artifact_violations(
    config: Any, spec: Mapping[str, Any], field: str, has_artifact: Callable[[str], bool] | None
) -> Iterator[Violation]:
    declared = _definitions(spec, "artifacts")
    for name, given in sorted(config.input_artifacts.items()):
        if name not in declared:
            yield Violation(field, f'The pipeline has no input artifact "{name}".{_hint(name, declared)}')
        elif not given.artifact_id:
            yield Violation(field, f'The input artifact "{name}" needs an artifact_id.')
        elif has_artifact is not None and not has_artifact(given.artifact_id):
            yield Violation(
                field,
                f'The input artifact "{name}" names an artifact that the default metadata store does not hold. '
                f'Received: "{given.artifact_id}".',
            )
    for name, definition in declared.items():
        if name not in config.input_artifacts and not definition.get("isOptional"):
            yield Violation(field, f'The input artifact "{name}" must be given.')


def _hint(name: str, known: Iterable[str]) -> str:
    names = list(known)
    return nearest(name, names) or (f" It has: {some(names)}." if names else " It has none.")


def _shown(value: Any) -> str:
    text = json.dumps(plain(value), ensure_ascii=False)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 3]}..."
