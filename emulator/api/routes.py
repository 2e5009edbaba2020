"""Methods of the API at their paths: each service declares its own, and a request finds its one among all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, NamedTuple, TypeVar

from google.cloud.aiplatform_v1 import types
from google.longrunning import operations_pb2

from emulator.api import operations
from emulator.api.errors import ApiError
from emulator.api.paths import Path, method_name

Owner = TypeVar("Owner")

LOCATION = "projects/*/locations/*"
# By a collection whose methods are not served: what clients can do without it.
REMEDIES = {
    "tensorboards": "Experiments work without it: pass experiment_tensorboard=False to aiplatform.init().",
}


class Route(NamedTuple):
    """One method of the API.

    Attributes:
        rpc: Its name; its request message is called {rpc}Request.
        http_method: GET, POST, PATCH or DELETE.
        template: Its path below the version, `*` for each value, with the verb after a colon.
        path_field: The message's field that takes the path's resource name, dotted where nested.
        body_field: The field that the body fills: `*` for the message itself, empty for none.
        handler: What answers a Call with a message, inside a transaction.
        is_direct: Whether `handler` takes the service, the path and Starlette's request instead, outside of any
            transaction, and gives the whole response.
    """

    rpc: str
    http_method: str
    template: str
    path_field: str
    body_field: str
    handler: Callable[..., Any]
    is_direct: bool = False

    @property
    def request_type(self) -> type[Any]:
        """The message that the request is read as."""
        name = f"{self.rpc}Request"
        found: type[Any] = getattr(types, name, None) or getattr(operations_pb2, name)
        return found


def operation_routes(owner: str) -> list[Route]:
    """The methods of the long-running operations of one kind of resource.

    Args:
        owner: The template of the resource under which they are.
    """
    held, one = f"{owner}/operations", f"{owner}/operations/*"
    return [
        Route("GetOperation", "GET", one, "name", "", operations.get_operation),
        Route("ListOperations", "GET", held, "name", "", operations.list_operations),
        Route("CancelOperation", "POST", f"{one}:cancel", "name", "*", operations.cancel_operation),
        Route("DeleteOperation", "DELETE", one, "name", "", operations.delete_operation),
        Route("WaitOperation", "POST", f"{one}:wait", "name", "*", operations.get_operation),
    ]  # fmt: skip


def _key(http_method: str, segments: tuple[str, ...], verb: str) -> tuple[str, tuple[str, ...], int, str]:
    return http_method, segments[::2], len(segments), verb


class RouteTable(Generic[Owner]):
    """All methods that are served.

    Args:
        routes: Each with the service that serves it.
    """

    def __init__(self, routes: Iterable[tuple[Owner, Route]]) -> None:
        self._by_key: dict[Any, tuple[Owner, Route]] = {}
        for owner, route in routes:
            path, _, verb = route.template.partition(":")
            key = _key(route.http_method, tuple(path.split("/")), verb)
            if key in self._by_key:
                raise ValueError(f"{route.http_method} {route.template} is served twice: it is {route.rpc}'s, too.")
            self._by_key[key] = owner, route

    def find(self, http_method: str, path: Path) -> tuple[Owner, Route]:
        """The method at a path, and the service that serves it.

        Raises:
            ApiError: UNIMPLEMENTED, with the name of the method.
        """
        found = self._by_key.get(_key(http_method, path.segments, path.verb))
        if found is not None and all(path.segments) and (path.version != "ui" or "Operation" in found[1].rpc):
            return found
        verb = f":{path.verb}" if path.verb else ""
        remedy = next(
            (REMEDIES[part] for part in path.segments[::2] if part in REMEDIES), "docs/emulator.md lists what is."
        )
        raise ApiError(
            "UNIMPLEMENTED",
            f"{method_name(http_method, path)} ({http_method} /{path.version}/{path.name}{verb}) is not served by "
            f"this emulator. {remedy}",
        )
