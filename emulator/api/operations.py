"""Long-running operations: what begins them, ends them, and what clients poll."""

from __future__ import annotations

import json

import proto
from google.cloud.aiplatform_v1.types import DeleteOperationMetadata, GenericOperationMetadata
from google.longrunning.operations_pb2 import (
    CancelOperationRequest,
    DeleteOperationRequest,
    GetOperationRequest,
    ListOperationsRequest,
    ListOperationsResponse,
    Operation,
)
from google.protobuf import json_format
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message

from emulator.api.calls import Call, Work
from emulator.api.clock import now
from emulator.api.errors import ApiError, invalid, precondition
from emulator.api.listing import page_of_records
from emulator.api.names import new_id
from emulator.api.protobuf import pb_of
from emulator.api.store import Table, Transaction


def _decode(text: str) -> Operation:
    return json_format.Parse(text, Operation())


OPERATIONS: Table[Operation] = Table(
    "operations",
    encode=lambda operation: json.dumps(json_format.MessageToDict(operation), ensure_ascii=False),
    decode=_decode,
)


def begin(tx: Transaction, owner: str, metadata: proto.Message) -> Operation:
    """Begins an operation.

    Args:
        tx: The transaction of the request that begins it.
        owner: The resource under which clients poll it: a model, an endpoint or a location.
        metadata: A message of a type such as DeployModelOperationMetadata; its times are filled in here.
    """
    moment = now()
    metadata.generic_metadata = GenericOperationMetadata(create_time=moment, update_time=moment)
    operation = Operation(name=f"{owner}/operations/{new_id()}")
    operation.metadata.Pack(pb_of(metadata))
    tx.put(OPERATIONS, operation.name, operation)
    return operation


def finish(tx: Transaction, operation: Operation, response: proto.Message | Message) -> Operation:
    """Ends an operation with what it made."""
    operation.response.Pack(pb_of(response))
    return _end(tx, operation)


def fail(tx: Transaction, operation: Operation, error: ApiError) -> Operation:
    """Ends an operation with an error."""
    operation.error.code = error.code
    operation.error.message = error.message
    return _end(tx, operation)


def _end(tx: Transaction, operation: Operation) -> Operation:
    operation.done = True
    _touch(operation)
    tx.put(OPERATIONS, operation.name, operation)
    return operation


def _touch(operation: Operation) -> None:
    """Sets the metadata's updateTime."""
    update = DeleteOperationMetadata(generic_metadata=GenericOperationMetadata(update_time=now()))
    # Appended bytes merge into a message. generic_metadata is field 1 of every type of metadata.
    operation.metadata.value += DeleteOperationMetadata.serialize(update)


def done(
    tx: Transaction, owner: str, metadata: proto.Message, response: proto.Message | Message | None = None
) -> Operation:
    """An operation that has already ended; without a response, as deletions do."""
    return finish(tx, begin(tx, owner, metadata), Empty() if response is None else response)


def failed(tx: Transaction, owner: str, metadata: proto.Message, error: ApiError) -> Operation:
    """An operation that has already failed."""
    return fail(tx, begin(tx, owner, metadata), error)


def require(tx: Transaction, name: str) -> Operation:
    """The operation of that name.

    Raises:
        ApiError: NOT_FOUND.
    """
    return tx.require(OPERATIONS, name, "Operation")


def shown(operation: Operation, delay_s: float) -> Operation:
    """The operation as a client sees it: as running, until it is `delay_s` seconds old."""
    metadata = DeleteOperationMetadata.deserialize(operation.metadata.value)
    age = now() - metadata.generic_metadata.create_time
    if not operation.done or age.total_seconds() >= delay_s:
        return operation
    return Operation(name=operation.name, metadata=operation.metadata)


def get_operation(call: Call[GetOperationRequest]) -> Operation:
    """GetOperation: what clients poll."""
    return require(call.tx, call.request.name)


def list_operations(
    call: Call[ListOperationsRequest],
) -> ListOperationsResponse:
    """ListOperations under a location, a model or an endpoint, newest first."""
    if call.request.filter:
        raise invalid("filter", "is not supported for operations.")
    shown_page, token = page_of_records(call.tx, OPERATIONS, call.request.name, call.request, lambda _operation: True)
    return ListOperationsResponse(operations=shown_page, next_page_token=token)


def cancel_operation(call: Call[CancelOperationRequest]) -> Empty:
    """CancelOperation: a deployment under way is stopped; on a finished operation it has no effect."""
    operation = require(call.tx, call.request.name)
    if not operation.done:
        call.work.append(Work("cancel", operation.name))
    return Empty()


def delete_operation(call: Call[DeleteOperationRequest]) -> Empty:
    """DeleteOperation: forgets a finished operation."""
    operation = require(call.tx, call.request.name)
    if not operation.done:
        raise precondition(f'The Operation "{operation.name}" is running. Cancel it, or wait for its end.')
    call.tx.delete(OPERATIONS, operation.name)
    return Empty()
