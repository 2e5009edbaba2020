"""The custom job of a trial: the tuning job's specification, with the trial's values as flags."""

from __future__ import annotations

from collections.abc import Mapping

from google.cloud.aiplatform_v1.types import (
    CancelCustomJobRequest,
    CreateCustomJobRequest,
    CustomJob,
    CustomJobSpec,
    HyperparameterTuningJob,
    Trial,
)

from emulator.api.calls import Call, Objects, Work
from emulator.api.names import location_of
from emulator.api.store import Transaction
from emulator.api.validation import LONGEST_DISPLAY_NAME
from emulator.custom_jobs.methods import cancel_custom_job, create_custom_job
from emulator.custom_jobs.records import CUSTOM_JOBS, TRIAL_IDS, is_final
from emulator.custom_jobs.rules import is_empty
from emulator.tuning_jobs.space import Value


def create_trial_job(
    tx: Transaction, objects: Objects, job: HyperparameterTuningJob, trial: str, values: Mapping[str, Value]
) -> tuple[CustomJob, list[Work]]:
    """Creates the custom job of a trial, as CreateCustomJob does; the job, and what is left to do.

    Args:
        tx: The present transaction.
        objects: The object store.
        job: The tuning job.
        trial: The trial's id.
        values: The values of its parameters by their ids.
    """
    request = CreateCustomJobRequest(parent=location_of(job.name), custom_job=_trial_job(job, trial, values))
    call = Call(tx, request, objects)
    created = create_custom_job(call)
    tx.put(TRIAL_IDS, created.name, trial)
    return created, call.work


def _trial_job(job: HyperparameterTuningJob, trial: str, values: Mapping[str, Value]) -> CustomJob:
    suffix = f"-trial-{trial}"
    return CustomJob(
        display_name=job.display_name[: LONGEST_DISPLAY_NAME - len(suffix)] + suffix,
        labels=dict(job.labels),
        job_spec=_trial_spec(job.trial_job_spec, trial, values),
        encryption_spec=job.encryption_spec,
    )


def _trial_spec(spec: CustomJobSpec, trial: str, values: Mapping[str, Value]) -> CustomJobSpec:
    """The specification with the values after the arguments of each pool, and with a folder of the trial's own."""
    own = CustomJobSpec(spec)
    for pool in own.worker_pool_specs:
        if not is_empty(pool):
            is_package = "python_package_spec" in pool
            task = pool.python_package_spec if is_package else pool.container_spec
            task.args.extend(flag(name, value) for name, value in values.items())
    prefix = own.base_output_directory.output_uri_prefix
    if prefix:
        own.base_output_directory.output_uri_prefix = f"{prefix.rstrip('/')}/{trial}"
    return own


def flag(name: str, value: Value) -> str:
    """A value as a program's argument: doubles in their shortest form, whole numbers of integers without a point."""
    return f"--{name}={value}"


def cancel_trial_job(tx: Transaction, objects: Objects, trial: Trial) -> list[Work]:
    """Asks for the end of a trial's custom job, as CancelCustomJob does; what is left to do."""
    job = tx.get(CUSTOM_JOBS, trial.custom_job)
    if job is None or is_final(job):
        return []
    call = Call(tx, CancelCustomJobRequest(name=job.name), objects)
    cancel_custom_job(call)
    return call.work
