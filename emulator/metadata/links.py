"""MetadataService: the methods that relate contexts, artifacts and executions to one another."""

from __future__ import annotations

from google.cloud.aiplatform_v1.types import (
    AddContextArtifactsAndExecutionsRequest,
    AddContextArtifactsAndExecutionsResponse,
    AddContextChildrenRequest,
    AddContextChildrenResponse,
    AddExecutionEventsRequest,
    AddExecutionEventsResponse,
    Event,
    RemoveContextChildrenRequest,
    RemoveContextChildrenResponse,
)

from emulator.api.calls import Call
from emulator.api.errors import invalid, invalid_fields
from emulator.api.names import parent_of
from emulator.api.store import Transaction
from emulator.api.validation import label_violations
from emulator.metadata.records import ARTIFACT, CONTEXT, EXECUTION
from emulator.metadata.relations import CHILDREN, HELD, add_event

MOST_PARENTS = 10


def add_context_children(call: Call[AddContextChildrenRequest]) -> AddContextChildrenResponse:
    """AddContextChildren: all of them, or none; those that are children already are skipped."""
    tx, parent = call.tx, call.request.context
    CONTEXT.require(tx, parent)
    above = {parent, *_ancestors(tx, parent)}
    for child in call.request.child_contexts:
        CONTEXT.require_in(tx, parent_of(parent), child, "child_contexts")
        if child in above:
            raise invalid("child_contexts", f'would close a circle: "{child}" is or holds "{parent}".')
        if CHILDREN.add(tx, parent, child) and len(CHILDREN.owners_of(tx, child)) > MOST_PARENTS:
            raise invalid("child_contexts", f'may have at most {MOST_PARENTS} parents each. "{child}" has them.')
    return AddContextChildrenResponse()


def _ancestors(tx: Transaction, context: str) -> set[str]:
    found: set[str] = set()
    ahead = [context]
    while ahead:
        parents = set(CHILDREN.owners_of(tx, ahead.pop())) - found
        found |= parents
        ahead += parents
    return found


def remove_context_children(call: Call[RemoveContextChildrenRequest]) -> RemoveContextChildrenResponse:
    """RemoveContextChildren: those that are no children are skipped."""
    CONTEXT.require(call.tx, call.request.context)
    for child in call.request.child_contexts:
        CHILDREN.remove(call.tx, call.request.context, child)
    return RemoveContextChildrenResponse()


def add_context_artifacts_and_executions(
    call: Call[AddContextArtifactsAndExecutionsRequest],
) -> AddContextArtifactsAndExecutionsResponse:
    """AddContextArtifactsAndExecutions: those that the context holds already are skipped."""
    request, store = call.request, parent_of(call.request.context)
    CONTEXT.require(call.tx, request.context)
    for kind, members in ((ARTIFACT, request.artifacts), (EXECUTION, request.executions)):
        for member in members:
            kind.require_in(call.tx, store, member, kind.collection)
            HELD[kind.noun].add(call.tx, request.context, member)
    return AddContextArtifactsAndExecutionsResponse()


def add_execution_events(call: Call[AddExecutionEventsRequest]) -> AddExecutionEventsResponse:
    """AddExecutionEvents: where an artifact has an event with the execution already, it is skipped."""
    execution = call.request.execution
    EXECUTION.require(call.tx, execution)
    for event in call.request.events:
        ARTIFACT.require_in(call.tx, parent_of(execution), event.artifact, "events.artifact")
        if event.type_ == Event.Type.TYPE_UNSPECIFIED:
            raise invalid("events.type", "is required: INPUT or OUTPUT.")
        violations = label_violations(event.labels, "events.labels")
        if violations:
            raise invalid_fields(violations)
        add_event(call.tx, execution, event)
    return AddExecutionEventsResponse()
