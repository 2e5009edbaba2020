"""The columns of a table, as a data contract describes them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from trainer.contract.date_format import DateFormat
from trainer.contract.number_format import NumberFormat

MEAN = "mean"
LONGEST_NAME = 128


def as_tuple(value: Any) -> Any:
    """A list as a tuple: TOML has lists alone, and a contract does not change."""
    return tuple(value) if isinstance(value, list) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(as_tuple)]


class Part(BaseModel):
    """A table of schema.toml: its keys and no others, each of the very type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Column(Part):
    name: str = Field(min_length=1, max_length=LONGEST_NAME)
    description: str = ""

    @field_validator("name")
    @classmethod
    def _readable(cls, value: str) -> str:
        if value != value.strip() or not value.isprintable():
            raise ValueError("must be printable, without white space at its ends")
        return value


class _FeatureColumn(_Column):
    """A column that the model sees.

    Attributes:
        missing: Cells that mean "no value" in this column, beside those that the file's `missing` lists.
    """

    missing: Texts = ()

    @field_validator("missing")
    @classmethod
    def _trimmed(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(word.strip() for word in value)


class NumericColumn(_FeatureColumn):
    """A number a row, read as float32.

    Attributes:
        format: The number 1234.5 as the column writes it, such as `$1,234.5`. None: digits with a decimal point alone.
        unit: The unit of measure, for readers.
        min: The smallest value accepted, inclusive, in `unit`.
        max: The largest value accepted, inclusive, in `unit`.
        standardise: Whether the exported graph subtracts the training mean and divides by the deviation.
        impute: What stands in for a missing value: a number, or `mean`, that of training. None refuses it.
    """

    kind: Literal["numeric"]
    format: str | None = None
    unit: str = ""
    min: float | None = None
    max: float | None = None
    standardise: bool = False
    impute: float | Literal["mean"] | None = None

    @field_validator("format")
    @classmethod
    def _writes_numbers(cls, value: str | None) -> str | None:
        if value is not None:
            NumberFormat.of(value)
        return value

    @field_validator("impute", mode="before")
    @classmethod
    def _number_or_mean(cls, value: Any) -> Any:
        if isinstance(value, bool) or not (value in (None, MEAN) or isinstance(value, int | float)):
            raise ValueError('must be a number or "mean"')
        return value

    @field_validator("min", "max", "impute")
    @classmethod
    def _finite(cls, value: Any) -> Any:
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError("must be finite; leave it out to set no limit")
        return value

    @model_validator(mode="after")
    def _ordered(self) -> NumericColumn:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min must not lie above max. Received: min={self.min}, max={self.max}")
        if isinstance(self.impute, float) and not self.admits(self.impute):
            raise ValueError(f"impute must lie within min and max. Received: {self.impute}")
        return self

    def admits(self, value: float) -> bool:
        """Whether `value` lies within the column's bounds."""
        return (self.min is None or value >= self.min) and (self.max is None or value <= self.max)


class DateColumn(_FeatureColumn):
    """A date a row, also with a time of day: the exported graph makes numbers of it.

    They are the days since the start of 2000, as standard scores, and sine and cosine of the place in the week, in the
    year and, where the format tells the time, in the day.

    Attributes:
        format: How the column writes dates, in the codes of strptime, such as `%Y-%m-%d`.
        impute: What stands in for a missing date: one in this format, or `mean`, that of training. None refuses it.
    """

    kind: Literal["date"]
    format: str
    impute: str | None = None

    @field_validator("format")
    @classmethod
    def _writes_dates(cls, value: str) -> str:
        DateFormat.of(value)
        return value

    @model_validator(mode="after")
    def _imputes_a_date(self) -> DateColumn:
        if self.impute not in (None, MEAN) and DateFormat.of(self.format).days(str(self.impute)) is None:
            raise ValueError(f'impute must be "mean" or a date in the column\'s format. Received: "{self.impute}"')
        return self


class CategoricalColumn(_FeatureColumn):
    """One of a set of words a row.

    Attributes:
        vocabulary: The words accepted. None learns them in training; unknown ones then share a slot.
        encoding: `one-hot`, or `embedding` for a learned vector.
        embedding_size: Length of that vector. None takes the fourth root of the vocabulary's size, up.
        impute: The word that stands in for a missing value. None refuses it.
    """

    kind: Literal["categorical"]
    vocabulary: Texts | None = None
    encoding: Literal["one-hot", "embedding"] = "one-hot"
    embedding_size: int | None = Field(default=None, ge=1, le=1024)
    impute: str | None = Field(default=None, min_length=1)

    @field_validator("vocabulary")
    @classmethod
    def _distinct(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if value is not None:
            _require_words(value, at_least=1)
        return value

    @model_validator(mode="after")
    def _consistent(self) -> CategoricalColumn:
        if self.impute is not None and self.vocabulary is not None and self.impute not in self.vocabulary:
            raise ValueError(f'impute must be a word of the vocabulary. Received: "{self.impute}"')
        if self.embedding_size is not None and self.encoding != "embedding":
            raise ValueError('embedding_size goes with encoding = "embedding"')
        return self


class LabelColumn(_Column):
    """The class of a row.

    Attributes:
        classes: The classes' names, in the order of their ids.
        values: How the files write them, in the same order. None: as `classes` has them.
        aliases: Other ways in which the files write a class: what a cell holds, and the class that it means.
    """

    kind: Literal["label"]
    classes: Texts
    values: Texts | None = None
    aliases: dict[str, str] = Field(default_factory=dict)

    @field_validator("classes", "values")
    @classmethod
    def _distinct(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if value is not None:
            _require_words(value, at_least=2)
        return value

    @model_validator(mode="after")
    def _paired(self) -> LabelColumn:
        if self.values is not None and len(self.values) != len(self.classes):
            raise ValueError(
                f"values must pair with classes. Received: {len(self.values)} values, {len(self.classes)} classes"
            )
        for alias, name in self.aliases.items():
            if name not in self.classes:
                raise ValueError(f'aliases must mean classes. Received: "{alias}" for "{name}"')
            if alias in self.written or alias != alias.strip() or not alias:
                raise ValueError(f'aliases must be words that no class is written by already. Received: "{alias}"')
        return self

    @property
    def written(self) -> tuple[str, ...]:
        """The classes as the files write them, in the order of their ids."""
        return self.classes if self.values is None else self.values

    @property
    def meanings(self) -> dict[str, str]:
        """The class of each text that a cell may hold: as the files write them, then their other spellings."""
        return dict(zip(self.written, self.classes, strict=True)) | self.aliases


class IgnoredColumn(_Column):
    """A column of the files that the model does not see: an id, a comment."""

    kind: Literal["ignored"]


Feature = NumericColumn | DateColumn | CategoricalColumn
Column = Annotated[Feature | LabelColumn | IgnoredColumn, Field(discriminator="kind")]


def _require_words(words: Iterable[str], at_least: int) -> None:
    words = list(words)
    if len(words) < at_least:
        raise ValueError(f"must hold at least {at_least}. Received: {len(words)}")
    for word in words:
        if not word or word != word.strip():
            raise ValueError(f'must hold words without white space at their ends. Received: "{word}"')
    repeated = [word for word, count in Counter(words).items() if count > 1]
    if repeated:
        raise ValueError(f"must hold each word once. Received twice: {', '.join(repeated)}")
