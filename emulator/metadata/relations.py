"""MetadataService: what belongs to what, each relation in tables of its own and readable from both ends."""

from __future__ import annotations

from dataclasses import dataclass

from google.cloud.aiplatform_v1.types import Event

from emulator.api.clock import now
from emulator.api.codec import table
from emulator.api.names import id_of
from emulator.api.store import Table, Transaction
from emulator.metadata.records import ARTIFACT, CONTEXT, EXECUTION, Kind


def _links(kind: str) -> Table[str]:
    return Table(kind, encode=str, decode=str)


@dataclass(frozen=True)
class Relation:
    """Pairs of a resource, the owner, and another of the same metadata store, its member.

    Attributes:
        members: The members' names, under their owner's.
        owners: The owners' names, under their member's.
    """

    members: Table[str]
    owners: Table[str]

    def add(self, tx: Transaction, owner: str, member: str) -> bool:
        """Adds a pair; False where it was there already."""
        if tx.get(self.members, _link(owner, member)) is not None:
            return False
        tx.put(self.members, _link(owner, member), member)
        tx.put(self.owners, _link(member, owner), owner)
        return True

    def remove(self, tx: Transaction, owner: str, member: str) -> None:
        """Removes a pair, if it is there."""
        tx.delete(self.members, _link(owner, member))
        tx.delete(self.owners, _link(member, owner))

    def members_of(self, tx: Transaction, owner: str) -> list[str]:
        """The members of an owner, oldest pair first."""
        return tx.children(self.members, owner)

    def owners_of(self, tx: Transaction, member: str) -> list[str]:
        """The owners of a member, oldest pair first."""
        return tx.children(self.owners, member)

    def forget(self, tx: Transaction, name: str) -> None:
        """Removes every pair of a resource that is going."""
        for member in self.members_of(tx, name):
            self.remove(tx, name, member)
        for owner in self.owners_of(tx, name):
            self.remove(tx, owner, name)


def _link(name: str, other: str) -> str:
    """A pair's record: the last two parts after the name under which it is to be found."""
    return f"{name}/links/{id_of(other)}"


CHILDREN = Relation(_links("context_children"), _links("context_parents"))
# What a context holds, by kind: artifacts are attributed to it, executions associated with it.
HELD = {
    ARTIFACT.noun: Relation(_links("context_artifacts"), _links("artifact_contexts")),
    EXECUTION.noun: Relation(_links("context_executions"), _links("execution_contexts")),
}
USES = Relation(_links("execution_artifacts"), _links("artifact_executions"))
# The event of each pair in USES, named as the pair.
EVENTS = table("events", Event)


def add_event(tx: Transaction, execution: str, event: Event) -> None:
    """Adds an event between an execution and an artifact, where there is none between the two."""
    if USES.add(tx, execution, event.artifact):
        kept = Event(event)
        kept.execution = execution
        kept.event_time = now()
        tx.put(EVENTS, _link(execution, event.artifact), kept)


def events_of(tx: Transaction, execution: str) -> list[Event]:
    """The events of an execution, oldest first."""
    return tx.children(EVENTS, execution)


def remove_resource(tx: Transaction, kind: Kind, name: str) -> None:
    """Removes a context, an artifact or an execution, and its relations to others."""
    if kind is CONTEXT:
        for relation in (CHILDREN, *HELD.values()):
            relation.forget(tx, name)
    else:
        HELD[kind.noun].forget(tx, name)
        for execution in USES.owners_of(tx, name):
            tx.delete(EVENTS, _link(execution, name))
        tx.delete_children(EVENTS, name)
        USES.forget(tx, name)
    tx.delete(kind.table, name)
