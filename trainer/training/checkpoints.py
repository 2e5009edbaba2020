"""Checkpoints: the whole state of training in one file, which is there whole or not at all."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainer import storage
from trainer.errors import TrainingError

KEPT = 2
_NAME = re.compile(r"step-\d{10}\.npz")


@dataclass(frozen=True)
class Checkpoint:
    """The state of training after `step` steps.

    Attributes:
        step: Optimizer steps taken.
        arrays: Every variable by name, the optimizer's included.
        notes: Plain values that go with them.
        settings: What the run was told; a run with other settings must not go on from here.
    """

    step: int
    arrays: Mapping[str, np.ndarray]
    notes: Mapping[str, Any]
    settings: Mapping[str, Any]


class CheckpointStore:
    """A folder of checkpoints, on the disk or behind an fsspec URL, that keeps the newest few.

    Args:
        url: The folder. It need not exist.
        settings: What this run was told, as plain JSON values.
        keeps: Whether there are to be checkpoints; else none is written or found.
    """

    def __init__(self, url: str, settings: Mapping[str, Any], keeps: bool = True) -> None:
        self.url = url
        self._keeps = keeps
        self.settings = json.loads(json.dumps(settings))

    def save(self, step: int, arrays: Mapping[str, np.ndarray], notes: Mapping[str, Any]) -> None:
        """Writes a checkpoint and removes those that are no longer needed."""
        if not self._keeps:
            return
        about = json.dumps({"step": step, "notes": dict(notes), "settings": self.settings})
        buffer = io.BytesIO()
        entries: dict[str, Any] = {f"array:{name}": array for name, array in arrays.items()}
        np.savez(buffer, about=np.array(about), **entries)
        storage.write_bytes(storage.join(self.url, f"step-{step:010d}.npz"), buffer.getvalue())
        for name in self._names()[:-KEPT]:
            storage.remove_file(storage.join(self.url, name))

    def latest(self) -> Checkpoint | None:
        """The newest checkpoint, or None in a fresh folder.

        Raises:
            TrainingError: It was written under other settings, or cannot be read.
        """
        names = self._names() if self._keeps else []
        if not names:
            return None
        url = storage.join(self.url, names[-1])
        try:
            checkpoint = _read(url)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise TrainingError(
                f"The checkpoint {url} cannot be read: {error}. Remove it to go on from the one before."
            ) from error
        self._require_same_settings(url, checkpoint.settings)
        return checkpoint

    def _names(self) -> list[str]:
        return [name for name in storage.list_files(self.url) if _NAME.fullmatch(name)]

    def _require_same_settings(self, url: str, settings: Mapping[str, Any]) -> None:
        keys = sorted(self.settings.keys() | settings.keys())
        changed = [
            f"{key} was {settings.get(key)!r} and is now {self.settings.get(key)!r}"
            for key in keys
            if settings.get(key) != self.settings.get(key)
        ]
        if changed:
            raise TrainingError(
                f"The checkpoint {url} belongs to another run: {'; '.join(changed)}. "
                "Use another --job-dir, or remove that folder to start anew."
            )


def _read(url: str) -> Checkpoint:
    with np.load(io.BytesIO(storage.read_bytes(url)), allow_pickle=False) as archive:
        about = json.loads(str(archive["about"]))
        arrays = {name.removeprefix("array:"): archive[name] for name in archive.files if name.startswith("array:")}
    return Checkpoint(about["step"], arrays, about["notes"], about["settings"])
