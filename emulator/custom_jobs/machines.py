"""Machines and accelerators of training jobs, and which go together.

Source: https://cloud.google.com/vertex-ai/docs/training/configure-compute. A new pair is a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from google.cloud.aiplatform_v1.types import AcceleratorType, MachineSpec

from emulator.api.errors import Violation

_FAMILIES = re.compile(r"(?:n1|n2|n2d|n4|c2|c2d|c3|c3d|c4|e2|m1|m2|m3|a2|a3|a4|g2|ct[a-z0-9]+)-[a-z0-9-]+")
# The smallest n1 that training takes is n1-standard-4.
_TOO_SMALL = {"n1-standard-1", "n1-standard-2", "n1-highmem-1", "n1-highcpu-1", "n1-highcpu-2"}
_L4_COUNTS = {4: 1, 8: 1, 12: 1, 16: 1, 32: 1, 24: 2, 48: 4, 96: 8}
# By accelerator: the machines, as a pattern, and the counts; None where the machine's own name tells the count.
_PAIRS: dict[str, tuple[str, set[int] | None]] = {
    "NVIDIA_TESLA_K80": (r"n1-.*", {1, 2, 4, 8}),
    "NVIDIA_TESLA_P4": (r"n1-.*", {1, 2, 4}),
    "NVIDIA_TESLA_P100": (r"n1-.*", {1, 2, 4}),
    "NVIDIA_TESLA_T4": (r"n1-.*", {1, 2, 4}),
    "NVIDIA_TESLA_V100": (r"n1-.*", {1, 2, 4, 8}),
    "NVIDIA_L4": (r"g2-standard-(\d+)", None),
    "NVIDIA_TESLA_A100": (r"a2-(?:high|mega)gpu-(\d+)g", None),
    "NVIDIA_A100_80GB": (r"a2-ultragpu-(\d+)g", None),
    "NVIDIA_H100_80GB": (r"a3-highgpu-(\d+)g", None),
    "NVIDIA_H100_MEGA_80GB": (r"a3-megagpu-(\d+)g", None),
    "NVIDIA_H200_141GB": (r"a3-ultragpu-(\d+)g", None),
    "NVIDIA_B200": (r"a4-highgpu-(\d+)g", None),
}


def machine_violations(machine: MachineSpec, field: str) -> Iterator[Violation]:
    """What is wrong with the machine of a worker pool.

    Args:
        machine: The machine.
        field: Its field in the request.
    """
    kind = machine.machine_type
    if not kind:
        yield Violation(f"{field}.machine_type", "is required.")
        return
    if not _FAMILIES.fullmatch(kind) or kind in _TOO_SMALL:
        yield Violation(f"{field}.machine_type", f'Machine type "{kind}" is not supported.')
        return
    accelerator = AcceleratorType(machine.accelerator_type)
    has_type = accelerator != AcceleratorType.ACCELERATOR_TYPE_UNSPECIFIED
    if has_type != bool(machine.accelerator_count):
        yield Violation(
            f"{field}.accelerator_type", "Both `accelerator_type` and `accelerator_count` should be specified or none."
        )
    elif has_type and not accelerator.name.startswith("TPU"):
        yield from _pair_violations(accelerator.name, machine.accelerator_count, kind, field)


def _pair_violations(accelerator: str, count: int, kind: str, field: str) -> Iterator[Violation]:
    pattern, counts = _PAIRS.get(accelerator, ("", None))
    found = re.fullmatch(pattern, kind) if pattern else None
    if found is None:
        yield Violation(
            f"{field}.accelerator_type", f'Accelerator "{accelerator}" is not supported for machine type "{kind}".'
        )
        return
    if counts is None:
        size = int(found[1])
        counts = {_L4_COUNTS[size]} if accelerator == "NVIDIA_L4" and size in _L4_COUNTS else {size}
    if count not in counts:
        wanted = ", ".join(map(str, sorted(counts)))
        yield Violation(
            f"{field}.accelerator_count",
            f'{count} of accelerator "{accelerator}" is not supported for machine type "{kind}", which takes {wanted}.',
        )
