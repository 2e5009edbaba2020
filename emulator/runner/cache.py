"""Remembers what tasks have put out, as Vertex AI's execution caching does.

What tells one execution from another is what Google documents under "Configure execution caching": the pipeline's
name; the task's inputs; the names and types of its outputs; and its component's image, command, arguments and
environment, in their order. Neither the task's name nor its machine or retries count, and numbers count by their
value. A task that is told its run's name or time is another one each time. Each project and location has memories of
its own; they never grow old. A cache key given in the pipeline stands for inputs and component.

An input artifact counts by its URI, its metadata and the time when it was written, which stand for the artifact's id:
a run that was deleted may leave its id, and hence its URIs, to another. For the same reason an entry whose artifacts
have been written anew since, or are gone, is none.

Each entry is a file, KEY.json. Several runners may use the folder at once. What lies beside the folder is named from
there, so that an entry is of use where both were moved, and never tells of the original where both were copied.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from emulator.runner.json_values import plain
from emulator.runner.pipeline_spec import PipelineSpec

Outputs = Mapping[str, Mapping[str, Any]]
"""A task's outputs in JSON's terms, by name: `{value}`, `{artifact}` or, for a list of them, `{artifacts}`.

An artifact is `{name, uri, path, written, schemaTitle, metadata}`: its public URI, the URI by which components know
it, and when it was written there, as `time_written` tells.
"""


def cache_key(location: str, spec: PipelineSpec, component: str, inputs: Mapping[str, Any], custom: str = "") -> str:
    """What an execution is found by.

    Args:
        location: The `projects/P/locations/L` of the run.
        spec: The pipeline.
        component: The name of the task's component in it.
        inputs: What tells the task's inputs from others, in JSON's terms.
        custom: The task's own cache key. Empty where it has none.
    """
    described = spec.document["components"][component]
    container = spec.document["deploymentSpec"]["executors"][described["executorLabel"]]["container"]
    program = {name: container.get(name) for name in ("image", "command", "args", "env")}
    interface = {
        "location": location,
        "pipeline": spec.name,
        "outputs": _definitions(described.get("outputDefinitions", {})),
        "execution": custom or {"inputs": inputs, "program": program},
    }
    # A client's 1.0 is a component's 1.
    return hashlib.sha256(json.dumps(plain(interface), sort_keys=True).encode()).hexdigest()


def time_written(path: str) -> int | None:
    """When a file or folder was last written, in nanoseconds. None where there is none on this machine."""
    try:
        return Path(path).stat().st_mtime_ns
    except (OSError, ValueError):
        return None


def _definitions(given: Mapping[str, Any]) -> dict[str, Any]:
    """Outputs by kind and name, without what is written for readers alone."""
    return {
        kind: {
            name: {key: value for key, value in definition.items() if key != "description"}
            for name, definition in definitions.items()
        }
        for kind, definitions in given.items()
    }


def artifacts_of(outputs: Outputs) -> Iterator[Mapping[str, Any]]:
    """Every artifact among a task's outputs."""
    for output in outputs.values():
        yield from output.get("artifacts", [])
        if "artifact" in output:
            yield output["artifact"]


class Cache:
    """The entries in a folder, which need not be there yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, key: str) -> Outputs | None:
        """The outputs of an execution. None where there was none, or its artifacts are not there."""
        try:
            entry = json.loads((self._folder / f"{key}.json").read_text(encoding="utf-8"))
            outputs: Outputs = _with_paths(entry["outputs"], self._absolute)
            is_whole = all(time_written(artifact["path"]) == artifact["written"] for artifact in artifacts_of(outputs))
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return None
        return outputs if is_whole else None

    def keep(self, key: str, outputs: Outputs, origin: Mapping[str, str]) -> None:
        """Remembers an execution in the place of what was remembered before.

        Args:
            key: What `cache_key` gives.
            outputs: Its outputs.
            origin: Where they come from, for people who look into the file.

        Raises:
            OSError: The entry cannot be written.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        kept = _with_paths(outputs, self._relative)
        text = json.dumps({**origin, "outputs": kept}, indent=1, ensure_ascii=False)
        descriptor, fresh = tempfile.mkstemp(dir=self._folder, prefix=".", suffix=".new")
        try:
            with open(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(fresh, self._folder / f"{key}.json")
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(fresh)
            raise

    def _relative(self, path: str) -> str:
        # A component may have followed the links on the way to its artifacts.
        for place in (self._folder.parent, self._folder.parent.resolve()):
            if path.startswith(f"{place}/"):
                return path.removeprefix(f"{place}/")
        return path

    def _absolute(self, path: str) -> str:
        return path if not path or "://" in path else str(self._folder.parent / path)


def _with_paths(outputs: Outputs, named: Callable[[str], str]) -> dict[str, Any]:
    """Outputs with other paths of their artifacts."""

    def changed(artifact: Mapping[str, Any]) -> dict[str, Any]:
        return {**artifact, "path": named(artifact["path"])}

    return {
        name: {
            **output,
            **({"artifact": changed(output["artifact"])} if "artifact" in output else {}),
            **({"artifacts": [changed(one) for one in output["artifacts"]]} if "artifacts" in output else {}),
        }
        for name, output in outputs.items()
    }
