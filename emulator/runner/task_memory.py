"""The cache as the tasks of a run use it: kfp.local's values go in and come out."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator.runner.cache import Cache, artifacts_of, cache_key, time_written
from emulator.runner.options import Options
from emulator.runner.pipeline_spec import Kind, PipelineSpec, Task
from emulator.runner.public_uris import PublicUris
from emulator.runner.task_record import TaskPath, Values
from emulator.runner.task_values import Call, are_artifacts, to_be_given


@dataclass(frozen=True)
class Recollection:
    """What is known of a task before it runs.

    Attributes:
        key: What its outputs are found by; empty where they are not to be found again.
        inputs: What it would be given.
        outputs: What it has put out before, as kfp.local has it. None where it has to run.
    """

    key: str = ""
    inputs: Values = field(default_factory=Values)
    outputs: dict[str, Any] | None = None


class TaskMemory:
    """What the tasks of one run, and of those before it, have put out. It may be used from any thread.

    Args:
        spec: The pipeline.
        options: Tell the run's name and where the cache lies, if there is one.
        uris: Learns where the artifacts of other runs are said to lie.
    """

    def __init__(self, spec: PipelineSpec, options: Options, uris: PublicUris) -> None:
        self._spec = spec
        self._job_name = options.job_name
        self._location = options.location
        self._cache = Cache(options.cache_dir) if options.cache_dir else None
        self._uris = uris

    def recall(self, task: Task, call: Call) -> Recollection:
        """Looks for an earlier execution of a task.

        Args:
            task: The task in the pipeline.
            call: The arguments of kfp.local's `execute_single_task`.
        """
        caching = call["task_spec"].caching_options
        if self._cache is None or not caching.enable_cache or task.kind is not Kind.CONTAINER:
            return Recollection()
        local = to_be_given(call)
        inputs = local.with_uris(self._uris.of)
        key = cache_key(self._location, self._spec, task.component, _identity(local, inputs), caching.cache_key)
        found = self._cache.find(key)
        if found is None:
            return Recollection(key, inputs)
        for artifact in artifacts_of(found):
            self._uris.adopt(artifact["path"], artifact["uri"])
        return Recollection(key, inputs, {name: _recalled(output) for name, output in found.items()})

    def keep(self, key: str, path: TaskPath, outputs: Mapping[str, Any]) -> None:
        """Keeps the outputs of a task that has succeeded, unless `key` is empty."""
        if self._cache is None or not key:
            return
        origin = {"pipelineJob": self._job_name, "task": ".".join(path)}
        try:
            self._cache.keep(key, {name: _kept(value, self._uris) for name, value in outputs.items()}, origin)
        except OSError:
            # The task has done its work all the same.
            logging.getLogger(__name__).exception("The outputs of task %s cannot be kept", ".".join(path))


def _identity(local: Values, public: Values) -> dict[str, Any]:
    """What tells the inputs of a task from others, given with the paths and with the URIs of its artifacts."""
    artifacts = {
        name: [
            [known["uri"], known["metadata"], time_written(found["uri"])]
            for known, found in zip(public.artifacts[name], items, strict=True)
        ]
        for name, items in local.artifacts.items()
    }
    return {"parameters": local.parameters, "artifacts": artifacts}


def _kept(value: Any, uris: PublicUris) -> dict[str, Any]:
    items = value if isinstance(value, list) else [value]
    if not are_artifacts(items):
        return {"value": value}
    artifacts = [
        {
            "name": item.name,
            "uri": uris.of(item.uri),
            "path": item.uri,
            "written": time_written(item.uri),
            "schemaTitle": item.schema_title,
            "metadata": item.metadata,
        }
        for item in items
    ]
    return {"artifacts": artifacts} if isinstance(value, list) else {"artifact": artifacts[0]}


def _recalled(output: Mapping[str, Any]) -> Any:
    if "artifacts" in output:
        return [_artifact(kept) for kept in output["artifacts"]]
    return _artifact(output["artifact"]) if "artifact" in output else output["value"]


def _artifact(kept: Mapping[str, Any]) -> Any:
    from kfp.dsl.executor import create_artifact_instance

    given = {"name": kept["name"], "uri": kept["path"], "metadata": kept["metadata"]}
    return create_artifact_instance({**given, "type": {"schemaTitle": kept["schemaTitle"]}})
