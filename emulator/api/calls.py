"""What a handler is given: one request inside one transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, Literal, NamedTuple, Protocol, TypeVar

from emulator.store import Transaction

Request = TypeVar("Request")


class Objects(Protocol):
    """What the emulator itself asks the object store."""

    def holds(self, uri: str) -> bool:
        """Whether there is an object at `gs://BUCKET/NAME`, or one below `gs://BUCKET/NAME/`."""


class Work(NamedTuple):
    """What is left to do after a request: the rest of a long-running operation, or a pipeline job's process.

    Attributes:
        action: `deploy` starts the model server of a deployment, `undeploy` stops it, `cancel` gives a
            deployment up. `run` starts a pipeline job when its turn comes, `stop` ends it, `remove` removes its
            folder. `tick` looks what is due: a schedule has changed.
        name: The operation's name; for a pipeline job or a schedule, its own.
    """

    action: Literal["deploy", "undeploy", "cancel", "run", "stop", "remove", "tick"]
    name: str

    @property
    def is_of_job(self) -> bool:
        """Whether it is a pipeline job's, and not a deployment's."""
        return self.action in {"run", "stop", "remove"}


@dataclass
class Call(Generic[Request]):
    """One request.

    Attributes:
        tx: The transaction that everything the handler reads and writes belongs to.
        request: The request message, path and query included.
        objects: The object store beside the emulator.
        work: What is to be done once the transaction is on the disk.
    """

    tx: Transaction
    request: Request
    objects: Objects
    work: list[Work] = field(default_factory=list)
