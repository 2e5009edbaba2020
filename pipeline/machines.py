"""Machines of training jobs: which accelerators go with them, which one suffices, and the tiers that name them.

Source: https://cloud.google.com/vertex-ai/docs/training/configure-compute. A new pair is a line. The emulator has a
table of its own, since neither imports the other; a test holds the two to each other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from trainer.errors import nearest

_ANY_N1 = "n1-"
# By accelerator: the counts by machine; one that ends with a hyphen stands for all machines that begin so.
_PAIRS: Mapping[str, Mapping[str, tuple[int, ...]]] = MappingProxyType(
    {
        "NVIDIA_TESLA_K80": {_ANY_N1: (1, 2, 4, 8)},
        "NVIDIA_TESLA_P4": {_ANY_N1: (1, 2, 4)},
        "NVIDIA_TESLA_P100": {_ANY_N1: (1, 2, 4)},
        "NVIDIA_TESLA_T4": {_ANY_N1: (1, 2, 4)},
        "NVIDIA_TESLA_V100": {_ANY_N1: (1, 2, 4, 8)},
        "NVIDIA_L4": {
            **{f"g2-standard-{cores}": (1,) for cores in (4, 8, 12, 16, 32)},
            "g2-standard-24": (2,),
            "g2-standard-48": (4,),
            "g2-standard-96": (8,),
        },
        "NVIDIA_TESLA_A100": {
            **{f"a2-highgpu-{count}g": (count,) for count in (1, 2, 4, 8)},
            "a2-megagpu-16g": (16,),
        },
        "NVIDIA_A100_80GB": {f"a2-ultragpu-{count}g": (count,) for count in (1, 2, 4, 8)},
        "NVIDIA_H100_80GB": {f"a3-highgpu-{count}g": (count,) for count in (1, 2, 4, 8)},
        "NVIDIA_H100_MEGA_80GB": {"a3-megagpu-8g": (8,)},
        "NVIDIA_H200_141GB": {"a3-ultragpu-8g": (8,)},
        "NVIDIA_B200": {"a4-highgpu-8g": (8,)},
    }
)
_CORES = (4, 8, 16, 32, 64, 96)
# GB of memory for each core, by family.
_MEMORY_OF_CORE_GB = {"standard": 3.75, "highmem": 6.5}

# The tutorial's tiers: BASIC, STANDARD_1, PREMIUM_1, BASIC_GPU. Its one master and 4 or 19 workers are replicas alike
# here; its parameter servers have no work in synchronous training, its n1-highcpu-8 is too small for Vertex AI, and
# K80s are no longer to be had.
# Source: https://cloud.google.com/ai-platform/training/docs/machine-types#scale_tiers
SCALE_TIERS: Mapping[str, Mapping[str, str | int]] = MappingProxyType(
    {
        "basic": {"training_machine_type": "n1-standard-4"},
        "standard": {"training_machine_type": "n1-standard-8", "training_replicas": 5},
        "premium": {"training_machine_type": "n1-standard-16", "training_replicas": 20},
        "gpu": {
            "training_machine_type": "n1-standard-8",
            "accelerator_type": "NVIDIA_TESLA_T4",
            "accelerator_count": 1,
        },
    }
)


def misfit(machine: str, accelerator: str, count: int) -> str:
    """Why a machine cannot have so many of an accelerator, in a sentence; empty where it can.

    Args:
        machine: A machine type.
        accelerator: An accelerator's type.
        count: How many of them.
    """
    machines = _PAIRS.get(accelerator)
    if machines is None:
        return (
            f"`accelerator_type` {accelerator} is not known to go with a machine.{nearest(accelerator, _PAIRS)} Known: "
            f"{', '.join(_PAIRS)}."
        )
    counts = next((told for name, told in machines.items() if _is(machine, name)), None)
    if counts is None:
        fitting = [name for name, told in machines.items() if count in told] or list(machines)
        return (
            f"`accelerator_type` {accelerator} does not go with `training_machine_type` {machine}. It goes with "
            f"{', '.join('n1 machines' if name == _ANY_N1 else name for name in fitting)}."
        )
    if count not in counts:
        told = ", ".join(map(str, counts))
        return (
            f"`training_machine_type` {machine} takes {told} of {accelerator}. Received: `accelerator_count` {count}."
        )
    return ""


def _is(machine: str, name: str) -> bool:
    return machine.startswith(name) if name.endswith("-") else machine == name


def sufficient_machine(cores: int, memory_gib: int, accelerator: str = "") -> str:
    """The smallest n1 machine that has so much; empty where there is none, or it takes no such accelerator.

    Args:
        cores: CPU cores, at least.
        memory_gib: Memory, GiB, at least.
        accelerator: The accelerator's type; empty for none.
    """
    if accelerator and _ANY_N1 not in _PAIRS.get(accelerator, {}):
        return ""
    found = (
        f"n1-{family}-{size}"
        for size in _CORES
        for family, of_core in _MEMORY_OF_CORE_GB.items()
        if size >= cores and size * of_core >= memory_gib
    )
    return next(found, "")


def cores_of(machine: str) -> int | None:
    """The CPU cores of a machine, where its name tells them: `n1-standard-8` has 8. None where it does not."""
    found = re.search(r"-(\d+)$", machine)
    return int(found[1]) if found else None
