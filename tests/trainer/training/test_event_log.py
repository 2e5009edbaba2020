from __future__ import annotations

from pathlib import Path

import pytest

from trainer import storage
from trainer.training.event_log import EventLog

pytestmark = pytest.mark.tensorflow


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.util.tensor_util import make_ndarray

    events = EventAccumulator(str(folder)).Reload()
    return {
        tag: [(event.step, round(float(make_ndarray(event.tensor_proto)), 4)) for event in events.Tensors(tag)]
        for tag in events.Tags()["tensors"]
    }


def test_event_log_is_what_tensorboard_reads(tmp_path: Path) -> None:
    with EventLog(str(tmp_path)) as events:
        events.write("train", 10, {"loss": 0.5, "accuracy": 0.25})
        events.write("eval", 10, {"loss": 0.75})
        events.write("train", 20, {"loss": 0.125})
    assert scalars(tmp_path / "train") == {"loss": [(10, 0.5), (20, 0.125)], "accuracy": [(10, 0.25)]}
    assert scalars(tmp_path / "eval") == {"loss": [(10, 0.75)]}


def test_event_log_of_a_remote_folder_is_copied_at_each_flush(tmp_path: Path) -> None:
    url = f"memory://{tmp_path}/logs"
    with EventLog(url) as events:
        events.write("train", 1, {"loss": 0.5})
        events.flush()
        [name] = storage.list_files(f"{url}/train")
    assert "tfevents" in name
    (tmp_path / name).write_bytes(storage.read_bytes(f"{url}/train/{name}"))
    assert scalars(tmp_path) == {"loss": [(1, 0.5)]}
