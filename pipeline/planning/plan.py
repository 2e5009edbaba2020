"""What a submission would do, step by step, without doing any of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.config import RunConfig
from pipeline.config_layers import DEFAULT
from pipeline.planning.cache import CACHING_IS_OFF, NEVER_CACHED, Foretold, container_of, predict
from pipeline.planning.lookup import Known
from pipeline.planning.values import Document, Unknown, equal
from pipeline.runs.spec import image_of
from pipeline.runs.submission import Draft, load_spec
from pipeline.runs.worker_pools import machines_text, read_pools, starts_custom_job

# What no submission of this project gives a run.
_NEVER_GIVEN = ("network", "persistent_resource_id", "encryption_key_name")
_GIB = 1024**3 / 1000**3


@dataclass(frozen=True)
class PlannedFile:
    """A file that the run reads from the bucket.

    Attributes:
        name: The parameter that names it, or `pipeline`.
        source: What the user calls it.
        target: Where the run finds it.
        is_there: Whether it lies there already. None where that cannot be told.
        is_copied: Whether it is copied at all, and is not a URL of the user's.
    """

    name: str
    source: str
    target: str
    is_there: bool | None
    is_copied: bool


@dataclass(frozen=True)
class PlannedTask:
    """A task of the run.

    Attributes:
        display_name: Its name for readers.
        conditions: The names of the conditions under which it runs at all.
        outcome: As `Foretold`; None where nothing is known of earlier runs.
        reason: As `Foretold`.
        image: Its image.
        machine: What it asks of its machine; empty where it asks for nothing.
        reads: URIs.
        writes: URIs; of a cached one, those that it takes.
    """

    display_name: str
    conditions: Sequence[str]
    outcome: str | None
    reason: str
    image: str
    machine: str
    reads: Sequence[str]
    writes: Sequence[str]


@dataclass(frozen=True)
class Plan:
    """A submission.

    Attributes:
        pipeline: The pipeline's name.
        files: What it reads from the bucket.
        tasks: Its tasks, in an order in which they can run.
        labels: The run's labels.
        parameters: Those whose values are not the pipeline's defaults.
        champion: The version to beat; empty where there is none. None where that is not known.
    """

    pipeline: str
    files: Sequence[PlannedFile]
    tasks: Sequence[PlannedTask]
    labels: Mapping[str, str]
    parameters: Mapping[str, Any]
    champion: str | None


def make_plan(config: RunConfig, sources: Mapping[str, str], draft: Draft, known: Known | None) -> Plan:
    """Plans a submission.

    Args:
        config: The configuration.
        sources: Where its values come from, as `load_config` tells.
        draft: What is to be submitted.
        known: What Vertex AI told. None where it could not be asked.
    """
    spec = load_spec(draft.document)
    jobs = known.jobs if known else ()
    foretold = predict(spec, draft.parameters, jobs, config.enable_caching, _of_the_run(config))
    inputs = {staged.uri for staged in draft.inputs.values()}
    return Plan(
        pipeline=draft.spec.name,
        files=[*_files(draft, known)],
        tasks=[_task(config, spec, one, inputs, known is not None) for one in foretold],
        labels=draft.labels,
        parameters=_chosen(spec, sources, draft),
        champion=known.champion if known else None,
    )


def _of_the_run(config: RunConfig) -> dict[str, str]:
    """What Vertex AI tells tasks of their run in the place of texts, as far as a configuration decides on it."""
    return {
        "{{$.pipeline_google_cloud_project_id}}": config.project,
        "{{$.pipeline_google_cloud_location}}": config.location,
        # The stand-in has none.
        "{{$.pipeline_service_account}}": config.service_account if config.connection == "vertex" else "",
        **dict.fromkeys((f"{{{{$.pipeline_{name}}}}}" for name in _NEVER_GIVEN), ""),
    }


def _files(draft: Draft, known: Known | None) -> Iterator[PlannedFile]:
    for name, staged in draft.inputs.items():
        lies = _lie_there([(copy.target, copy.stamp[0]) for copy in staged.copies], known)
        yield PlannedFile(name, staged.location, staged.uri, lies, is_copied=bool(staged.copies))
    lies = _lie_there([(draft.template, len(draft.document))], known)
    yield PlannedFile("pipeline", "the compiled pipeline", draft.template, lies, is_copied=True)


def _lie_there(files: Sequence[tuple[str, int]], known: Known | None) -> bool | None:
    each = [known.is_there(target, size) if known else None for target, size in files]
    return None if None in each else all(each)


def _task(config: RunConfig, spec: Document, foretold: Foretold, inputs: set[str], is_known: bool) -> PlannedTask:
    component, display_name, conditions = _found(spec, foretold.path)
    container = container_of(spec, component)
    read = [value for value in foretold.inputs.parameters.values() if isinstance(value, str) and value in inputs]
    is_fixed = foretold.reason in (NEVER_CACHED, CACHING_IS_OFF)
    return PlannedTask(
        display_name=display_name,
        conditions=conditions,
        outcome=foretold.outcome if is_known or is_fixed else None,
        reason=foretold.reason if is_known or is_fixed else "",
        image=image_of(container, foretold.inputs.parameters),
        machine=_machine(container, foretold.inputs.parameters),
        reads=[*read, *_uris(config, foretold.inputs.artifacts)],
        writes=[*_uris(config, foretold.outputs.artifacts)],
    )


def _found(spec: Document, path: Sequence[str]) -> tuple[Document, str, list[str]]:
    """The component of a task, its name for readers, and those of the conditions around it."""
    component: Document = spec["root"]
    name, conditions = "", []
    for part in path:
        task = component["dag"]["tasks"][part]
        name = str((task.get("taskInfo") or {}).get("name") or part)
        if "condition" in (task.get("triggerPolicy") or {}):
            conditions.append(name)
        component = spec["components"][task["componentRef"]["name"]]
    return component, name, conditions


def _machine(container: Document, inputs: Document) -> str:
    if starts_custom_job(container):
        told = (inputs.get(name) for name in ("strategy", "timeout"))
        job = machines_text(read_pools(inputs.get("worker_pool_specs")), *(str(value or "") for value in told))
        return f"a custom job of {job}" if job else "a custom job"
    resources = container.get("resources") or {}
    cpu = resources.get("resourceCpuLimit") or resources.get("cpuLimit")
    memory = resources.get("resourceMemoryLimit")
    if not memory and resources.get("memoryLimit"):
        memory = f"{float(resources['memoryLimit']) / _GIB:.3g}Gi"
    accelerator = resources.get("accelerator") or {}
    kind = accelerator.get("resourceType") or accelerator.get("type")
    count = accelerator.get("resourceCount") or accelerator.get("count") or 1
    parts = [
        f"{float(cpu):g} CPUs" if cpu else "",
        str(memory).removesuffix("Gi") + " GiB" if memory and str(memory).endswith("Gi") else str(memory or ""),
        f"{count} {kind}" if kind else "",
    ]
    return ", ".join(filter(None, parts))


def _uris(config: RunConfig, artifacts: Mapping[str, Any]) -> Iterator[str]:
    for name, value in sorted(artifacts.items()):
        if not isinstance(value, Unknown):
            yield from value
        elif value.output and config.connection == "local":
            yield f"{config.root}/RUN/{value.maker}/{value.output}"
        elif value.output:
            yield f"{config.root}/PROJECT_NUMBER/RUN/{value.maker}_TASK/{value.output}"
        else:
            yield f"{name}, as {value.maker or 'the run'} puts it out"


def _chosen(spec: Document, sources: Mapping[str, str], draft: Draft) -> dict[str, Any]:
    """The parameters that somebody has chosen; this project's pipeline is compiled with them for its defaults."""
    definitions = (spec["root"].get("inputDefinitions") or {}).get("parameters") or {}
    return {
        name: value
        for name, value in draft.parameters.items()
        if name not in draft.inputs
        and (
            sources[name] != DEFAULT
            if name in sources
            else not equal(value, (definitions.get(name) or {}).get("defaultValue"))
        )
    }
