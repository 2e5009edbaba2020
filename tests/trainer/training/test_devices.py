from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import IrisFiles
from trainer.training.devices import REQUIRED_VARIABLE, is_required, tell_devices

SENTENCE = r"An accelerator is required, and TensorFlow sees none here: .* or leave `--require-accelerator` out\."


def test_variable_asks_for_an_accelerator() -> None:
    assert is_required({REQUIRED_VARIABLE: "1"})
    assert not is_required({})
    assert not is_required({REQUIRED_VARIABLE: "0"})


@pytest.mark.tensorflow
def test_devices_are_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        tell_devices(is_accelerator_required=False)
    assert "training computes on " in caplog.text


@pytest.mark.tensorflow
def test_command_that_requires_an_accelerator_fails_where_none_is_visible(
    tmp_path: Path, iris_files: IrisFiles
) -> None:
    command = [sys.executable, "-m", "trainer.task", "--require-accelerator", "--job-dir", str(tmp_path / "job")]
    files = ["--train-files", str(iris_files.train_data), "--eval-files", str(iris_files.eval_data)]
    ended = subprocess.run(
        [*command, *files, "--schema", str(iris_files.schema)],
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert re.search(SENTENCE, ended.stderr), ended.stderr
    assert not (tmp_path / "job").exists()
