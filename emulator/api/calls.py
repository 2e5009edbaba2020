"""What a handler is given: one request inside one transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, NamedTuple, Protocol, TypeVar

from emulator.api.store import Transaction

Request = TypeVar("Request")


class Objects(Protocol):
    """What the emulator itself asks the object store."""

    def holds(self, uri: str) -> bool:
        """Whether there is an object at `gs://BUCKET/NAME`, or one below `gs://BUCKET/NAME/`."""


class Work(NamedTuple):
    """What is left to do after a request: the rest of a long-running operation, or a pipeline job's process.

    Attributes:
        action: What to do, in the words of the service that does it.
        name: Of the resource, or of an operation under it, that the work is for.
    """

    action: str
    name: str

    @property
    def collection(self) -> str:
        """The collection of the resource, which tells the service that takes the work."""
        return self.name.split("/")[4]


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
