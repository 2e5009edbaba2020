"""The replicas of a training job, as a training service tells each of them by TensorFlow's variable TF_CONFIG."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trainer.errors import UsageError, quoted

TF_CONFIG = "TF_CONFIG"
# Kinds of tasks that learn, the primary's first.
_LEARNERS = ("chief", "master", "worker")


@dataclass(frozen=True)
class Member:
    """A replica that learns.

    Attributes:
        name: Its task, such as `worker 1`.
        host: Where the others reach it.
        port: And at which port.
    """

    name: str
    host: str
    port: int

    @property
    def address(self) -> str:
        """`host:port`."""
        return f"{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.name} ({self.address})"


@dataclass(frozen=True)
class Cluster:
    """The replicas that learn together.

    Attributes:
        members: All of them, the primary first, which alone evaluates and writes; empty where this one is alone.
        rank: The place of this one.
    """

    members: tuple[Member, ...] = ()
    rank: int = 0

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.members) or 1

    def require_divides(self, batch_size: int) -> None:
        """Makes sure that each replica's share of a batch is the same.

        Args:
            batch_size: Rows a training step, of all replicas together.

        Raises:
            UsageError: They do not share it evenly.
        """
        if batch_size % self.size:
            nearest = max(1, round(batch_size / self.size)) * self.size
            raise UsageError(
                f"`--train-batch-size` must be divisible by the number of replicas, {self.size}: each step takes so "
                f"many rows in all, of which each replica takes the same share. Received: {batch_size}. "
                f"Use {nearest}, for example."
            )


def read_cluster(environment: Mapping[str, str]) -> Cluster:
    """The replicas that TF_CONFIG names.

    Args:
        environment: Where TF_CONFIG may name the replicas of a job, as tf.distribute reads it:
            `{"cluster": {"chief": ["host:port"], "worker": [...]}, "task": {"type": "chief", "index": 0}}`. The primary
            is the chief (`master` in older jobs), or worker 0 where there is none. A job of one has it, too.

    Raises:
        UsageError: It cannot be read, does not say which of them this one is, or names replicas that have nothing to do
            here.
    """
    text = environment.get(TF_CONFIG, "")
    if not text.strip():
        return Cluster()
    try:
        told = json.loads(text)
        members = [
            _member(f"{kind} {index}", address)
            for kind, addresses in told.get("cluster", {}).items()
            for index, address in enumerate(_listed(addresses))
        ]
        task = told.get("task", {})
        own = f"{task['type']} {int(task.get('index', 0))}" if task else ""
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise UsageError(
            f"{TF_CONFIG} cannot be read: it must be an object with the members `cluster`, lists of host:port by kind "
            f"of task, and `task`. Received: {quoted(text)}. Unset it to train on one machine."
        ) from error
    return _checked(members, own)


def _checked(members: list[Member], own: str) -> Cluster:
    names = [member.name for member in members]
    if (len(members) <= 1 and own in ("", *names)) or not members:
        return Cluster()
    idle = [name for name in names if name.split()[0] not in _LEARNERS]
    if idle:
        raise UsageError(
            f"{TF_CONFIG} names {', '.join(idle)}, and this trainer has nothing for such a task to do: its replicas "
            "hold the weights themselves and sum their gradients. Give the job only the worker pools 0 and 1."
        )
    if own not in names:
        said = f"this replica is {own}" if own else "which of them this replica is, `task` does not say"
        raise UsageError(
            f"{TF_CONFIG} names the replicas {', '.join(names)}, and {said}. Each replica must be one of those that "
            "learn: give the job only the worker pools 0 and 1."
        )
    primaries = [name for name in names if not name.startswith("worker")]
    if len(primaries) > 1:
        raise UsageError(f"{TF_CONFIG} names {len(primaries)} primaries ({', '.join(primaries)}). Name one chief.")
    addresses = [member.address for member in members]
    for member in members:
        if addresses.count(member.address) > 1:
            raise UsageError(f"{TF_CONFIG} gives the address {member.address} to several replicas. Give each its own.")
    members.sort(key=lambda member: _LEARNERS.index(member.name.split()[0]))
    return Cluster(tuple(members), [member.name for member in members].index(own))


def _listed(addresses: Any) -> list[str]:
    if not isinstance(addresses, list):
        raise TypeError
    return addresses


def _member(name: str, address: str) -> Member:
    host, _, port = address.rpartition(":")
    if not host:
        raise ValueError
    return Member(name, host, int(port))
