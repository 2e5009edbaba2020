"""Jobs of two replicas by the trainer's command, from their start to their end, and what ends them before."""

from __future__ import annotations

import signal
from pathlib import Path

import numpy as np
import pytest

from tests.patience import eventually
from tests.trainer.replica_jobs import ROOT, ReplicaProcess, job, newest_checkpoint

pytestmark = pytest.mark.tensorflow

DATA = ROOT / "data"
COMMAND = ["-m", "trainer.task", "--train-files", str(DATA / "iris_training.csv")]
COMMAND += ["--eval-files", str(DATA / "iris_test.csv"), "--schema", str(DATA / "schema.toml")]
COMMAND += ["--optimizer", "adam", "--dropout", "0.2", "--train-steps", "1500", "--steps-between-evaluations", "100"]


def begun(replicas: list[ReplicaProcess], job_dir: Path) -> set[str]:
    """The checkpoints of a job, once it has written one."""
    before = set(job_dir.glob("checkpoints/*.npz"))
    found = eventually(
        lambda: (
            {path.name for path in job_dir.glob("checkpoints/*.npz") if path not in before}
            or [one.log.read_text() for one in replicas if one.process.poll() is not None]
        )
    )
    assert isinstance(found, set), found
    return found


def test_job_whose_replicas_are_killed_or_stopped_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    with job([*COMMAND, "--job-dir", str(undisturbed)], tmp_path) as replicas:
        assert [one.ended()[0] for one in replicas] == [0, 0]
    words = [*COMMAND, "--job-dir", str(disturbed)]
    for victim, number in ((1, signal.SIGKILL), (0, signal.SIGKILL), (1, signal.SIGTERM)):
        with job(words, tmp_path) as replicas:
            begun(replicas, disturbed)
            replicas[victim].process.send_signal(number)
            code, said = replicas[1 - victim].ended()
            if number == signal.SIGTERM:
                assert (code, replicas[victim].ended()[0]) == (130, 130)
                assert "Stopped. The same command goes on from the last checkpoint." in said
            else:
                assert code == 1, said
                assert "has lost another one" in said
                assert "started again, goes on from its newest checkpoint" in said
    assert not (disturbed / "export").exists(), "training ended before it was disturbed"
    with job(words, tmp_path) as replicas:
        (primary, said), (code, others) = (one.ended() for one in replicas)
    assert (primary, code) == (0, 0)
    assert said.splitlines()[-1].startswith(f"{disturbed}/export/iris/")
    assert "going on from the checkpoint of step" in others
    assert "learned 1500 steps; the primary, chief 0" in others
    assert str(disturbed) not in others
    ours, theirs = newest_checkpoint(disturbed), newest_checkpoint(undisturbed)
    for name, array in ours.items():
        np.testing.assert_array_equal(array, theirs[name])
