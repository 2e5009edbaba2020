from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trainer.errors import TrainingError
from trainer.training.checkpoints import CheckpointStore

ARRAYS = {"network/0": np.arange(6, dtype=np.float32).reshape(2, 3), "network/1": np.array(7, np.uint32)}


@pytest.mark.parametrize("scheme", ["", "memory://"])
def test_store_gives_back_the_newest(tmp_path: Path, scheme: str) -> None:
    store = CheckpointStore(f"{scheme}{tmp_path}/checkpoints", {"seed": 1})
    assert store.latest() is None
    for step in (100, 200, 1000):
        store.save(step, ARRAYS, {"waited": step})
    newest = store.latest()
    assert newest is not None
    assert (newest.step, newest.notes) == (1000, {"waited": 1000})
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(newest.arrays[name], array, strict=True)


def test_store_keeps_only_the_newest_two(tmp_path: Path) -> None:
    store = CheckpointStore(str(tmp_path), {})
    for step in (1, 2, 3):
        store.save(step, {}, {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-0000000002.npz", "step-0000000003.npz"]


def test_store_keeps_infinite_notes(tmp_path: Path) -> None:
    store = CheckpointStore(str(tmp_path), {})
    store.save(1, {}, {"best_loss": float("inf")})
    newest = store.latest()
    assert newest is not None
    assert newest.notes["best_loss"] == float("inf")


def test_store_refuses_the_checkpoint_of_other_settings(tmp_path: Path) -> None:
    CheckpointStore(str(tmp_path), {"seed": 1, "dropout": 0.0}).save(10, {}, {})
    with pytest.raises(TrainingError, match=r"belongs to another run: seed was 1 and is now 2\. Use another --job-dir"):
        CheckpointStore(str(tmp_path), {"seed": 2, "dropout": 0.0}).latest()


@pytest.mark.parametrize("left", [0.5, 0.0])
def test_store_names_a_checkpoint_that_cannot_be_read(tmp_path: Path, left: float) -> None:
    store = CheckpointStore(str(tmp_path), {})
    store.save(10, ARRAYS, {})
    path = tmp_path / "step-0000000010.npz"
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * left)])
    with pytest.raises(TrainingError, match=r"step-0000000010.npz cannot be read: .* Remove it to go on"):
        store.latest()
