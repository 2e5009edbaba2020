"""From a configuration to a submitted run: what it consists of, its files in the bucket, the job, the request."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from components.vertex.connection import CHANGE_TIMEOUT_S
from pipeline.compilation import compile_pipeline
from pipeline.config import RunConfig, TrainingJob, parameter_values
from pipeline.config_types import DisplayName
from pipeline.git_commit import commit_behind, with_commit
from pipeline.runs.inputs import TABLES
from pipeline.runs.labels import run_labels
from pipeline.runs.parameters import convert
from pipeline.runs.spec import PipelineSpec, read_spec
from pipeline.runs.staging import Staged, carry_out, place_of, plan, store_bytes
from pipeline.vertex.clients import parent_of, pipeline_client
from pipeline.vertex.experiments import add_run, experiment_of
from trainer.errors import UsageError, quoted

if TYPE_CHECKING:
    from google.cloud.aiplatform_v1.types import PipelineJob

_DATA = (*TABLES, "schema")
_LONGEST_PREFIX = 100


@dataclass(frozen=True)
class Draft:
    """What a submission consists of, before anything is copied or sent.

    Attributes:
        spec: The compiled pipeline, as Vertex AI will read it.
        document: The file that holds it.
        template: Where that file is kept in the bucket.
        parameters: The values of its parameters, with the inputs' places in the bucket.
        inputs: The files that it reads, by the parameters' names.
        labels: The run's labels.
        name: What people call the run; empty for the pipeline's name.
        options: The words of the command line that submits it.
    """

    spec: PipelineSpec
    document: bytes
    template: str
    parameters: Mapping[str, Any]
    inputs: Mapping[str, Staged]
    labels: Mapping[str, str]
    name: str = ""
    options: Sequence[str] = ()


def require_name(name: str) -> None:
    """Refuses a name that Vertex AI would not take for a run or a schedule.

    Raises:
        UsageError: It is none.
    """
    try:
        TypeAdapter(DisplayName).validate_python(name)
    except ValidationError as error:
        fault = error.errors()[0]["ctx"]["error"]
        raise UsageError(f"`--name` {fault}. Received: {quoted(name)}.") from None


def draft(config: RunConfig, check: Callable[[], None] = lambda: None) -> Draft:
    """What the submission of a configuration consists of; nothing is copied, sent or left on the disk.

    Args:
        config: The configuration.
        check: Called again and again meanwhile; what it raises ends the work.

    Raises:
        DataError: An input is not there, or cannot be read.
    """
    with tempfile.TemporaryDirectory() as folder:
        document = compile_pipeline(config, Path(folder, "pipeline.yaml")).read_bytes()
    check()
    fixed = config.model_dump(include={"pipeline_name", "image", "cpu_limit", "memory_limit_gib"})
    # A tier is no setting of its own: what it stands for is among the others.
    machines = config.model_dump(include=set(TrainingJob.model_fields) - {"scale_tier"})
    parameters = parameter_values(with_commit(config))
    return _draft(config, document, load_spec(document), parameters, {**fixed, **machines}, check)


def draft_of_file(
    file: Path,
    config: RunConfig,
    given: Mapping[str, Any],
    offered: Mapping[str, Any],
    check: Callable[[], None] = lambda: None,
) -> Draft:
    """What the submission of a compiled file consists of.

    Args:
        file: A pipeline that kfp has compiled.
        config: Says where it is to run.
        given: Values of its parameters by name; the others keep the defaults that are compiled in.
        offered: Values that it gets besides, if it has parameters of these names.
        check: As for `draft`.

    Raises:
        UsageError: The file is no compiled pipeline, or parameters do not fit it.
        DataError: An input is not there, or cannot be read.
    """
    document, spec = _read_file(file)
    definitions = ((spec.get("root") or {}).get("inputDefinitions") or {}).get("parameters") or {}
    defaults = {name: definitions[name].get("defaultValue") for name in _DATA if name in definitions}
    values = {name: value for name, value in defaults.items() if isinstance(value, str)}
    wanted = {name: value for name, value in offered.items() if name in definitions}
    parameters = convert({**values, **wanted, **given}, definitions, str(file))
    return _draft(config, document, spec, parameters, {"pipeline": hashlib.sha256(document).hexdigest()}, check)


def build_job(config: RunConfig, submission: Draft, check: Callable[[], None] = lambda: None) -> PipelineJob:
    """Copies a submission's files to the bucket, and makes the job, which is not sent yet.

    Args:
        config: Names the bucket.
        submission: What is submitted.
        check: Called again and again while files are copied; what it raises ends that.

    Raises:
        DataError: A file cannot be copied.
    """
    from google.cloud.aiplatform_v1.types.pipeline_job import PipelineJob
    from google.protobuf import json_format

    for staged in submission.inputs.values():
        carry_out(staged, check)
    check()
    store_bytes(submission.document, submission.template)
    spec = load_spec(submission.document)
    if not config.enable_caching:
        _forbid_caching(spec)
    job = {
        "displayName": submission.name or submission.spec.name,
        "pipelineSpec": spec,
        "runtimeConfig": {
            "gcsOutputDirectory": config.root,
            "parameterValues": {name: value for name, value in submission.parameters.items() if value is not None},
            "failurePolicy": f"PIPELINE_FAILURE_POLICY_FAIL_{config.failure_policy.upper()}",
        },
        "labels": dict(submission.labels),
        "serviceAccount": config.service_account,
    }
    return PipelineJob(json_format.ParseDict(job, PipelineJob.pb()()))


def _forbid_caching(spec: Mapping[str, Any]) -> None:
    for component in (spec["root"], *spec["components"].values()):
        for task in component.get("dag", {}).get("tasks", {}).values():
            task["cachingOptions"] = {"enableCache": False}


def send(config: RunConfig, job: PipelineJob, run_id: str = "") -> str:
    """Submits a job, and returns the run's resource name.

    Args:
        config: Says where, and names the experiment that the run is to be part of.
        job: The job.
        run_id: What the run's id begins with; the pipeline's name and the time if empty.

    Raises:
        google.api_core.exceptions.GoogleAPICallError: Vertex AI refuses it.
    """
    from google.api_core.exceptions import Conflict

    experiment = experiment_of(config) if config.experiment else ""
    client, parent = pipeline_client(config), parent_of(config)
    spec: Any = job.pipeline_spec
    wanted = run_id or _new_id(spec["pipelineInfo"]["name"])
    own_id, number = wanted, 1
    while True:
        try:
            made = client.create_pipeline_job(
                parent=parent, pipeline_job=job, pipeline_job_id=own_id, timeout=CHANGE_TIMEOUT_S
            )
            break
        except Conflict:  # another run of the same second
            if number == 10:
                raise
            number += 1
            own_id = f"{wanted}-{number}"
    if experiment:
        add_run(config, experiment, made.name)
    return str(made.name)


def _draft(
    config: RunConfig,
    document: bytes,
    pipeline: Mapping[str, Any],
    parameters: Mapping[str, Any],
    fixed: Mapping[str, Any],
    check: Callable[[], None],
) -> Draft:
    spec = read_spec(pipeline)
    has_data = all(isinstance(parameters.get(name), str) for name in _DATA)
    inputs = {name: plan(parameters[name], config.staging_bucket, check) for name in _DATA if has_data}
    return Draft(
        spec=spec,
        document=document,
        template=place_of(document, f"{spec.name}.yaml", config.staging_bucket),
        parameters={**parameters, **{name: staged.uri for name, staged in inputs.items()}},
        inputs=inputs,
        labels=run_labels(
            commit_behind(config), [staged.content for staged in inputs.values()], {**parameters, **fixed}, spec.image
        ),
    )


def _read_file(file: Path) -> tuple[bytes, Mapping[str, Any]]:
    import yaml

    try:
        document = _first(file.read_bytes())
        spec = load_spec(document)
        if not spec["pipelineInfo"]["name"] or not spec["root"]["dag"]:
            raise KeyError
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}. Give a pipeline that is compiled.") from error
    except (ValueError, LookupError, TypeError, yaml.YAMLError) as error:
        raise UsageError(
            f"{file} is no compiled pipeline. `python compile.py` writes one; so does any compiler of kfp."
        ) from error
    return document, spec


def _first(document: bytes) -> bytes:
    """A compiled file without its second document, settings of one platform, which Vertex AI's SDK does not read."""
    import yaml

    first, *others = yaml.load_all(document, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return yaml.safe_dump(first).encode() if others else document


def load_spec(document: bytes) -> Mapping[str, Any]:
    """The specification in a compiled file."""
    import yaml

    loaded: Any = next(yaml.load_all(document, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    spec: Mapping[str, Any] = loaded.get("pipelineSpec", loaded) if isinstance(loaded, dict) else {}
    return spec


def _new_id(pipeline: str) -> str:
    return f"{pipeline[:_LONGEST_PREFIX]}-{datetime.now(UTC).astimezone():%Y%m%d%H%M%S}"
