from __future__ import annotations

import itertools
import re

import pytest

from pipeline.config import RunConfig
from pipeline.config_layers import load_config
from pipeline.config_types import _training_machine
from pipeline.machines import _PAIRS, SCALE_TIERS, cores_of, misfit, sufficient_machine

MACHINES = ["n1-standard-4", *(name for told in _PAIRS.values() for name in told if not name.endswith("-"))]


def test_pairs_are_those_that_the_emulator_takes() -> None:
    from google.cloud.aiplatform_v1.types import MachineSpec

    from emulator.custom_jobs.machines import machine_violations

    for machine, accelerator, count in itertools.product(MACHINES, _PAIRS, (1, 2, 3, 4, 8, 16)):
        spec = MachineSpec(machine_type=machine, accelerator_type=accelerator, accelerator_count=count)
        is_taken = not list(machine_violations(spec, "machine_spec"))
        assert (misfit(machine, accelerator, count) == "") is is_taken, (machine, accelerator, count)


@pytest.mark.parametrize("machine", ["n1-standard-1", "n1-standard-4", "c3-highcpu-8", "m5.large", "x9-standard-4"])
def test_machines_are_those_that_the_emulator_takes(machine: str) -> None:
    from google.cloud.aiplatform_v1.types import MachineSpec

    from emulator.custom_jobs.machines import machine_violations

    is_taken = not list(machine_violations(MachineSpec(machine_type=machine), "machine_spec"))
    if is_taken:
        assert _training_machine(machine) == machine
    else:
        with pytest.raises(ValueError, match=r"must be (larger|a machine that training takes)"):
            _training_machine(machine)


def test_misfit_tells_what_goes_together() -> None:
    assert misfit("n1-standard-4", "NVIDIA_L4", 2) == (
        "`accelerator_type` NVIDIA_L4 does not go with `training_machine_type` n1-standard-4. "
        "It goes with g2-standard-24."
    )
    assert misfit("g2-standard-4", "NVIDIA_TESLA_T4", 1).endswith("It goes with n1 machines.")
    assert misfit("n1-standard-4", "NVIDIA_TESLA_T4", 3) == (
        "`training_machine_type` n1-standard-4 takes 1, 2, 4 of NVIDIA_TESLA_T4. Received: `accelerator_count` 3."
    )
    assert 'Did you mean "NVIDIA_TESLA_T4"?' in misfit("n1-standard-4", "NVIDIA_TESLA_T5", 1)


@pytest.mark.parametrize(
    ("cores", "memory_gib", "accelerator", "machine"),
    [
        (1, 1, "", "n1-standard-4"),
        (4, 15, "", "n1-standard-4"),
        (4, 16, "", "n1-highmem-4"),
        (5, 8, "NVIDIA_TESLA_T4", "n1-standard-8"),
        (97, 1, "", ""),
        (1, 1000, "", ""),
        (4, 8, "NVIDIA_L4", ""),
    ],
)
def test_sufficient_machine_is_the_smallest(cores: int, memory_gib: int, accelerator: str, machine: str) -> None:
    assert sufficient_machine(cores, memory_gib, accelerator) == machine


def test_cores_stand_in_the_name() -> None:
    assert (cores_of("n1-highcpu-16"), cores_of("a2-highgpu-1g")) == (16, None)


@pytest.mark.parametrize("tier", SCALE_TIERS)
def test_tier_makes_a_job_whose_machines_go_with_its_accelerators(tier: str) -> None:
    config, sources = load_config(None, {"scale_tier": tier})
    assert config.is_training_job
    assert {name: getattr(config, name) for name in SCALE_TIERS[tier]} == dict(SCALE_TIERS[tier])
    assert {sources[name] for name in SCALE_TIERS[tier]} == {f"scale_tier {tier}"}


def test_every_tier_can_be_named_and_described() -> None:
    about = RunConfig.model_fields["scale_tier"]
    assert re.findall(r"'(\w+)'", str(about.annotation)) == [*SCALE_TIERS]
