"""How a row is laid out: as it travels, and as the network sees it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from math import tau
from typing import TYPE_CHECKING

from trainer.model.fitted_columns import Fitted, FittedCategorical, FittedDate, FittedNumeric

if TYPE_CHECKING:
    import tensorflow as tf

DENSE = "dense"
IDS = "ids"


class RowLayout:
    """Which numbers and which words a row holds.

    A row travels as its numbers and the ids of its words, four bytes a cell, and becomes what the network sees only
    when its turn has come: a one-hot word of a thousand is a thousand numbers there.

    Args:
        columns: The fitted columns, in the order in which the network sees them.

    Attributes:
        numeric: The columns of numbers, dates among them.
        categorical: The columns of words.
        embedded: Those of them that the network embeds.
        width: Columns of `dense`.
    """

    def __init__(self, columns: Sequence[Fitted]) -> None:
        self.columns = tuple(columns)
        self.numeric = tuple(column for column in columns if isinstance(column, FittedNumeric))
        self.categorical = tuple(column for column in columns if isinstance(column, FittedCategorical))
        self.embedded = tuple(column for column in self.categorical if column.embedding_size)
        self.width = sum(_width(column) for column in columns)

    def expand(self, numbers: tf.Tensor, ids: tf.Tensor) -> dict[str, tf.Tensor]:
        """What the network sees of rows.

        Args:
            numbers: float32 [N, len(numeric)].
            ids: Integers [N, len(categorical)].

        Returns:
            `dense`, float32 [N, width], and, where columns are embedded, `ids`, int64 [N, len(embedded)].
        """
        import tensorflow as tf

        by_column = tf.unstack(ids, axis=1) if self.categorical else ()
        of_column = dict(zip([column.name for column in self.categorical], by_column, strict=True))
        pieces, start = [], 0
        for kind, group in groupby(self.columns, type):
            columns = list(group)
            if kind is FittedDate:
                pieces += [
                    _of_dates(column, numbers[:, start + i])
                    for i, column in enumerate(columns)
                    if isinstance(column, FittedDate)
                ]
                start += len(columns)
            elif kind is FittedNumeric:
                pieces.append(numbers[:, start : start + len(columns)])
                start += len(columns)
            else:
                pieces += [
                    tf.one_hot(of_column[column.name], column.slots, dtype=tf.float32)
                    for column in columns
                    if isinstance(column, FittedCategorical) and not column.embedding_size
                ]
        expanded = {DENSE: tf.concat(pieces, axis=1) if pieces else numbers}
        if self.embedded:
            expanded[IDS] = tf.stack([tf.cast(of_column[column.name], tf.int64) for column in self.embedded], axis=1)
        return expanded


def _width(column: Fitted) -> int:
    if isinstance(column, FittedDate):
        return 1 + 2 * len(column.periods)
    if isinstance(column, FittedNumeric):
        return 1
    return 0 if column.embedding_size else column.slots


def _of_dates(column: FittedDate, days: tf.Tensor) -> tf.Tensor:
    """What the network sees of dates [N], float32 [N, width]: a standard score, and the place in each period."""
    import tensorflow as tf

    numbers = [(days - column.shift) / column.scale]
    for period in column.periods:
        angle = tf.math.floormod(days, period) * (tau / period)
        numbers += [tf.sin(angle), tf.cos(angle)]
    return tf.stack(numbers, axis=1)
