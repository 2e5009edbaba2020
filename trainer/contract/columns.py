"""The columns of a table, as a data contract describes them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

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


class NumericColumn(_Column):
    """A number a row, read as float32.

    Attributes:
        unit: The unit of measure, for readers.
        min: The smallest value accepted, inclusive, in `unit`.
        max: The largest value accepted, inclusive, in `unit`.
        standardise: Whether the exported graph subtracts the training mean and divides by the deviation.
        impute: What stands in for a missing value: a number, or `mean`, that of training. None refuses it.
    """

    kind: Literal["numeric"]
    unit: str = ""
    min: float | None = None
    max: float | None = None
    standardise: bool = False
    impute: float | Literal["mean"] | None = None

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


class CategoricalColumn(_Column):
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
    """

    kind: Literal["label"]
    classes: Texts
    values: Texts | None = None

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
        return self

    @property
    def written(self) -> tuple[str, ...]:
        """The classes as the files write them, in the order of their ids."""
        return self.classes if self.values is None else self.values


class IgnoredColumn(_Column):
    """A column of the files that the model does not see: an id, a comment, a date."""

    kind: Literal["ignored"]


Column = Annotated[NumericColumn | CategoricalColumn | LabelColumn | IgnoredColumn, Field(discriminator="kind")]
Feature = NumericColumn | CategoricalColumn


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
