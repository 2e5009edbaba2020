"""How a table that nobody knows is best trained on, by its size; benchmarks/sections/tables.py measures it."""

from __future__ import annotations

from typing import Any

_LEAST_STEPS = 4000
_PASSES = 20
_BATCH_SIZE = 128
# Of a larger table, what is held out is little missed, and to learn anew takes long.
_REFIT_BELOW_ROWS = 20_000


def recipe_for(rows: int) -> dict[str, Any]:
    """Hyperparameters for a table of so many rows, by name.

    The numbers of a drafted contract are standardised, for which Adam's own step size suits; dropout, weight decay
    and rows held out keep a small table from being learned by heart.
    """
    return {
        "train_steps": max(_LEAST_STEPS, -(-rows * _PASSES // _BATCH_SIZE)),
        "train_batch_size": _BATCH_SIZE,
        "first_layer_size": 128,
        "num_layers": 2,
        "scale_factor": 0.5,
        "optimizer": "adam",
        "learning_rate": 0.001,
        "dropout": 0.5,
        "weight_decay": 2.0,
        "holdout": 0.15,
        "patience": 10,
        "refit": rows < _REFIT_BELOW_ROWS,
    }
