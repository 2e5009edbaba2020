"""The columns of a contract with what the training data says of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from trainer.contract import MEAN, CategoricalColumn, Contract, DateColumn, Feature, NumericColumn
from trainer.contract.date_format import DateFormat
from trainer.tables.profile import ColumnProfile, TableProfile


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


@dataclass(frozen=True, kw_only=True)
class FittedDate(FittedNumeric):
    """A date column, as days since the start of 2000, with what the training data says of it.

    Attributes:
        format: How it is written.
    """

    format: DateFormat

    @property
    def periods(self) -> Sequence[float]:
        """The days after which a date comes to the same place again: in the week, in the year, in the day."""
        return (7.0, 365.2425, 1.0) if self.format.has_time else (7.0, 365.2425)


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
    return tuple(_fit(column, statistics[column.name]) for column in _in_order(contract))


def unfitted_columns(contract: Contract) -> tuple[Fitted, ...] | None:
    """Columns of the number and the sizes that the fitted ones will have; None where the data decides on them.

    Args:
        contract: The data contract.
    """
    if any(isinstance(column, CategoricalColumn) and column.vocabulary is None for column in contract.features):
        return None
    return tuple(_fit(column, ColumnProfile(column.name, column.kind, 0, False)) for column in _in_order(contract))


def _in_order(contract: Contract) -> list[Feature]:
    return sorted(contract.features, key=lambda column: column.name)


def _fit(column: Feature, seen: ColumnProfile) -> Fitted:
    if isinstance(column, CategoricalColumn):
        return _fit_words(column, seen)
    mean, deviation = seen.mean or 0.0, seen.deviation or 0.0
    if isinstance(column, DateColumn):
        return _fit_dates(column, mean, deviation)
    fill = mean if isinstance(column.impute, str) else column.impute
    if not column.standardise:
        return FittedNumeric(column.name, fill)
    return FittedNumeric(column.name, fill, shift=mean, scale=deviation if deviation > 0 else 1.0)


def _fit_dates(column: DateColumn, mean: float, deviation: float) -> FittedDate:
    form = DateFormat.of(column.format)
    fill = mean if column.impute == MEAN else form.days(column.impute or "")
    return FittedDate(column.name, fill, mean, deviation if deviation > 0 else 1.0, format=form)


def _fit_words(column: CategoricalColumn, seen: ColumnProfile) -> FittedCategorical:
    learned = column.vocabulary is None
    words = tuple(sorted(seen.counts or {})) if column.vocabulary is None else column.vocabulary
    size = 0
    if column.encoding == "embedding":
        size = column.embedding_size or math.ceil((len(words) + learned) ** 0.25)
    return FittedCategorical(column.name, words, learned, column.impute, size)


def raw_dtype(column: Feature | Fitted) -> str:
    """The TensorFlow dtype of a column's raw values: `float32` or `string`."""
    is_date = isinstance(column, DateColumn | FittedDate)
    return "float32" if isinstance(column, NumericColumn | FittedNumeric) and not is_date else "string"
