"""From raw columns to the numbers the network sees: the same graph in training and in the exported model."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trainer.contract import CategoricalColumn, Contract, Feature, NumericColumn
from trainer.tables.profile import ColumnProfile, TableProfile

if TYPE_CHECKING:
    import tensorflow as tf

DENSE = "dense"
IDS = "ids"


@dataclass(frozen=True)
class FittedNumeric:
    """A numeric column with what the training data says of it.

    Attributes:
        name: The column.
        fill: Stands in for a missing value; None refuses one.
        shift: Subtracted from each value.
        scale: Divides each value after that; never zero.
    """

    name: str
    fill: float | None
    shift: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True)
class FittedCategorical:
    """A categorical column with its words.

    Attributes:
        name: The column.
        words: The vocabulary; a word's id is its place.
        open: Whether an unknown word is given the id after the last one; otherwise it is refused.
        fill: Stands in for a missing value; None refuses one.
        embedding_size: Length of the learned vector; 0 for one-hot.
    """

    name: str
    words: tuple[str, ...]
    open: bool
    fill: str | None
    embedding_size: int

    @property
    def slots(self) -> int:
        """How many ids there are."""
        return len(self.words) + self.open


Fitted = FittedNumeric | FittedCategorical


def fit_columns(contract: Contract, profile: TableProfile) -> tuple[Fitted, ...]:
    """What the model is to know of each feature, sorted by name as DNNClassifier sorts its columns.

    Args:
        contract: The data contract.
        profile: Statistics of the training rows.
    """
    statistics = {column.name: column for column in profile.columns}
    ordered = sorted(contract.features, key=lambda column: column.name)
    return tuple(_fit(column, statistics[column.name]) for column in ordered)


def _fit(column: Feature, seen: ColumnProfile) -> Fitted:
    if isinstance(column, CategoricalColumn):
        return _fit_words(column, seen)
    mean, deviation = seen.mean or 0.0, seen.deviation or 0.0
    fill = mean if isinstance(column.impute, str) else column.impute
    if not column.standardise:
        return FittedNumeric(column.name, fill)
    return FittedNumeric(column.name, fill, shift=mean, scale=deviation if deviation > 0 else 1.0)


def _fit_words(column: CategoricalColumn, seen: ColumnProfile) -> FittedCategorical:
    learned = column.vocabulary is None
    words = tuple(sorted(seen.counts or {})) if column.vocabulary is None else column.vocabulary
    size = 0
    if column.encoding == "embedding":
        size = column.embedding_size or math.ceil((len(words) + learned) ** 0.25)
    return FittedCategorical(column.name, words, learned, column.impute, size)


class FeatureEncoder:
    """Turns raw columns into `dense` numbers and `ids` of embedded words, with TensorFlow operations.

    Args:
        columns: The fitted columns, in the order in which the network sees them.

    Attributes:
        width: Columns of `dense`.
        embedded: The columns that come as `ids`.
        tables: The lookup tables; an exported module must hold them.
    """

    def __init__(self, columns: Sequence[Fitted]) -> None:
        self.columns = tuple(columns)
        self.embedded = tuple(
            column for column in columns if isinstance(column, FittedCategorical) and column.embedding_size
        )
        self.width = sum(_width(column) for column in columns)
        self.tables = {
            column.name: _lookup_table(column) for column in columns if isinstance(column, FittedCategorical)
        }

    def __call__(self, raw: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Encodes rows.

        Args:
            raw: A tensor [N] for each column: float32 with NaN for a missing number, string with "" for a missing word.

        Returns:
            `dense`, float32 [N, width], and, where columns are embedded, `ids`, int64 [N, len(embedded)].

        Raises:
            tf.errors.InvalidArgumentError: When run, on a missing or non-finite value of a column that imputes none,
                and on a word outside a closed vocabulary.
        """
        import tensorflow as tf

        pieces, ids = [], []
        for column in self.columns:
            values = raw[column.name]
            if isinstance(column, FittedNumeric):
                pieces.append(_encode_number(column, values)[:, tf.newaxis])
                continue
            found = self._encode_word(column, values)
            if column.embedding_size:
                ids.append(found)
            else:
                pieces.append(tf.one_hot(found, column.slots, dtype=tf.float32))
        rows = tf.shape(raw[self.columns[0].name])[0]
        encoded = {DENSE: tf.concat(pieces, axis=1) if pieces else tf.zeros([rows, 0])}
        if ids:
            encoded[IDS] = tf.stack(ids, axis=1)
        return encoded

    def _encode_word(self, column: FittedCategorical, values: tf.Tensor) -> tf.Tensor:
        import tensorflow as tf

        words = tf.strings.strip(values)
        if column.fill is not None:
            words = tf.where(words == "", column.fill, words)
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
    if column.shift == 0.0 and column.scale == 1.0:
        return values
    return (values - column.shift) / column.scale


def _width(column: Fitted) -> int:
    if isinstance(column, FittedNumeric):
        return 1
    return 0 if column.embedding_size else column.slots


def _lookup_table(column: FittedCategorical) -> Any:
    import tensorflow as tf

    words = tf.constant(column.words, dtype=tf.string, shape=[len(column.words)])
    places = tf.range(len(column.words), dtype=tf.int64)
    unknown = len(column.words) if column.open else -1
    return tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(words, places), unknown)


def raw_dtype(column: Feature | Fitted) -> str:
    """The TensorFlow dtype of a column's raw values: `float32` or `string`."""
    return "float32" if isinstance(column, NumericColumn | FittedNumeric) else "string"
