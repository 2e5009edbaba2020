"""Cells read inside the exported graph, by the rules by which tables and the server read them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from trainer.contract import Contract
from trainer.contract.cell_text import NUL, NUMBER, WHITE_SPACE
from trainer.model.assertions import required
from trainer.model.formats import plain_numbers
from trainer.tables.cells import SMALLEST, LabelCells, NumberCells, cells_of

if TYPE_CHECKING:
    import tensorflow as tf


class CellReader:
    """Turns what a signature is given into what the encoder takes: the columns of a kind pass each operation together.

    Args:
        contract: What rows must keep. The label and ignored columns are no part of them.
    """

    def __init__(self, contract: Contract) -> None:
        self._features = tuple(column.name for column in contract.features)
        self._delimiter = contract.file.delimiter
        readers = cells_of(contract).items()
        self._numeric = {name: reader for name, reader in readers if isinstance(reader, NumberCells)}
        self._texts = {name: reader for name, reader in readers if not isinstance(reader, NumberCells | LabelCells)}

    def cells(self, rows: tf.Tensor) -> dict[str, tf.Tensor]:
        """Takes rows of text apart.

        Args:
            rows: string [N], the features in the order of the files, as a line of a CSV file has them.

        Returns:
            A tensor [N] for each feature: float32 with NaN for a missing number, or string.

        Raises:
            tf.errors.InvalidArgumentError: When run, on a row that is no record of so many cells, and on a cell that is
                no number.
        """
        import tensorflow as tf

        cells = dict(zip(self._features, tf.unstack(self._split(rows), axis=1), strict=True))
        return cells | _side_by_side(cells, self._numeric, self._numbers)

    def values(self, raw: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Holds cells to the contract.

        Args:
            raw: A tensor [N] for each feature: float32, or string.

        Returns:
            The same, NaN or "" where the cell means a missing value, and texts without white space at their ends.

        Raises:
            tf.errors.InvalidArgumentError: When run, on a number out of the contract's bounds, and on a text that holds
                a NUL byte. Missing values, unknown words and what is no date are left to the encoder.
        """
        numbers = _side_by_side(raw, self._numeric, self._bounded)
        return numbers | _side_by_side(raw, self._texts, self._known)

    def _split(self, rows: tf.Tensor) -> tf.Tensor:
        """The cells of rows, string [N, features].

        Behind the part of a cell that stands in quotes, and behind the rest of it, a NUL is put.
        """
        import tensorflow as tf

        count, delimiter = len(self._features), rf"\x{ord(self._delimiter):02x}"
        cell = rf'(?:"((?:[^"\x00]|"")*)")?([^"{delimiter}\x00\r\n][^{delimiter}\x00\r\n]*)?{delimiter}'
        records = tf.strings.regex_replace(rows, r"[\r\n]+\z", "")
        ended = tf.strings.join([records, tf.constant(self._delimiter)])
        parts = tf.strings.split(tf.strings.regex_replace(ended, cell, rf"\1{NUL}\2{NUL}"), NUL)
        accepted = tf.strings.regex_full_match(ended, f"(?:{cell})+")
        accepted &= (records != "") & (parts.row_lengths() == 2 * count + 1)
        fault = f"A row must be a record of {count} cells, {self._delimiter!r} between them. Received: "
        refused = tf.strings.join([fault, tf.strings.reduce_join(tf.boolean_mask(rows, ~accepted)[:1])])
        with tf.control_dependencies([tf.debugging.Assert(tf.reduce_all(accepted), [refused])]):
            halves = tf.reshape(parts.flat_values, [-1, 2 * count + 1])
        return tf.strings.join([tf.strings.regex_replace(halves[:, 0:-1:2], '""', '"'), halves[:, 1::2]])

    def _numbers(self, texts: tf.Tensor) -> tf.Tensor:
        import tensorflow as tf

        texts = _stripped(texts)
        absent = _among(texts, [reader.missing for reader in self._numeric.values()])
        texts = self._plain(texts)
        is_number = ~absent & tf.strings.regex_full_match(texts, NUMBER)
        with required(absent | is_number, self._numeric, "holds a cell that is no number."):
            # By way of float64, as Python and pyarrow read it: float32 at once rounds some numbers otherwise.
            return tf.cast(tf.strings.to_number(tf.where(is_number, texts, "nan"), tf.float64), tf.float32)

    def _plain(self, texts: tf.Tensor) -> tf.Tensor:
        """Trimmed numbers as contracts write them, from how their columns do."""
        import tensorflow as tf

        forms = [reader.form for reader in self._numeric.values()]
        if not any(forms):
            return texts
        columns = zip(forms, tf.unstack(texts, axis=1), strict=True)
        return tf.stack([cells if form is None else plain_numbers(cells, form) for form, cells in columns], axis=1)

    def _bounded(self, numbers: tf.Tensor) -> tf.Tensor:
        import tensorflow as tf

        readers = list(self._numeric.values())
        numbers = tf.where(tf.abs(numbers) < SMALLEST, tf.zeros_like(numbers), numbers)
        numbers = tf.where(_among(numbers, [reader.sentinels for reader in readers]), float("nan"), numbers)
        inside = (numbers >= [reader.low for reader in readers]) & (numbers <= [reader.high for reader in readers])
        with required(inside | tf.math.is_nan(numbers), self._numeric, "holds a number out of the contract's bounds."):
            return tf.identity(numbers)

    def _known(self, texts: tf.Tensor) -> tf.Tensor:
        import tensorflow as tf

        words = _stripped(texts)
        absent = _among(words, [reader.missing for reader in self._texts.values()])
        with required(tf.strings.regex_full_match(words, r"[^\x00]*"), self._texts, "holds a NUL byte, or no UTF-8."):
            return tf.where(absent, "", words)


def _side_by_side(
    cells: Mapping[str, tf.Tensor], names: Collection[str], read: Callable[[tf.Tensor], tf.Tensor]
) -> dict[str, tf.Tensor]:
    """What `read` makes of some columns as one matrix [N, columns], by column."""
    import tensorflow as tf

    if not names:
        return {}
    matrix = read(tf.stack([cells[name] for name in names], axis=1))
    return dict(zip(names, tf.unstack(matrix, axis=1), strict=True))


def _stripped(texts: tf.Tensor) -> tf.Tensor:
    import tensorflow as tf

    return tf.strings.regex_replace(texts, rf"\A{WHITE_SPACE}+|{WHITE_SPACE}+\z", "")


def _among(cells: tf.Tensor, listed: Sequence[Collection[Any]]) -> tf.Tensor:
    """Which cells of a matrix [N, columns] are among those listed for their column."""
    import tensorflow as tf

    found = tf.zeros_like(cells, tf.bool)
    for item in sorted(set().union(*listed)):
        found |= (cells == item) & tf.constant([item in of_column for of_column in listed])
    return found
