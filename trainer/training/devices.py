"""What training computes on: told in the log, and required to be more than CPUs where more was asked for."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping

from trainer.errors import UsageError

log = logging.getLogger(__name__)

# Set to 1, it does what --require-accelerator does, for who starts training by a component.
REQUIRED_VARIABLE = "TRAINER_REQUIRE_ACCELERATOR"


def is_required(environment: Mapping[str, str]) -> bool:
    """Whether the environment asks for an accelerator."""
    return environment.get(REQUIRED_VARIABLE) == "1"


def tell_devices(is_accelerator_required: bool) -> None:
    """Logs which devices TensorFlow sees.

    Args:
        is_accelerator_required: Whether to refuse to train on CPUs alone.

    Raises:
        UsageError: An accelerator is required, and none is visible.
    """
    import tensorflow as tf

    accelerators = [device for device in tf.config.list_physical_devices() if device.device_type != "CPU"]
    names = [
        str(tf.config.experimental.get_device_details(device).get("device_name", device.device_type))
        for device in accelerators
    ]
    if names:
        log.info("training computes on %s", ", ".join(names))
        return
    if is_accelerator_required:
        raise UsageError(
            "An accelerator is required, and TensorFlow sees none here: training would go on at a CPU's speed and an "
            "accelerator's price. Give the machine one, and the image that is built with `--build-arg "
            "LOCK=requirements-gpu.lock`, or leave `--require-accelerator` out."
        )
    log.info("training computes on the CPU, which has %d cores; TensorFlow sees no accelerator", os.cpu_count() or 1)
