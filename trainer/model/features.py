"""From raw columns to the numbers the network sees: the same graph in training and in the exported model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.model.assertions import required
from trainer.model.fitted_columns import Fitted, FittedCategorical, FittedDate
from trainer.model.formats import days
from trainer.model.row_layout import RowLayout

if TYPE_CHECKING:
    import tensorflow as tf


class FeatureEncoder(RowLayout):
    """Turns raw columns into numbers and ids of words, with TensorFlow operations.

    All columns of numbers pass an operation together, and so do all columns of words: with operations for each column,
    most of the time of a wide table would go into making, saving and loading the graph.

    Args:
        columns: The fitted columns, in the order in which the network sees them.

    Attributes:
        table: The lookup table of all words, if there are any columns of words; an exported module must hold it.
    """

    def __init__(self, columns: Sequence[Fitted]) -> None:
        super().__init__(columns)
        self.table = _lookup_table(self.categorical) if self.categorical else None

    def __call__(self, raw: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Encodes rows for the network.

        Args:
            raw: A tensor [N] for each column: float32 with NaN for a missing number, string with "" for a missing word
                or date.

        Returns:
            `dense`, float32 [N, width], and, where columns are embedded, `ids`, int64 [N, len(embedded)].

        Raises:
            tf.errors.InvalidArgumentError: When run, on a missing or non-finite value of a column that imputes none,
                on a word outside a closed vocabulary, and on a text that is no date of its column.
        """
        dates = [column for column in self.columns if isinstance(column, FittedDate)]
        read = {column.name: days(raw[column.name], column.format, column.name) for column in dates}
        numbers = _matrix({**raw, **read}, self.numeric, "float32")
        words = _matrix(raw, self.categorical, "string")
        return self.expand(self.scale(numbers), self._look_up(range(len(self.categorical)), words))

    def scale(self, numbers: tf.Tensor | np.ndarray) -> tf.Tensor:
        """The numbers of rows, filled in and scaled; dates are filled in alone.

        Args:
            numbers: float32 [N, len(numeric)], dates as days since 2000 began; NaN for a missing number.

        Returns:
            float32 of the same shape.

        Raises:
            tf.errors.InvalidArgumentError: On a missing or non-finite value of a column that imputes none.
        """
        import tensorflow as tf

        if not self.numeric:
            return tf.zeros_like(numbers)
        fills = [np.nan if column.fill is None else column.fill for column in self.numeric]
        moved = [
            (0.0, 1.0) if isinstance(column, FittedDate) else (column.shift, column.scale) for column in self.numeric
        ]
        shifts, scales = tf.unstack(tf.constant(moved, tf.float32), axis=1)
        filled = tf.where(tf.math.is_nan(numbers), tf.constant(fills, tf.float32), numbers)
        names = [column.name for column in self.numeric]
        with required(tf.math.is_finite(filled), names, "holds a missing or non-finite value."):
            return (filled - shifts) / scales

    def ids_of(self, column: FittedCategorical, words: Sequence[str]) -> np.ndarray:
        """The ids of words, int32 [N].

        Raises:
            tf.errors.InvalidArgumentError: On a missing word of a column that imputes none, and on one outside a
                closed vocabulary.
        """
        import tensorflow as tf

        one_column = tf.constant(words, tf.string, shape=[len(words), 1])
        return np.asarray(self._look_up([self.categorical.index(column)], one_column)[:, 0], np.int32)

    def _look_up(self, places: Sequence[int], values: tf.Tensor) -> tf.Tensor:
        """The ids, int64 [N, len(places)], of words of some categorical columns, which are given by their places."""
        import tensorflow as tf

        if self.table is None:
            return tf.zeros_like(values, tf.int64)
        columns = [self.categorical[place] for place in places]
        words = tf.where(values == "", [column.fill or "" for column in columns], values)
        prefixes = tf.broadcast_to([_key(place, "") for place in places], tf.shape(words))
        found = self.table.lookup(tf.strings.join([prefixes, words]))
        ids = tf.where(found < 0, tf.constant([_id_of_unknown(column) for column in columns], tf.int64), found)
        fault = "holds no value, or a word that the contract does not list."
        with required((words != "") & (ids >= 0), [column.name for column in columns], fault):
            return tf.identity(ids)


def _matrix(raw: Mapping[str, tf.Tensor], columns: Sequence[Fitted], dtype: str) -> tf.Tensor:
    """Some columns as one matrix [N, len(columns)].

    Args:
        raw: A tensor [N] for each column, at least one in all.
        columns: Which ones, in order; there may be none.
        dtype: Theirs.
    """
    import tensorflow as tf

    if not columns:
        return tf.zeros([tf.shape(next(iter(raw.values())))[0], 0], dtype)
    return tf.stack([raw[column.name] for column in columns], axis=1)


def _key(place: int, word: str) -> str:
    """What stands in the lookup table for a word of the categorical column at a place."""
    return f"{place}:{word}"


def _id_of_unknown(column: FittedCategorical) -> int:
    return len(column.words) if column.open else -1


def _lookup_table(columns: Sequence[FittedCategorical]) -> Any:
    import tensorflow as tf

    keys = [_key(place, word) for place, column in enumerate(columns) for word in column.words]
    ids = [number for column in columns for number in range(len(column.words))]
    words = tf.constant(keys, tf.string, shape=[len(keys)])
    return tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(words, tf.constant(ids, tf.int64, shape=[len(ids)])), -1
    )
