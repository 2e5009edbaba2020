"""What a run came to: the decision, the curves and the report among its artifacts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from emulator.console.curves import Curve, is_event_file, read_curves, run_of
from emulator.console.decision import DecisionView, parse_decision
from emulator.console.metrics import (
    CLASSIFICATION,
    HTML,
    METRICS,
    Confusion,
    Roc,
    numbers_of,
    parse_confusion,
    parse_roc,
)
from emulator.console.objects import ObjectReader
from emulator.console.reader import ReadError
from emulator.console.runs import RunView
from emulator.console.tasks import ArtifactView

PLAIN = "system.Artifact"
# A decision is a page of text; a training log that is larger than this takes seconds to read.
LARGEST_DECISION = 512 * 1024
LARGEST_LOG = 8 * 1024 * 1024
# Of a run with many artifacts, so many are looked into.
MOST_LOOKED_INTO = 40


@dataclass(frozen=True)
class Results:
    """What is drawn of a run.

    Attributes:
        metrics: Numbers by the task and output that logged them.
        confusions: Confusion matrices, likewise.
        rocs: ROC curves, likewise.
        decisions: Decision records, likewise.
        curves: Training curves.
        reports: URIs of HTML pages, likewise.
        notes: What could not be read, in sentences.
    """

    metrics: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    confusions: Mapping[str, Confusion] = field(default_factory=dict)
    rocs: Mapping[str, Roc] = field(default_factory=dict)
    decisions: Mapping[str, DecisionView] = field(default_factory=dict)
    curves: Sequence[Curve] = ()
    reports: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()


def artifacts_to_show(run: RunView) -> dict[str, ArtifactView]:
    """The artifacts that results are read from, by task and output; the first ones, where there are many."""
    found = {f"{task.unique_name}: {artifact.key}": artifact for task, artifact in run.outputs}
    return dict(list(found.items())[:MOST_LOOKED_INTO])


async def read_results(objects: ObjectReader, artifacts: Mapping[str, ArtifactView]) -> Results:
    """Reads what is drawn of a run.

    Args:
        objects: The object store.
        artifacts: As `artifacts_to_show` has them.
    """
    classified = {name: one.metadata for name, one in artifacts.items() if one.kind == CLASSIFICATION}
    logged = {
        name: numbers_of(one.metadata) for name, one in artifacts.items() if one.kind in {METRICS, CLASSIFICATION}
    }
    decisions: dict[str, DecisionView] = {}
    curves: list[Curve] = []
    notes: list[str] = []
    for name, artifact in artifacts.items():
        if artifact.kind != PLAIN or not artifact.uri.startswith("gs://"):
            continue
        try:
            await _look_into(objects, name, artifact.uri, decisions, curves, notes)
        except ReadError as error:
            notes.append(str(error))
    return Results(
        metrics={name: numbers for name, numbers in logged.items() if numbers},
        confusions=_known({name: parse_confusion(metadata) for name, metadata in classified.items()}),
        rocs=_known({name: parse_roc(metadata) for name, metadata in classified.items()}),
        decisions=decisions,
        curves=curves,
        reports={name: one.uri for name, one in artifacts.items() if one.kind == HTML and one.uri.startswith("gs://")},
        notes=notes,
    )


def _known(found: Mapping[str, Confusion | None] | Mapping[str, Roc | None]) -> dict[str, Any]:
    return {name: one for name, one in found.items() if one is not None}


async def _look_into(
    objects: ObjectReader,
    name: str,
    uri: str,
    decisions: dict[str, DecisionView],
    curves: list[Curve],
    notes: list[str],
) -> None:
    """Reads an artifact that may be a decision or a training log."""
    held = await objects.below(uri)
    events = [one for one in held if is_event_file(one.uri)]
    if [one.uri for one in held] == [uri.rstrip("/")] and held[0].size <= LARGEST_DECISION and not events:
        decision = parse_decision(await objects.read(uri, LARGEST_DECISION))
        if decision is not None:
            decisions[name] = decision
    size = sum(one.size for one in events)
    if size > LARGEST_LOG:
        notes.append(f"{uri} holds {size / 1024**2:.0f} MB of event files: TensorBoard shows them, this page does not.")
    elif events:
        files = [(run_of(one.uri, uri), await objects.read(one.uri, LARGEST_LOG)) for one in events]
        curves += await asyncio.to_thread(read_curves, files)
