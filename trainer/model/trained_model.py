"""What training hands to the export."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from trainer.contract import Contract
from trainer.model.features import FeatureEncoder


@dataclass(frozen=True)
class TrainedModel:
    """What training leaves behind.

    Attributes:
        network: The Keras model, from encoded features to logits.
        encoder: From raw columns to encoded features.
        contract: The data contract.
        steps: Optimizer steps taken.
        metrics: The last evaluation: `loss`, the mean over rows, and `accuracy`.
        record: What the model was made of, as plain JSON values: steps, settings, data, version of the trainer.
    """

    network: Any
    encoder: FeatureEncoder
    contract: Contract
    steps: int
    metrics: dict[str, float]
    record: dict[str, Any]
