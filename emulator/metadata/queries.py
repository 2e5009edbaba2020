"""MetadataService: what went into what, as a graph of artifacts and executions with events between them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from google.cloud.aiplatform_v1.types import (
    Event,
    LineageSubgraph,
    QueryArtifactLineageSubgraphRequest,
    QueryContextLineageSubgraphRequest,
    QueryExecutionInputsAndOutputsRequest,
)

from emulator.api.calls import Call
from emulator.api.errors import invalid, precondition
from emulator.api.store import Transaction
from emulator.metadata.filters import parse_metadata_filter
from emulator.metadata.records import ARTIFACT, CONTEXT, EXECUTION
from emulator.metadata.relations import HELD, USES, events_of

LARGEST_GRAPH = 1000


def query_execution_inputs_and_outputs(call: Call[QueryExecutionInputsAndOutputsRequest]) -> LineageSubgraph:
    """QueryExecutionInputsAndOutputs: an execution, its events, and their artifacts."""
    execution = call.request.execution
    EXECUTION.require(call.tx, execution)
    events = events_of(call.tx, execution)
    return _graph(call.tx, [event.artifact for event in events], [execution], events)


def query_context_lineage_subgraph(call: Call[QueryContextLineageSubgraphRequest]) -> LineageSubgraph:
    """QueryContextLineageSubgraph: what a context holds, and the events between it."""
    tx, context = call.tx, call.request.context
    CONTEXT.require(tx, context)
    artifacts = HELD[ARTIFACT.noun].members_of(tx, context)
    executions = HELD[EXECUTION.noun].members_of(tx, context)
    held = set(artifacts)
    events = [event for execution in executions for event in events_of(tx, execution) if event.artifact in held]
    return _graph(tx, artifacts, executions, events)


def query_artifact_lineage_subgraph(call: Call[QueryArtifactLineageSubgraphRequest]) -> LineageSubgraph:
    """QueryArtifactLineageSubgraph: what an artifact came from and what was made of it, some hops away.

    From an artifact to an execution is one hop. Zero hops, which the protocol cannot tell from none given, are
    read as: all of them.
    """
    tx, request = call.tx, call.request
    ARTIFACT.require(tx, request.artifact)
    if request.max_hops < 0:
        raise invalid("max_hops", f"must not be negative. Received: {request.max_hops}.")
    keep = parse_metadata_filter(tx, request.filter, ARTIFACT)
    artifacts, executions = {request.artifact: None}, dict[str, None]()
    newest, hops = [request.artifact], 0
    while newest and (not request.max_hops or hops < request.max_hops):
        hops += 1
        if hops % 2:
            found = [user for artifact in newest for user in USES.owners_of(tx, artifact)]
            newest = [name for name in dict.fromkeys(found) if name not in executions]
            executions |= dict.fromkeys(newest)
        else:
            found = [used for execution in newest for used in USES.members_of(tx, execution)]
            newest = [name for name in dict.fromkeys(found) if name not in artifacts]
            newest = [name for name in newest if keep(ARTIFACT.require(tx, name))]
            artifacts |= dict.fromkeys(newest)
        _require_small(artifacts, executions)
    events = [event for execution in executions for event in events_of(tx, execution) if event.artifact in artifacts]
    return _graph(tx, artifacts, executions, events)


def _graph(
    tx: Transaction, artifacts: Iterable[str], executions: Iterable[str], events: Sequence[Event]
) -> LineageSubgraph:
    graph = LineageSubgraph(
        artifacts=[ARTIFACT.require(tx, name) for name in artifacts],
        executions=[EXECUTION.require(tx, name) for name in executions],
        events=events,
    )
    _require_small(graph.artifacts, graph.executions, events)
    return graph


def _require_small(*parts: Collection[object]) -> None:
    """Refuses a graph of more than is documented to be answered.

    Raises:
        ApiError: FAILED_PRECONDITION.
    """
    if any(len(part) > LARGEST_GRAPH for part in parts):
        raise precondition(
            f"The lineage has more than {LARGEST_GRAPH} artifacts, executions or events. Ask for fewer hops, or filter."
        )
