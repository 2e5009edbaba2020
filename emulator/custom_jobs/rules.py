"""What a custom job must look like to be taken."""

from __future__ import annotations

from collections.abc import Iterator

from google.cloud.aiplatform_v1.types import CustomJob, CustomJobSpec, Scheduling, WorkerPoolSpec

from emulator.api.errors import Violation
from emulator.api.validation import display_name_violations, label_violations, service_account_violations
from emulator.custom_jobs.machines import machine_violations

SPEC = "custom_job.job_spec"
# Primary, workers, parameter servers or a reduction server, evaluators.
MOST_POOLS = 4
# Each replica is a process of this machine.
MOST_REPLICAS = 64
MOST_VARIABLES = 100
MOST_PACKAGES = 100
DISKS = {"", "pd-ssd", "pd-standard", "hyperdisk-balanced"}


def job_violations(job: CustomJob) -> list[Violation]:
    """All that is wrong with a custom job as it was sent."""
    return [
        *display_name_violations(job.display_name, "custom_job.display_name"),
        *label_violations(job.labels, "custom_job.labels"),
        *spec_violations(job.job_spec, SPEC),
    ]


def spec_violations(spec: CustomJobSpec, field: str) -> Iterator[Violation]:
    """All that is wrong with what a job is to run.

    Args:
        spec: The specification.
        field: Its field in the request.
    """
    pools = list(spec.worker_pool_specs)
    if not pools or is_empty(pools[0]):
        yield Violation(f"{field}.worker_pool_specs", "must not be empty, and the first pool is the primary's.")
    if len(pools) > MOST_POOLS:
        yield Violation(f"{field}.worker_pool_specs", f"must be at most {MOST_POOLS} pools. Received: {len(pools)}.")
    for number, pool in enumerate(pools[:MOST_POOLS]):
        if not is_empty(pool):
            yield from _pool_violations(pool, number, f"{field}.worker_pool_specs[{number}]")
    replicas = sum(replicas_of(pool, number) for number, pool in enumerate(pools[:MOST_POOLS]))
    if replicas > MOST_REPLICAS:
        yield Violation(
            f"{field}.worker_pool_specs",
            f"must have at most {MOST_REPLICAS} replicas in all here, where each is a process. Received: {replicas}.",
        )
    yield from service_account_violations(spec.service_account, f"{field}.service_account")
    yield from _scheduling_violations(spec.scheduling, f"{field}.scheduling")
    if spec.tensorboard and not (spec.service_account and spec.base_output_directory.output_uri_prefix):
        yield Violation(f"{field}.tensorboard", "needs service_account and base_output_directory.")
    if spec.network and CustomJobSpec.pb(spec).HasField("psc_interface_config"):
        yield Violation(f"{field}.network", "excludes psc_interface_config.")
    prefix = spec.base_output_directory.output_uri_prefix
    if prefix and not prefix.startswith("gs://"):
        yield Violation(f"{field}.base_output_directory", f'must be a gs:// URI. Received: "{prefix}".')


def is_empty(pool: WorkerPoolSpec) -> bool:
    """Whether a pool is `{}`, which stands for none and keeps the numbers of those that follow."""
    return not WorkerPoolSpec.pb(pool).ByteSize()


def replicas_of(pool: WorkerPoolSpec, number: int) -> int:
    """How many replicas a pool has."""
    if is_empty(pool):
        return 0
    return int(pool.replica_count) or (1 if number == 0 else 0)


def _pool_violations(pool: WorkerPoolSpec, number: int, field: str) -> Iterator[Violation]:
    count = int(pool.replica_count)
    if number == 0 and count not in {0, 1}:
        yield Violation(f"{field}.replica_count", f"The primary's pool must have 1 replica. Received: {count}.")
    elif number > 0 and count < 1:
        yield Violation(f"{field}.replica_count", f"must be at least 1. Received: {count}.")
    yield from machine_violations(pool.machine_spec, f"{field}.machine_spec")
    disk = pool.disk_spec.boot_disk_type
    if disk not in DISKS:
        wanted = ", ".join(sorted(DISKS - {""}))
        yield Violation(f"{field}.disk_spec.boot_disk_type", f'must be one of {wanted}. Received: "{disk}".')
    pb = WorkerPoolSpec.pb(pool)
    match pb.WhichOneof("task"):
        case "container_spec":
            if not pool.container_spec.image_uri:
                yield Violation(f"{field}.container_spec.image_uri", "is required.")
            yield from _variable_violations(len(pool.container_spec.env), f"{field}.container_spec.env")
        case "python_package_spec":
            yield from _package_violations(pool, f"{field}.python_package_spec")
        case _:
            yield Violation(field, "must have a container_spec or a python_package_spec.")


def _package_violations(pool: WorkerPoolSpec, field: str) -> Iterator[Violation]:
    spec = pool.python_package_spec
    for name in ("executor_image_uri", "python_module"):
        if not getattr(spec, name):
            yield Violation(f"{field}.{name}", "is required.")
    if not 1 <= len(spec.package_uris) <= MOST_PACKAGES:
        yield Violation(f"{field}.package_uris", f"must be 1 to {MOST_PACKAGES}. Received: {len(spec.package_uris)}.")
    yield from _variable_violations(len(spec.env), f"{field}.env")


def _variable_violations(count: int, field: str) -> Iterator[Violation]:
    if count > MOST_VARIABLES:
        yield Violation(field, f"must hold at most {MOST_VARIABLES} variables. Received: {count}.")


def _scheduling_violations(scheduling: Scheduling, field: str) -> Iterator[Violation]:
    pb = Scheduling.pb(scheduling)
    for name in ("timeout", "max_wait_duration"):
        if pb.HasField(name) and getattr(pb, name).ToTimedelta().total_seconds() < 0:
            yield Violation(f"{field}.{name}", "must not be negative.")
    if pb.HasField("max_wait_duration") and scheduling.strategy != Scheduling.Strategy.FLEX_START:
        yield Violation(f"{field}.max_wait_duration", "is for the strategy FLEX_START alone.")
