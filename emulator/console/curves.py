"""Training curves, read from TensorBoard's event files."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MARK = "tfevents"


@dataclass(frozen=True)
class Curve:
    """One scalar over the steps of one run.

    Attributes:
        run: The folder of its event files below the log: `train`, `eval`.
        tag: What was measured.
        points: Step and value, by step.
    """

    run: str
    tag: str
    points: tuple[tuple[int, float], ...]


def is_event_file(uri: str) -> bool:
    """Whether an object is an event file, by its name."""
    return MARK in uri.rpartition("/")[2]


def run_of(uri: str, folder: str) -> str:
    """What TensorBoard would call the run of an event file, the folder being its log: without a leading `logs`."""
    below = uri.removeprefix(folder.rstrip("/")).strip("/").rpartition("/")[0]
    return below.removeprefix("logs").strip("/") or below


def read_curves(files: Sequence[tuple[str, bytes]]) -> list[Curve]:
    """Reads event files; a last record that is not whole yet is left out.

    Args:
        files: The run of each, and its content.

    Returns:
        The curves, by tag and run.
    """
    points: dict[tuple[str, str], dict[int, float]] = {}
    for run, content in files:
        for tag, step, value in _scalars(content):
            points.setdefault((tag, run), {})[step] = value
    return [Curve(run, tag, tuple(sorted(held.items()))) for (tag, run), held in sorted(points.items())]


def _scalars(content: bytes) -> Iterator[tuple[str, int, float]]:
    from tensorboard.compat.proto.event_pb2 import Event

    for record in _records(content):
        event = Event.FromString(record)
        for value in event.summary.value:
            number = _number(value)
            if number is not None and math.isfinite(number):
                yield value.tag, event.step, number


def _records(content: bytes) -> Iterator[bytes]:
    # The reader that TensorBoard has for where TensorFlow is missing: loading TensorFlow would take seconds.
    from tensorboard.compat.tensorflow_stub import errors
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import PyRecordReader_New

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / MARK
        path.write_bytes(content)
        reader = PyRecordReader_New(str(path))
        try:
            while True:
                reader.GetNext()
                yield reader.record()
        except (errors.OutOfRangeError, errors.DataLossError):
            return
        finally:
            reader.file_handle.close()


def _number(value: Any) -> float | None:
    if value.WhichOneof("value") == "simple_value":
        return float(value.simple_value)
    if value.WhichOneof("value") != "tensor" or value.metadata.plugin_data.plugin_name not in {"", "scalars"}:
        return None
    from tensorboard.util.tensor_util import make_ndarray

    array = make_ndarray(value.tensor)
    return float(array) if array.size == 1 and array.dtype.kind in "fiu" else None


def by_tag(curves: Sequence[Curve]) -> Mapping[str, list[Curve]]:
    """Curves that belong in one chart."""
    charts: dict[str, list[Curve]] = {}
    for curve in curves:
        charts.setdefault(curve.tag, []).append(curve)
    return charts
