"""From raw columns to the numbers the network sees: the same graph in training and in the exported model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.model.fitted_columns import Fitted, FittedCategorical, FittedDate, FittedNumeric
from trainer.model.formats import days
from trainer.model.row_layout import RowLayout

if TYPE_CHECKING:
    import tensorflow as tf


class FeatureEncoder(RowLayout):
    """Turns raw columns into numbers and ids of words, with TensorFlow operations.

    Args:
        columns: The fitted columns, in the order in which the network sees them.

    Attributes:
        tables: The lookup tables; an exported module must hold them.
    """

    def __init__(self, columns: Sequence[Fitted]) -> None:
        super().__init__(columns)
        self.tables = {column.name: _lookup_table(column) for column in self.categorical}

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
        import tensorflow as tf

        dates = [column for column in self.columns if isinstance(column, FittedDate)]
        read = {column.name: days(raw[column.name], column.format, column.name) for column in dates}
        raw = {**raw, **read}
        rows = tf.shape(raw[self.columns[0].name])[0]
        ids = [self._look_up(column, raw[column.name]) for column in self.categorical]
        return self.expand(self.numbers(raw, rows), tf.stack(ids, axis=1) if ids else tf.zeros([rows, 0], tf.int64))

    def numbers(self, raw: Mapping[str, tf.Tensor], rows: tf.Tensor | int) -> tf.Tensor:
        """The numbers of rows, float32 [rows, len(numeric)], filled in and scaled; dates as days since 2000 began.

        Raises:
            tf.errors.InvalidArgumentError: On a missing or non-finite value of a column that imputes none.
        """
        import tensorflow as tf

        columns = [_encode_number(column, raw[column.name]) for column in self.numeric]
        return tf.stack(columns, axis=1) if columns else tf.zeros([rows, 0])

    def ids_of(self, column: FittedCategorical, words: Sequence[str]) -> np.ndarray:
        """The ids of words, int32 [N].

        Raises:
            tf.errors.InvalidArgumentError: On a missing word of a column that imputes none, and on one outside a
                closed vocabulary.
        """
        import tensorflow as tf

        return np.asarray(self._look_up(column, tf.constant(words, tf.string, shape=[len(words)])), np.int32)

    def _look_up(self, column: FittedCategorical, values: tf.Tensor) -> tf.Tensor:
        import tensorflow as tf

        words = values if column.fill is None else tf.where(values == "", column.fill, values)
        found = self.tables[column.name].lookup(words)
        message = f'Column "{column.name}" holds no value, or a word that the contract does not list.'
        accepted = tf.logical_and(words != "", found >= 0)
        with tf.control_dependencies([tf.debugging.assert_equal(accepted, True, message=message)]):
            return tf.identity(found)


def _encode_number(column: FittedNumeric, values: tf.Tensor) -> tf.Tensor:
    import tensorflow as tf

    if column.fill is not None:
        values = tf.where(tf.math.is_nan(values), column.fill, values)
    values = tf.debugging.assert_all_finite(values, f'Column "{column.name}" holds a missing or non-finite value.')
    if isinstance(column, FittedDate) or (column.shift == 0.0 and column.scale == 1.0):
        return values
    return (values - column.shift) / column.scale


def _lookup_table(column: FittedCategorical) -> Any:
    import tensorflow as tf

    words = tf.constant(column.words, dtype=tf.string, shape=[len(column.words)])
    places = tf.range(len(column.words), dtype=tf.int64)
    unknown = len(column.words) if column.open else -1
    return tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(words, places), unknown)
