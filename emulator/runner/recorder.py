"""Keeps run.json in step with the state of a run."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from emulator.runner import run_folder
from emulator.runner.job_state import JobState
from emulator.runner.run_folder import RunFolder


class Recorder:
    """The state of one run and its file. It may be used from any thread."""

    def __init__(self, folder: RunFolder, state: JobState) -> None:
        self._folder = folder
        self._state = state
        self._lock = threading.RLock()
        self._write()

    @contextmanager
    def change(self) -> Iterator[tuple[JobState, datetime]]:
        """The state, to be changed by one event, and the event's time. Nothing is kept after the end."""
        with self._lock:
            is_over = self._state.is_final
            yield self._state, datetime.now(UTC)
            if not is_over:
                self._write()

    @contextmanager
    def look(self) -> Iterator[JobState]:
        """The state, to be read."""
        with self._lock:
            yield self._state

    def _write(self) -> None:
        run_folder.write_json(self._folder.job, self._state.to_json())
