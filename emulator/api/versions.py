"""v1beta1: the same methods, with messages of the other version's types.

The two versions share field numbers, so a message crosses over in its binary form. What v1 lacks would be
lost on the way; such requests are refused.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import proto
from google.cloud.aiplatform_v1.types import Model
from google.longrunning import operations_pb2
from google.protobuf.message import Message

from emulator.api.codec import parse_message, parse_request, to_json
from emulator.api.errors import ApiError
from emulator.api.store import Table

_V1_TYPE = "google.cloud.aiplatform.v1."
_BETA_TYPE = "google.cloud.aiplatform.v1beta1."


# Operations that v1beta1 began. Clients poll them at /ui/, which tells no version, and want v1beta1 types.
BETA_OPERATIONS: Table[str] = Table("beta_operations", encode=str, decode=str)


def load_beta() -> None:
    """Imports the v1beta1 types: two seconds, at the first call, that only callers of v1beta1 need."""
    # All of them are loaded once one is named.
    beta_type(Model)


def beta_type(message_type: type[Any]) -> type[Any]:
    """The v1beta1 type of the same name; a type that has no versions stays what it is."""
    if not issubclass(message_type, proto.Message):
        return message_type
    types = importlib.import_module("google.cloud.aiplatform_v1beta1.types")
    found: type[Any] = getattr(types, message_type.__name__)
    return found


def parse_beta_request(
    request_type: type[Any],
    path: Mapping[str, str],
    query: Mapping[str, str],
    body_field: str,
    body: bytes,
) -> Any:
    """Reads a v1beta1 request as the v1 message of the same name.

    Raises:
        ApiError: INVALID_ARGUMENT, where it is malformed; UNIMPLEMENTED, where it has a field that v1 lacks.
    """
    request = parse_request(beta_type(request_type), path, query, body_field, body)
    content = to_json(request)
    # v1 has disableContainerLogging instead; here a server's log is kept whatever is asked for.
    content.get("deployedModel", {}).pop("enableContainerLogging", None)
    try:
        return parse_message(request_type, content)
    except ApiError as error:
        raise ApiError(
            "UNIMPLEMENTED", f"The emulator keeps what v1 has; the request has more: {error.message}"
        ) from error


def beta_answer(message: proto.Message | Message) -> proto.Message | Message:
    """The answer as the v1beta1 message of the same name."""
    if isinstance(message, operations_pb2.Operation):
        return _beta_operation(message)
    if isinstance(message, operations_pb2.ListOperationsResponse):
        operations = [_beta_operation(operation) for operation in message.operations]
        return operations_pb2.ListOperationsResponse(operations=operations, next_page_token=message.next_page_token)
    if not isinstance(message, proto.Message):
        return message
    result: proto.Message = beta_type(type(message)).deserialize(type(message).serialize(message))
    return result


def _beta_operation(operation: operations_pb2.Operation) -> operations_pb2.Operation:
    load_beta()
    result = operations_pb2.Operation()
    result.CopyFrom(operation)
    for content in (result.metadata, result.response) if result.HasField("response") else (result.metadata,):
        content.type_url = content.type_url.replace(_V1_TYPE, _BETA_TYPE)
    return result
