"""Whether replicas begin alike: from one checkpoint, with the same settings and rows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from trainer.errors import TrainingError
from trainer.training.reducer import Reducer


def require_same_start(reducer: Reducer, step: int, settings: Mapping[str, Any]) -> None:
    """Compares a replica's start with the primary's: else they would learn apart, or wait for each other for ever.

    Args:
        reducer: Of the replicas, all of which compare.
        step: Steps that are taken already.
        settings: What decides on those to come, as plain JSON values.

    Raises:
        TrainingError: The primary goes on from another step, or has other settings.
    """
    digest = int.from_bytes(hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).digest()[:7])
    first_step, first_digest = reducer.told([step, digest])
    if first_step != step:
        raise TrainingError(
            f"The newest checkpoint that this replica sees is of step {step}, and the primary's of step {first_step}. "
            "Give all replicas one --job-dir (or AIP_CHECKPOINT_DIR) on a shared place, such as gs://BUCKET/FOLDER."
        )
    if first_digest != digest:
        raise TrainingError(
            "This replica was told other settings than the primary, or has read other tables. Give all replicas the "
            "same flags, data contract and files."
        )
