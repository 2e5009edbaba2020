"""The data contract: what schema.toml says of every column of a table, its label and its file format."""

from __future__ import annotations

import math
import tomllib
from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Any, Literal

import fsspec
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from trainer.errors import ContractError, listing, nearest

MEAN = "mean"
LONGEST_NAME = 128


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class FileFormat(_Part):
    """How the contract's CSV files are written.

    Attributes:
        header: What the first line holds: the column `names`, the tutorial's `counts`
            (rows, features, class names), or `none`, data from the first line on.
        delimiter: One character between two cells.
        encoding: A Python codec name; a byte-order mark at the start of a file overrides it.
        missing: Cells, after trimming white space, that mean "no value". A blank cell always does.
    """

    header: Literal["names", "counts", "none"] = "names"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    encoding: str = "utf-8"
    missing: tuple[str, ...] = ()

    @field_validator("missing", mode="before")
    @classmethod
    def _tuple(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value

    @field_validator("delimiter")
    @classmethod
    def _separates(cls, value: str) -> str:
        printable = value.isprintable() or value == "\t"
        if value in '".-+' or value.isalnum() or not value.isascii() or not printable:
            raise ValueError('must be a character that no cell needs. Use "," or ";" or "\\t" or "|"')
        return value

    @field_validator("encoding")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            "".encode(value)
        except LookupError:
            raise ValueError('is no codec that Python knows. Use "utf-8" or "cp1252" or "latin-1"') from None
        return value


class _Column(_Part):
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
    vocabulary: tuple[str, ...] | None = None
    encoding: Literal["one-hot", "embedding"] = "one-hot"
    embedding_size: int | None = Field(default=None, ge=1, le=1024)
    impute: str | None = Field(default=None, min_length=1)

    @field_validator("vocabulary", mode="before")
    @classmethod
    def _tuple(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value

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
    classes: tuple[str, ...]
    values: tuple[str, ...] | None = None

    @field_validator("classes", "values", mode="before")
    @classmethod
    def _tuple(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value

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


class Contract(_Part):
    """Every column of a table in the order of the files, one of them the label.

    Attributes:
        name: What the model is called: lower-case letters, digits and hyphens. Names its export folder.
        file: How the CSV files are written.
        max_shared_rows: The share of evaluation rows, 0 to 1, that may also stand in the training data.
        columns: The columns, in the order in which the files hold them.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")
    file: FileFormat = FileFormat()
    max_shared_rows: float = Field(default=0.1, ge=0.0, le=1.0)
    columns: tuple[Column, ...]

    @field_validator("columns", mode="before")
    @classmethod
    def _tuple(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value

    @model_validator(mode="after")
    def _complete(self) -> Contract:
        repeated = [name for name, count in Counter(column.name for column in self.columns).items() if count > 1]
        if repeated:
            raise ValueError(f"each column needs a name of its own. Received twice: {', '.join(repeated)}")
        labels = [column.name for column in self.columns if column.kind == "label"]
        if len(labels) != 1:
            raise ValueError(f'exactly one column must have kind = "label". Received: {len(labels)}')
        if not self.features:
            raise ValueError('at least one column must have kind = "numeric" or "categorical". Received: none')
        return self

    @property
    def label(self) -> LabelColumn:
        """The label column."""
        return next(column for column in self.columns if isinstance(column, LabelColumn))

    @property
    def features(self) -> tuple[Feature, ...]:
        """The columns that the model sees, in the order of the files."""
        return tuple(column for column in self.columns if isinstance(column, NumericColumn | CategoricalColumn))


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


def load_contract(url: str) -> Contract:
    """Reads a contract from a TOML file.

    Args:
        url: A local path or any fsspec URL.

    Raises:
        ContractError: The file is absent, is not TOML, or contradicts itself; every fault is listed.
    """
    try:
        with fsspec.open(url, "rb") as file:
            data = file.read()
    except OSError as error:
        raise ContractError(
            f"The data contract {url} cannot be read: {error.strerror or error}. "
            "Give the path of a schema.toml; `python -m pipeline draft-schema` writes a first one."
        ) from error
    return parse_contract(data, source=url)


def parse_contract(data: bytes, source: str) -> Contract:
    """Reads a contract from the bytes of a TOML file.

    Args:
        data: The file's bytes, UTF-8.
        source: What messages call the file.

    Raises:
        ContractError: As `load_contract`.
    """
    try:
        document = tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ContractError(f"{source} is not UTF-8: {error}. Save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise ContractError(f"{source} is not TOML: {error}. Compare it with data/schema.toml.") from error
    try:
        return Contract.model_validate(document)
    except ValidationError as error:
        problems = [_sentence(item, source) for item in error.errors()]
        raise ContractError(listing(problems, len(problems))) from error


_KNOWN_KEYS = {
    name
    for part in (Contract, FileFormat, NumericColumn, CategoricalColumn, LabelColumn, IgnoredColumn)
    for name in part.model_fields
}


def _sentence(item: Any, source: str) -> str:
    kinds = ("numeric", "categorical", "label", "ignored")
    path = [str(step) for step in item["loc"] if step not in kinds]
    where = f"`{'.'.join(path)}` in {source}" if path else source
    if item["type"] == "extra_forbidden":
        return f"{where} is not a key of a data contract.{nearest(path[-1], _KNOWN_KEYS)}"
    if item["type"] == "missing":
        return f"{where} is missing. Compare the file with data/schema.toml."
    message = str(item["msg"]).removeprefix("Value error, ")
    received = item["input"]
    if "Received" in message or isinstance(received, dict | list | tuple | BaseModel):
        return f"{where}: {message}."
    return f"{where}: {message}. Received: {received!r}."
