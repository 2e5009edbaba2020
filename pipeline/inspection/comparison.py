"""Two runs side by side: parameters, data, image, origin, metrics, decision, tasks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, TypeGuard

from pipeline.durations import spoken
from pipeline.runs.labels import VERTEX_AI
from pipeline.runs.record import RunRecord, TaskRecord
from pipeline.runs.staged_names import name_and_sum

# A task's time is never the same twice: from here on it tells something.
_SECONDS_THAT_COUNT = 1.0
_SHARE_THAT_COUNTS = 0.2
_INPUTS = ("train_data", "eval_data", "schema")
_FIRST_METRICS = ("accuracy", "loss")
_TABLES = (("train_dataset", "training"), ("eval_dataset", "evaluation"))


@dataclass(frozen=True)
class Row:
    """What one thing is in two runs.

    Attributes:
        section: What it belongs to: `parameters`, `data`, ...
        name: What it is.
        left: Its value in the first run. None where the run has none.
        right: That in the second.
        differs: Whether the two differ.
        change: The second number less the first, where both are numbers.
    """

    section: str
    name: str
    left: Any
    right: Any
    differs: bool
    change: float | None = None


@dataclass(frozen=True)
class _Side:
    """A run with what it has decided, and what the comparison takes from it.

    Attributes:
        run: The run.
        decision: Its decision record; empty without one.
    """

    run: RunRecord
    decision: Mapping[str, Any] = field(default_factory=dict)


def compare_runs(
    left: RunRecord, right: RunRecord, decisions: tuple[Mapping[str, Any], Mapping[str, Any]] = ({}, {})
) -> list[Row]:
    """Everything that two runs can be compared by, section after section.

    Args:
        left: The first run.
        right: The second.
        decisions: Their decision records; empty where one has none.
    """
    sides = _Side(left, decisions[0]), _Side(right, decisions[1])
    sections = {
        "run": _run,
        "parameters": _parameters,
        "data": _data,
        "image": _image,
        "labels": _labels,
        "metrics": _metrics,
        "decision": _decision,
    }
    plain = [_rows(name, read(sides[0]), read(sides[1])) for name, read in sections.items()]
    return list(chain(*plain, _tasks(left, right)))


def _rows(section: str, left: Mapping[str, Any], right: Mapping[str, Any]) -> Iterator[Row]:
    for name in dict.fromkeys((*left, *right)):
        one, other = left.get(name), right.get(name)
        change = other - one if _is_number(one) and _is_number(other) else None
        yield Row(section, name, one, other, one != other, change)


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _run(side: _Side) -> dict[str, Any]:
    return {"state": side.run.state, "pipeline": side.run.pipeline, "schedule": side.run.schedule.rpartition("/")[2]}


def _parameters(side: _Side) -> dict[str, Any]:
    return {name: value for name, value in sorted(side.run.parameters.items()) if name not in _INPUTS}


def _data(side: _Side) -> dict[str, Any]:
    given = side.run.parameters
    found = {name: name_and_sum(str(given[name])) for name in _INPUTS if name in given}
    for output, role in _TABLES:
        for artifact in side.run.outputs(output)[-1:]:
            found |= _table(role, artifact.metadata)
    return found


def _table(role: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
    counts = metadata.get("class_counts") or {}
    facts = {f"{role} rows": metadata.get("rows"), f"{role} sha256": metadata.get("sha256")}
    facts |= {f"{role} rows of {name}": count for name, count in counts.items()}
    return {name: value for name, value in facts.items() if value is not None}


def _image(side: _Side) -> dict[str, Any]:
    return {"training image": side.run.image}


def _labels(side: _Side) -> dict[str, Any]:
    return {name: value for name, value in sorted(side.run.labels.items()) if not name.startswith(VERTEX_AI)}


def _metrics(side: _Side) -> dict[str, Any]:
    artifacts = chain.from_iterable(task.outputs.values() for task in side.run.tasks)
    noted = [artifact.metadata for artifact in artifacts if artifact.kind == "system.Metrics"]
    found = {name: value for metrics in noted for name, value in sorted(metrics.items()) if _is_number(value)}
    return {name: found[name] for name in sorted(found, key=lambda name: name not in _FIRST_METRICS)}


def _decision(side: _Side) -> dict[str, Any]:
    passed = side.decision.get("passed")
    if passed is None:
        return {}
    rules = {str(rule.get("name")): _outcome(rule) for rule in side.decision.get("rules") or []}
    return {"gate": "passed" if passed else "held back", **rules}


def _outcome(rule: Mapping[str, Any]) -> str:
    value, threshold = rule.get("value"), rule.get("threshold")
    verdict = "kept" if rule.get("passed") else "broken"
    if not _is_number(value) or not _is_number(threshold):
        return verdict
    comparison = rule.get("comparison", "")
    if comparison == ">=" and verdict == "broken" and value >= threshold:
        comparison = ">"  # a tie with the champion breaks its rule, though it reaches what is asked
    return f"{verdict}: {value:.4f}, {comparison} {threshold:.4f} asked"


def _tasks(left: RunRecord, right: RunRecord) -> Iterator[Row]:
    one, other = ({task.unique_name: task for task in run.tasks} for run in (left, right))
    for name in dict.fromkeys((*one, *other)):
        task, twin = one.get(name), other.get(name)
        label = next(known.display_name for known in (task, twin) if known is not None)
        differs, change = _times(task, twin)
        yield Row("tasks", label, _course(task), _course(twin), differs, change)


def _times(one: TaskRecord | None, other: TaskRecord | None) -> tuple[bool, float | None]:
    """Whether the course of a task differs so that it tells something, and by how many seconds."""
    if one is None or other is None or one.state != other.state:
        return True, None
    seconds, more = _seconds(one), _seconds(other)
    if seconds is None or more is None or one.state == "skipped":
        return False, None
    change = more - seconds
    return abs(change) >= max(_SECONDS_THAT_COUNT, _SHARE_THAT_COUNTS * seconds), change


def _course(task: TaskRecord | None) -> str | None:
    if task is None:
        return None
    if task.state == "skipped":
        return "from the cache"
    seconds = _seconds(task)
    word = "" if task.state == "succeeded" and seconds is not None else task.state.replace("_", " ")
    return ", ".join(filter(None, [word, "" if seconds is None else spoken(seconds)]))


def _seconds(task: TaskRecord) -> float | None:
    return (task.ended - task.started).total_seconds() if task.started and task.ended else None


def differing(rows: Sequence[Row]) -> list[Row]:
    """The rows in which two runs differ."""
    return [row for row in rows if row.differs]
