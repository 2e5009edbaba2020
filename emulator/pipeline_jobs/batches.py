"""PipelineService's batches: several pipeline jobs deleted or cancelled by one request."""

from __future__ import annotations

import json
from typing import Any

from google.cloud.aiplatform_v1.types import (
    BatchCancelPipelineJobsOperationMetadata,
    BatchCancelPipelineJobsRequest,
    BatchCancelPipelineJobsResponse,
    BatchDeletePipelineJobsRequest,
    BatchDeletePipelineJobsResponse,
    DeleteOperationMetadata,
    PipelineJob,
)
from google.longrunning.operations_pb2 import Operation

from emulator.api import names, operations
from emulator.api.calls import Call
from emulator.api.errors import invalid
from emulator.api.store import Table, Transaction
from emulator.pipeline_jobs.methods import begin_cancellation, forget, require_deletable
from emulator.pipeline_jobs.records import PIPELINE_JOBS, is_final, require_summary

MOST_IN_BATCH = 32
# The jobs that an operation waits for, under the operation's name.
PENDING_CANCELLATIONS: Table[list[str]] = Table("pending_cancellations", encode=json.dumps, decode=json.loads)


def batch_delete_pipeline_jobs(call: Call[BatchDeletePipelineJobsRequest]) -> Operation:
    """BatchDeletePipelineJobs: all of them or, where one cannot be deleted, none."""
    jobs = _named(call)
    for job in jobs:
        require_deletable(job)
    for job in jobs:
        forget(call, job.name)
    response = BatchDeletePipelineJobsResponse(pipeline_jobs=jobs)
    return operations.done(call.tx, call.request.parent, DeleteOperationMetadata(), response)


def batch_cancel_pipeline_jobs(call: Call[BatchCancelPipelineJobsRequest]) -> Operation:
    """BatchCancelPipelineJobs: those that have ended are passed over; the operation ends when the others have."""
    jobs = [job for job in _named(call) if not is_final(job)]
    for job in jobs:
        begin_cancellation(call, job)
    operation = operations.begin(call.tx, call.request.parent, BatchCancelPipelineJobsOperationMetadata())
    call.tx.put(PENDING_CANCELLATIONS, operation.name, [job.name for job in jobs])
    finish_cancellations(call.tx)
    return operations.require(call.tx, operation.name)


def finish_cancellations(tx: Transaction) -> None:
    """Ends the operations of which all jobs have ended."""
    for operation, waited_for in tx.everything(PENDING_CANCELLATIONS).items():
        jobs = [job for name in waited_for if (job := tx.get(PIPELINE_JOBS, name)) is not None]
        if all(is_final(job) for job in jobs):
            tx.delete(PENDING_CANCELLATIONS, operation)
            response = BatchCancelPipelineJobsResponse(pipeline_jobs=jobs)
            operations.finish(tx, operations.require(tx, operation), response)


def _named(call: Call[Any]) -> list[PipelineJob]:
    count = len(call.request.names)
    if not 1 <= count <= MOST_IN_BATCH:
        raise invalid("names", f"must hold 1 to {MOST_IN_BATCH} names. Received: {count}.")
    given = list(dict.fromkeys(call.request.names))
    others = [name for name in given if names.parent_of(name) != call.request.parent]
    if others:
        raise invalid("names", f"must lie under {call.request.parent}. Received: {', '.join(others)}.")
    return [require_summary(call.tx, name) for name in given]
