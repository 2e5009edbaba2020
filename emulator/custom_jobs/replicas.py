"""The replicas of a custom job: which there are, and what each finds in its environment.

Source: https://cloud.google.com/vertex-ai/docs/training/code-requirements and .../distributed-training.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.cloud.aiplatform_v1.types import CustomJob, CustomJobSpec, EnvVar, WorkerPoolSpec
from google.protobuf import json_format

from emulator.api.names import id_of
from emulator.custom_jobs.rules import replicas_of
from emulator.model_servers.command import expanded

# Of TF_CONFIG, by the number of the pool. Evaluators take no part in the cluster.
_TASKS = ("chief", "worker", "ps", "evaluator")
# Linux lets no variable be longer than 128 KiB. Without the job's specification, which a trainer may miss, it fits.
LONGEST_VARIABLE = 120 * 1024
_FOLDERS = {"AIP_MODEL_DIR": "model", "AIP_CHECKPOINT_DIR": "checkpoints", "AIP_TENSORBOARD_LOG_DIR": "logs"}


@dataclass(frozen=True)
class Replica:
    """One replica.

    Attributes:
        pool: The number of its pool.
        index: Its number in the pool.
        words: Command and arguments; $(VARIABLE) is not replaced yet.
        variables: What the job sets.
        packages: What has to be installed first, gs:// URIs.
    """

    pool: int
    index: int
    words: tuple[str, ...]
    variables: Mapping[str, str]
    packages: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What errors and logs call it."""
        return f"workerpool{self.pool}-{self.index}"

    def environment(self, base: Mapping[str, str], contract: Mapping[str, str]) -> dict[str, str]:
        """Its environment: the machine's, the job's variables, the contract's; the last wins."""
        environment = {**base, **contract}
        for name, value in self.variables.items():
            environment[name] = expanded(value, environment)
        return {**environment, **contract}

    def command(self, environment: Mapping[str, str]) -> list[str]:
        """Its words, with each $(VARIABLE) in its place."""
        return [expanded(word, environment) for word in self.words]


def replicas(spec: CustomJobSpec) -> list[Replica]:
    """All replicas of a job, the primary first."""
    return [
        _replica(pool, number, index)
        for number, pool in enumerate(spec.worker_pool_specs)
        for index in range(replicas_of(pool, number))
    ]


def _replica(pool: WorkerPoolSpec, number: int, index: int) -> Replica:
    if "container_spec" in pool:
        container = pool.container_spec
        return Replica(number, index, (*container.command, *container.args), _variables(container.env))
    package = pool.python_package_spec
    words = ("python3", "-m", package.python_module, *package.args)
    return Replica(number, index, words, _variables(package.env), tuple(package.package_uris))


def _variables(env: Iterable[EnvVar]) -> dict[str, str]:
    return {variable.name: variable.value for variable in env}


def contract_of(job: CustomJob, replica: Replica, ports: Mapping[str, int], trial: str = "") -> dict[str, str]:
    """The variables by which a replica knows the job and the others.

    Args:
        job: The job.
        replica: The replica.
        ports: The port of each replica, by its name.
        trial: The id of the trial that the job is; empty where it is none.
    """
    spec = json_format.MessageToDict(CustomJobSpec.pb(job.job_spec))
    pools = _pools(ports)
    task = {"type": f"workerpool{replica.pool}", "index": replica.index} | ({"trial": trial} if trial else {})
    cluster = {"cluster": pools, "environment": "cloud", "task": task}
    variables = {"CLUSTER_SPEC": _told(cluster, spec)}
    if len(ports) > 1:
        named = {_TASKS[number]: pools[name] for number in range(3) if (name := f"workerpool{number}") in pools}
        told = {"cluster": named, "environment": "cloud", "task": {**task, "type": _TASKS[replica.pool]}}
        variables["TF_CONFIG"] = _told(told, spec)
    parts = job.name.split("/")
    variables |= {
        "CLOUD_ML_JOB_ID": id_of(job.name),
        "CLOUD_ML_PROJECT_ID": parts[1],
        "CLOUD_ML_REGION": parts[3],
    }
    if trial:
        variables["CLOUD_ML_TRIAL_ID"] = trial
    prefix = job.job_spec.base_output_directory.output_uri_prefix.rstrip("/")
    if prefix:
        variables |= {name: f"{prefix}/{folder}/" for name, folder in _FOLDERS.items()}
    if job.job_spec.experiment:
        variables["AIP_EXPERIMENT_NAME"] = id_of(job.job_spec.experiment)
    if job.job_spec.experiment_run:
        variables["AIP_EXPERIMENT_RUN_NAME"] = id_of(job.job_spec.experiment_run)
    if job.job_spec.tensorboard:
        variables["AIP_TENSORBOARD_RESOURCE_NAME"] = job.job_spec.tensorboard
    return variables


def _pools(ports: Mapping[str, int]) -> dict[str, Sequence[str]]:
    pools: dict[str, list[str]] = {}
    for name, port in ports.items():
        pools.setdefault(name.partition("-")[0], []).append(f"127.0.0.1:{port}")
    return dict(pools)


def _told(cluster: dict[str, Any], spec: dict[str, Any]) -> str:
    whole = json.dumps({**cluster, "job": spec})
    return whole if len(whole) <= LONGEST_VARIABLE else json.dumps(cluster)
