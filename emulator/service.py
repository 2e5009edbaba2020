"""What a service of the emulator is: the methods that it answers, and the work that goes on behind them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from starlette.routing import Route as HttpRoute

from emulator.api.calls import Work
from emulator.api.routes import Route
from emulator.api.store import Store
from emulator.settings import Settings
from emulator.storage.object_store import ObjectStore


@dataclass(frozen=True)
class Host:
    """What the emulator gives its services.

    Attributes:
        settings: How it was started.
        store: Its memory.
        storage: The object store beside it.
        environment: The environment that processes inherit.
        take: Hands work on to the service that it is addressed to.
    """

    settings: Settings
    store: Store
    storage: ObjectStore
    environment: Mapping[str, str]
    take: Callable[[Work], None]


class Service:
    """One service. By itself it answers nothing, and nothing goes on behind it.

    Work is addressed to a service by a resource's name. It begins once the transaction of the request that left it is
    on the disk.

    Args:
        host: What the emulator gives it.

    Attributes:
        collection: The collection of the resources whose work it takes, such as `endpoints`.
        routes: Its methods of the API.
    """

    collection: ClassVar[str] = ""
    routes: ClassVar[Sequence[Route]] = ()

    def __init__(self, host: Host) -> None:
        self._host = host

    def pages(self) -> Sequence[HttpRoute]:
        """What it answers beside the Vertex AI API."""
        return ()

    async def open(self) -> None:
        """Goes on with what was under way when it was closed, or killed."""

    async def close(self) -> None:
        """Stops what is under way, such that it can be opened again."""

    async def forget(self) -> None:
        """Removes its files, while it is closed; its records are removed by whoever calls this."""

    def take(self, work: Work) -> None:
        """Begins work that a request left."""
        raise NotImplementedError(f"{type(self).__name__} takes no work. Received: {work}.")

    async def settle(self, work: Work) -> bool:
        """Waits a moment for work that mostly ends at once; whether its operation may have ended by now."""
        del work
        return False
