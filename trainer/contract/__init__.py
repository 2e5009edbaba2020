"""The data contract: what schema.toml says of every column of a table, its label and its file format."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator

from trainer import storage
from trainer.contract.columns import (
    LONGEST_NAME,
    MEAN,
    CategoricalColumn,
    Column,
    DateColumn,
    Feature,
    IgnoredColumn,
    LabelColumn,
    NumericColumn,
    Part,
    Texts,
    as_tuple,
)
from trainer.contract.faults import sentence
from trainer.contract.training import Training
from trainer.errors import PROBLEMS_SHOWN, ContractError, listing

__all__ = [
    "LONGEST_NAME",
    "MEAN",
    "CategoricalColumn",
    "Column",
    "Contract",
    "DateColumn",
    "Feature",
    "FileFormat",
    "IgnoredColumn",
    "LabelColumn",
    "NumericColumn",
    "Training",
    "load_contract",
    "parse_contract",
]


class FileFormat(Part):
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
    missing: Texts = ()

    @field_validator("delimiter")
    @classmethod
    def _separates(cls, value: str) -> str:
        printable = value.isprintable() or value == "\t"
        if value in '".-+' or value.isalnum() or not value.isascii() or not printable:
            raise ValueError('must be a character that no cell needs. Use "," or ";" or "\\t" or "|"')
        return value

    @field_validator("missing")
    @classmethod
    def _trimmed(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(word.strip() for word in value)

    @field_validator("encoding")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            "".encode(value)
        except LookupError:
            raise ValueError('is no codec that Python knows. Use "utf-8" or "cp1252" or "latin-1"') from None
        return value


class Contract(Part):
    """Every column of a table in the order of the files, one of them the label.

    Attributes:
        name: What the model is called: lower-case letters, digits and hyphens. Names its export folder.
        file: How the CSV files are written.
        max_shared_rows: The share of evaluation rows, 0 to 1, that may also stand in the training data.
        training: Hyperparameters that suit the table better than the defaults.
        columns: The columns, in the order in which the files hold them.
    """

    name: str
    file: FileFormat = FileFormat()
    max_shared_rows: float = Field(default=0.1, ge=0.0, le=1.0)
    training: Training = Training()
    columns: Annotated[tuple[Column, ...], BeforeValidator(as_tuple)]

    @field_validator("name")
    @classmethod
    def _names_a_folder(cls, value: str) -> str:
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,62}", value):
            raise ValueError(
                "must begin with a lower-case letter and hold up to 63 lower-case letters, digits and hyphens"
            )
        return value

    @model_validator(mode="after")
    def _complete(self) -> Contract:
        repeated = [name for name, count in Counter(column.name for column in self.columns).items() if count > 1]
        if repeated:
            raise ValueError(f"each column needs a name of its own. Received twice: {', '.join(repeated)}")
        labels = [column.name for column in self.columns if column.kind == "label"]
        if len(labels) != 1:
            raise ValueError(f'exactly one column must have kind = "label". Received: {len(labels)}')
        if not self.features:
            raise ValueError('at least one column must have kind = "numeric", "date" or "categorical". Received: none')
        return self

    @property
    def label(self) -> LabelColumn:
        """The label column."""
        return next(column for column in self.columns if isinstance(column, LabelColumn))

    @property
    def features(self) -> tuple[Feature, ...]:
        """The columns that the model sees, in the order of the files."""
        return tuple(column for column in self.columns if isinstance(column, Feature))

    def embedded_by(self, size: int) -> Contract:
        """The contract with `embedding_size = size` in each embedded column that has none."""
        columns = [
            column.model_copy(update={"embedding_size": column.embedding_size or size})
            if isinstance(column, CategoricalColumn) and column.encoding == "embedding"
            else column
            for column in self.columns
        ]
        return self.model_copy(update={"columns": tuple(columns)})


def load_contract(url: str) -> Contract:
    """Reads a contract from a TOML file.

    Args:
        url: A local path or any fsspec URL.

    Raises:
        ContractError: The file is absent, is not TOML, or contradicts itself; every fault is listed.
    """
    try:
        data = storage.read_bytes(url)
    except (OSError, ValueError, ImportError) as error:
        raise ContractError(
            f"The data contract {url} cannot be read: {getattr(error, 'strerror', None) or error}. "
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
        text = data.decode("utf-8-sig")
        if _LONG_KEY.search(text):
            raise ContractError(f"{source} holds a key of many parts. Compare it with data/schema.toml.")
        document = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise ContractError(f"{source} is not UTF-8: {error}. Save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise ContractError(f"{source} is not TOML: {error}. Compare it with data/schema.toml.") from error
    try:
        return Contract.model_validate(document)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        # The others are not shown.
        problems = [sentence(dict(item), document, source, _KNOWN_KEYS) for item in faults[:PROBLEMS_SHOWN]]
        raise ContractError(listing(problems, len(faults))) from error


# A contract's own keys have three parts; tomllib takes the square of their number.
_LONG_KEY = re.compile(r"""(?<![\w-])(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){32}""")
_KNOWN_KEYS = {
    name
    for part in (
        Contract,
        FileFormat,
        Training,
        NumericColumn,
        DateColumn,
        CategoricalColumn,
        LabelColumn,
        IgnoredColumn,
    )
    for name in part.model_fields
}
