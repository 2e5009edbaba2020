"""Predictions as a CSV file, a row each."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from pipeline.serving.prediction_view import in_words, is_classification, probability_of
from trainer import storage
from trainer.errors import UsageError

FOLDER = Path(".local/predictions")


def file_for(source: str) -> Path:
    """Where the predictions go that a file asks for and nobody has named a file for; earlier ones are written over."""
    stem = PurePosixPath(source).name.partition(".")[0].strip("-")
    return FOLDER / f"{stem or 'predictions'}.csv"


def write_predictions(file: Path, predictions: Sequence[Any], truths: Sequence[str] = ()) -> None:
    """Writes predictions in the order of the instances.

    Args:
        file: The file; it is written over.
        predictions: What the model answered.
        truths: The class of each instance; empty for one that is not known, and where none is.

    Raises:
        UsageError: It cannot be written.
    """
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(_rows(predictions, truths))
    try:
        storage.write_bytes(str(file), text.getvalue().encode())
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror or error}. Give another --output.") from error


def _rows(predictions: Sequence[Any], truths: Sequence[str]) -> Iterator[list[Any]]:
    if not all(map(is_classification, predictions)):
        yield ["instance", "prediction"]
        yield from ([number, in_words(prediction)] for number, prediction in enumerate(predictions, 1))
        return
    classes = sorted({name for prediction in predictions for name in prediction["probabilities"]})
    yield [
        "instance",
        *["label"] * bool(truths),
        "class",
        "probability",
        *(f"probability of {name}" for name in classes),
    ]
    for place, prediction in enumerate(predictions):
        answer = [prediction["class"], probability_of(prediction)]
        each = [prediction["probabilities"].get(name, "") for name in classes]
        yield [place + 1, *truths[place : place + 1], *answer, *each]
