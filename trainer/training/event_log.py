"""Loss and accuracy for TensorBoard, in event files on the local disk or behind an fsspec URL."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from trainer import storage


class EventLog:
    """Writes the runs `train` and `eval` of one TensorBoard log folder.

    TensorFlow writes only to local paths here (its own gs:// support knows no storage emulator), so the files of a
    remote folder are written locally and copied at each `flush`.

    Args:
        url: The log folder.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._temporary = None if storage.is_local(url) else tempfile.TemporaryDirectory()
        folder = storage.local_path(url) if self._temporary is None else Path(self._temporary.name)
        self._folder = folder
        self._writers: dict[str, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.flush()
        for writer in self._writers.values():
            writer.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    def write(self, run: str, step: int, scalars: dict[str, float]) -> None:
        """Adds one point to each curve of a run."""
        import tensorflow as tf

        if run not in self._writers:
            (self._folder / run).mkdir(parents=True, exist_ok=True)  # TensorFlow would not say which folder failed
            self._writers[run] = tf.summary.create_file_writer(str(self._folder / run))
        with self._writers[run].as_default(step=step):
            for name, value in scalars.items():
                tf.summary.scalar(name, value)

    def flush(self) -> None:
        """Makes all points written so far visible to readers."""
        for writer in self._writers.values():
            writer.flush()
        if self._temporary is not None:
            storage.upload_folder(self._folder, self._url)
