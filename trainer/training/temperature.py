"""Temperature scaling: logits divided by the number that makes the answers as sure as they are right."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainer.training.encoded_rows import first_rows
from trainer.training.input_pipeline import Table

LEAST, MOST = 0.05, 20.0
_HALVINGS = 40
# Of more rows, a sample tells the one number well enough.
_LOGITS_KEPT = 20_000_000
_ROWS_ASKED = 4096


def scale_logits(network: Any, layout: Any, table: Table, classes: int, seed: int) -> float:
    """Divides the last layer's weights by the temperature that fits some rows best; the classes answered stay the same.

    Args:
        network: From what the layout expands rows to, to logits; changed in place.
        layout: How the rows are laid out.
        table: The rows, of which the first `table.rows` are taken.
        classes: Number of classes.
        seed: Of the sample, where the rows are many.

    Returns:
        The temperature, `LEAST` to `MOST`.
    """
    logits, labels = _logits(network, layout, table, _LOGITS_KEPT // classes, seed)
    temperature = fit_temperature(logits, labels)
    layer = network.get_layer("logits")
    for variable in (layer.kernel, layer.bias):
        variable.assign(variable / temperature)
    return temperature


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature of the least cross-entropy (Guo et al., 2017), `LEAST` to `MOST`.

    The true classes are taken for a little less than sure, as Platt (1999) does and by Laplace's rule, lest rows that
    are all right ask for answers without any doubt.

    Args:
        logits: float32 [N, C], N at least 1, C at least 2.
        labels: True class ids, integers [N].
    """
    rows, classes = logits.shape
    own = np.take_along_axis(logits, labels[:, np.newaxis], axis=1)[:, 0].astype(np.float64)
    others = logits.sum(axis=1, dtype=np.float64) - own
    wanted = float((own * (rows + 1) + others).mean() / (rows + classes))
    centred = logits - logits.max(axis=1, keepdims=True)

    def is_too_sure(inverse: float) -> bool:
        """Whether the loss, which is convex in the inverse temperature, rises with it."""
        odds = np.exp(centred * np.float32(inverse))
        return float(((odds * logits).sum(axis=1) / odds.sum(axis=1)).mean(dtype=np.float64)) > wanted

    low, high = np.log(LEAST), np.log(MOST)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if is_too_sure(float(np.exp(-middle))) else (low, middle)
    return float(np.exp((low + high) / 2))


def _logits(network: Any, layout: Any, table: Table, most: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Logits and labels of about `most` rows, of all where there are no more."""
    import tensorflow as tf

    random, share = np.random.default_rng(seed), min(1.0, most / table.rows)
    logits, labels = [], []
    for piece in first_rows(table.pieces(), table.rows):
        drawn = piece.at(np.flatnonzero(random.random(len(piece)) < share))
        for start in range(0, len(drawn), _ROWS_ASKED):
            part = drawn.between(start, start + _ROWS_ASKED)
            logits.append(
                network(layout.expand(tf.constant(part.numbers), tf.constant(part.ids)), training=False).numpy()
            )
        labels.append(drawn.labels)
    return np.concatenate(logits), np.concatenate(labels)
