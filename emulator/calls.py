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
    """What is left to do after a request: the rest of a long-running operation.

    Attributes:
        action: `deploy` starts the model server of a deployment, `undeploy` stops it, `cancel` gives a
            deployment up.
        operation: The operation's name.
    """

    action: Literal["deploy", "undeploy", "cancel"]
    operation: str


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
