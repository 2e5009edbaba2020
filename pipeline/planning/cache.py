"""Which tasks of a submission would be taken from earlier runs: Vertex AI's execution caching, foretold.

An execution is found again by the pipeline's name, the task's inputs, the definitions of its outputs, and its
component's image, command, arguments and environment, says Google under "Configure execution caching". An input
artifact counts by its URI here, which names the run that has made it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal

from pipeline.planning.reasons import Earlier, why_not
from pipeline.planning.values import Document, Values, equal, given_to, not_known, put_out_by_group, with_defaults
from pipeline.runs.spec import in_order, starting

NEVER_CACHED = "never cached"
CACHING_IS_OFF = "caching is off"

_PROGRAM = ("image", "command", "args", "env")
_PUT_OUT = ("SUCCEEDED", "SKIPPED")


@dataclass(frozen=True)
class Foretold:
    """What would become of a task.

    Attributes:
        path: Its name, after those of the groups around it.
        outcome: `cached`, `runs`, or `unknown` where that depends on what other tasks put out.
        reason: Why it runs; for `cached`, the id of the run whose outputs it takes.
        inputs: What it would be given.
        outputs: What it would put out, as far as that is known.
    """

    path: tuple[str, ...]
    outcome: Literal["cached", "runs", "unknown"]
    reason: str
    inputs: Values
    outputs: Values


def predict(
    spec: Document,
    parameters: Mapping[str, Any],
    jobs: Sequence[Document],
    enable_caching: bool = True,
    told: Mapping[str, str] = MappingProxyType({}),
) -> list[Foretold]:
    """Foretells each task of a submission, in an order in which they can run; groups are left out.

    Args:
        spec: The compiled pipeline.
        parameters: The values of its parameters, the inputs' places in the bucket among them.
        jobs: Earlier runs, the newest first, each a PipelineJob in JSON's terms with its task details. Those of other
            pipelines do not count.
        enable_caching: Whether the submission lets tasks be cached that the pipeline caches.
        told: What the service puts in the place of texts such as `{{$.pipeline_service_account}}`.
    """
    same = [job for job in jobs if _name_of(job.get("pipelineSpec") or {}) == _name_of(spec)]
    walk = _Walk(spec, [task for job in same for task in _earlier_tasks(job)], enable_caching, told)
    walk.through((), spec["root"], Values(with_defaults(spec["root"], parameters)))
    return walk.told


def container_of(spec: Document, component: Document) -> Document:
    """The container of a component; empty where it has none, as an importer."""
    executors = (spec.get("deploymentSpec") or {}).get("executors") or {}
    found: Document = (executors.get(component.get("executorLabel", "")) or {}).get("container") or {}
    return found


class _Walk:
    """One walk through a pipeline.

    Args:
        spec: The pipeline.
        earlier: What earlier runs have put out, the newest first.
        enable_caching: As for `predict`.
        told: As for `predict`.
    """

    def __init__(
        self, spec: Document, earlier: Sequence[Earlier], enable_caching: bool, told: Mapping[str, str]
    ) -> None:
        self.told: list[Foretold] = []
        self._spec = spec
        self._earlier = earlier
        self._enable_caching = enable_caching
        self._told = told

    def through(self, path: tuple[str, ...], component: Document, given: Values) -> dict[str, Values]:
        """Foretells what is in a group, and returns the outputs by task."""
        put_out: dict[str, Values] = {}
        tasks = component["dag"]["tasks"]
        for name in in_order(tasks):
            task, here = tasks[name], (*path, name)
            below = self._spec["components"][task["componentRef"]["name"]]
            inputs = given_to(task, below, given, put_out, self._told)
            if {"parameterIterator", "artifactIterator"} & task.keys():
                put_out[name] = not_known(below, name)
                self._tell_of_loop(here, below)
            elif "dag" in below:
                put_out[name] = put_out_by_group(below, self.through(here, below, inputs), name)
            else:
                foretold = self._foretell(here, task, below, inputs.without_channels())
                put_out[name] = foretold.outputs
                self.told.append(foretold)
        return put_out

    def _tell_of_loop(self, path: tuple[str, ...], component: Document) -> None:
        for name in in_order((component.get("dag") or {}).get("tasks") or {}):
            self.told.append(Foretold((*path, name), "unknown", "it runs once for each item", Values(), Values()))

    def _foretell(self, path: tuple[str, ...], task: Document, component: Document, inputs: Values) -> Foretold:
        name = path[-1]
        runs = Foretold(path, "runs", "", inputs, not_known(component, name))
        caching = task.get("cachingOptions") or {}
        if not caching.get("enableCache") or not container_of(self._spec, component):
            return replace(runs, reason=NEVER_CACHED)
        if not self._enable_caching:
            return replace(runs, reason=CACHING_IS_OFF)
        wanted = _described("", True, name, task, component, self._spec, inputs, runs.outputs)
        for earlier in self._earlier:
            if earlier.is_kept and _is_found(wanted, earlier):
                return Foretold(path, "cached", self._maker_of(earlier), inputs, earlier.outputs)
        unknown = [value for _, value in inputs.unknown()]
        if unknown and not any(value.is_new for value in unknown):
            return replace(runs, outcome="unknown", reason=f"it depends on what {unknown[0].maker} puts out")
        return replace(runs, reason=why_not(wanted, [one for one in self._earlier if one.name == name]))

    def _maker_of(self, found: Earlier) -> str:
        """The run that has made what a later one may have taken itself."""
        made = [one.run for one in self._earlier if one.has_run and equal_values(one.outputs, found.outputs)]
        return (made or [found.run])[0]


def equal_values(one: Values, other: Values) -> bool:
    """Whether all of two sets of values are known and the same."""
    return equal(one.parameters, other.parameters) and equal(one.artifacts, other.artifacts)


def _is_found(wanted: Earlier, earlier: Earlier) -> bool:
    if wanted.definitions != earlier.definitions or wanted.key != earlier.key:
        return False
    # A cache key in the pipeline stands for inputs and program.
    return bool(wanted.key) or (equal(wanted.program, earlier.program) and equal_values(wanted.inputs, earlier.inputs))


def _name_of(spec: Document) -> str:
    return str((spec.get("pipelineInfo") or {}).get("name", ""))


def _earlier_tasks(job: Document) -> Iterator[Earlier]:
    spec = job["pipelineSpec"]
    run = str(job.get("name", "")).rpartition("/")[2]
    known = dict(_tasks(spec, spec.get("root") or {}))
    for detail in (job.get("jobDetail") or {}).get("taskDetails") or []:
        name = str(detail.get("taskName", ""))
        if detail.get("state") not in _PUT_OUT or name not in known:
            continue
        task, component = known[name]
        noted = (detail.get("execution") or {}).get("metadata") or {}
        inputs, outputs = (
            Values(starting(f"{kind}:", noted), _uris(detail.get(f"{kind}s") or {})) for kind in ("input", "output")
        )
        whole = Values(with_defaults(component, inputs.parameters), inputs.artifacts).without_channels()
        has_run = detail["state"] == "SUCCEEDED"
        yield _described(run, has_run, name, task, component, spec, whole, outputs)


def _tasks(spec: Document, component: Document) -> Iterator[tuple[str, tuple[Document, Document]]]:
    """The tasks of a pipeline that are no groups, by name."""
    for name, task in ((component.get("dag") or {}).get("tasks") or {}).items():
        below = spec["components"][task["componentRef"]["name"]]
        if "dag" in below:
            yield from _tasks(spec, below)
        else:
            yield name, (task, below)


def _described(
    run: str,
    has_run: bool,
    name: str,
    task: Document,
    component: Document,
    spec: Document,
    inputs: Values,
    outputs: Values,
) -> Earlier:
    container, caching = container_of(spec, component), task.get("cachingOptions") or {}
    definitions = {
        kind: {
            name: {key: value for key, value in about.items() if key != "description"} for name, about in items.items()
        }
        for kind, items in (component.get("outputDefinitions") or {}).items()
    }
    return Earlier(
        run=run,
        name=name,
        has_run=has_run,
        is_kept=bool(caching.get("enableCache")),
        key=str(caching.get("cacheKey", "")),
        program={name: container[name] for name in _PROGRAM if container.get(name)},
        definitions=definitions,
        inputs=inputs,
        outputs=outputs,
    )


def _uris(lists: Document) -> dict[str, list[str]]:
    return {name: [str(one.get("uri", "")) for one in about.get("artifacts") or []] for name, about in lists.items()}
