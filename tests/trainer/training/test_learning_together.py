"""Two replicas, as two processes, against what one learns; killed, stopped, and started again."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.patience import eventually
from tests.trainer.replica_jobs import ROOT, ReplicaProcess, job, newest_checkpoint
from trainer.config import TrainingConfig
from trainer.contract import load_contract
from trainer.training.step_plan import XLA_FROM_STEPS
from trainer.training.train import train

pytestmark = pytest.mark.tensorflow

Configure = Callable[..., TrainingConfig]
SMALL = {"first_layer_size": 10, "num_layers": 2}
CALM = SMALL | {"learning_rate": 0.01, "optimizer": "adam"}
DISTURBED = CALM | {"dropout": 0.2, "train_steps": 1500}
TRAININGS: dict[str, dict[str, Any]] = {
    "undisturbed": DISTURBED | {"class_weights": "balanced", "steps_between_evaluations": 500},
    # 120 rows are two batches of 50 and one of 20, of which the second replica has none.
    "reading anew": {**CALM, "dropout": 0.3, "in_memory_mib": 0, "num_epochs": 2, "train_batch_size": 50},
    "larger than the table": {**CALM, "num_epochs": 1, "train_batch_size": 200_000},
    "words": {**CALM, "words": True, "num_epochs": 5, "train_batch_size": 4},
    "refitting": {
        **SMALL,
        "learning_rate": 0.5,
        "steps_between_evaluations": 20,
        "train_steps": 5000,
        "holdout": 0.2,
        "patience": 3,
        "refit": True,
        "temperature_scaling": True,
    },
}
AVERAGED = SMALL | {"optimizer": "sgd", "learning_rate": 0.001, "sync_steps": 5, "train_steps": 18}
COMPILED = AVERAGED | {"train_steps": XLA_FROM_STEPS, "sync_steps": 100, "steps_between_evaluations": 5000}


@pytest.fixture(scope="module")
def configured(iris_config: Configure, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., TrainingConfig]:
    from tests.trainer.conftest import MIXED_ROWS, MIXED_SCHEMA

    folder = tmp_path_factory.mktemp("words")
    (folder / "schema.toml").write_bytes(MIXED_SCHEMA.replace(b"[[", b"max_shared_rows = 1.0\n[[", 1))
    (folder / "train.csv").write_text(MIXED_ROWS)
    (folder / "eval.csv").write_text(MIXED_ROWS + "green,9.0,Kiel,no\n")
    mixed = {f"{kind}_files": (str(folder / f"{kind}.csv"),) for kind in ("train", "eval")}

    def configure(words: bool = False, **values: Any) -> TrainingConfig:
        files = {**mixed, "schema_file": str(folder / "schema.toml")} if words else {}
        return iris_config(**files, **values)

    return configure


@pytest.fixture(scope="module")
def learned(configured: Configure, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], Any]:
    """What a replica, by its rank, has learned in a training, by its name."""
    folder = tmp_path_factory.mktemp("replicas")
    told = {**TRAININGS, "averaged": AVERAGED, "averaged and compiled": COMPILED}
    configs = {name: configured(**values).model_dump() for name, values in told.items()}
    (folder / "trainings.json").write_text(json.dumps(configs), encoding="utf-8")
    with job(["-m", "tests.trainer.training.replica_program", str(folder)], folder) as replicas:
        for replica in replicas:
            code, said = replica.ended()
            assert code == 0, said

    def load(name: str, rank: int) -> Any:
        with np.load(folder / f"{name}-{rank}.npz") as archive:
            weights = [archive[f"arr_{place}"] for place in range(len(archive.files) - 1)]
            return weights, json.loads(str(archive["about"]))

    return load


def assert_close(ours: list[np.ndarray], theirs: list[np.ndarray]) -> None:
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", TRAININGS)
def test_two_replicas_learn_what_one_learns(
    learned: Callable[[str, int], Any], configured: Configure, name: str
) -> None:
    config = configured(**TRAININGS[name])
    alone = train(config, load_contract(config.schema_file))
    weights, about = learned(name, 0)
    assert_close(weights, [variable.numpy() for variable in alone.network.variables])
    assert about["steps"] == alone.steps
    assert about["metrics"] == pytest.approx(alone.metrics, abs=1e-4)
    assert about["record"] == {**about["record"], **alone.record, "replicas": 2, **_rounded(about["record"])}


def _rounded(record: dict[str, Any]) -> dict[str, Any]:
    return {name: record[name] for name in ("temperature",) if name in record}


def test_replica_that_is_not_the_primary_takes_the_same_steps_and_measures_nothing(
    learned: Callable[[str, int], Any],
) -> None:
    for name in TRAININGS:
        (weights, about), (others, other) = learned(name, 0), learned(name, 1)
        assert (other["steps"], other["metrics"]) == (about["steps"], {})
        if name != "refitting":  # where the primary has scaled the logits
            for ours, theirs in zip(weights, others, strict=True):
                np.testing.assert_array_equal(ours, theirs)


def test_averaged_weights_are_the_means_of_what_each_learns_from_its_share(
    learned: Callable[[str, int], Any], configured: Configure
) -> None:
    from trainer.model.network import build_classifier, build_optimizer
    from trainer.training.chunks import ChunkFeed, training_chunks
    from trainer.training.learning_state import LearningState
    from trainer.training.step_plan import StepPlan
    from trainer.training.tables import read_tables

    # Each share stands for its batch: its losses count twice, which is as good as twice the rate.
    config = configured(**AVERAGED | {"learning_rate": 0.002})
    contract = load_contract(config.schema_file)
    tables, plan = read_tables(config, contract), StepPlan(20, 60)
    states, feeds = [], []
    for rank in (0, 1):
        network = build_classifier(tables.encoder, config, 3)
        states.append(LearningState(network, build_optimizer(config), tables.encoder, plan))
        shares = training_chunks(config, StepPlan(40, 120, False, 2, rank, 5), tables.training, 0)
        feeds.append(ChunkFeed((replace(chunk, rows=chunk.rows // 2) for chunk in shares), plan.batch_size))
    for steps in (5, 5, 5, 3):
        for state, feed in zip(states, feeds, strict=True):
            state.train(feed.take(steps))
        means = [np.mean(both, axis=0) for both in zip(*(state.network.get_weights() for state in states), strict=True)]
        for state in states:
            state.network.set_weights(means)
    weights, about = learned("averaged", 0)
    assert_close(weights, means)
    assert (about["record"]["sync_steps"], about["record"]["replicas"]) == (5, 2)


def test_averaged_weights_are_the_same_everywhere(learned: Callable[[str, int], Any]) -> None:
    for name in ("averaged", "averaged and compiled"):
        (weights, about), (others, _) = learned(name, 0), learned(name, 1)
        for ours, theirs in zip(weights, others, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert about["metrics"]["accuracy"] > 0.9


def command(job_dir: Path) -> list[str]:
    data = ROOT / "data"
    told: dict[str, object] = {
        "train-files": data / "iris_training.csv",
        "eval-files": data / "iris_test.csv",
        "job-dir": job_dir,
    }
    told |= {"schema": data / "schema.toml", "class-weights": "balanced", "steps-between-evaluations": 100}
    told |= {name.replace("_", "-"): value for name, value in DISTURBED.items()}
    return ["-m", "trainer.task", *(str(word) for name, value in told.items() for word in (f"--{name}", value))]


def await_checkpoint(replicas: list[ReplicaProcess], job_dir: Path) -> None:
    """Waits until a job has written one more."""
    before = {path.name for path in job_dir.glob("checkpoints/*.npz")}

    def written() -> bool:
        assert all(one.process.poll() is None for one in replicas), [one.log.read_text() for one in replicas]
        return not {path.name for path in job_dir.glob("checkpoints/*.npz")} <= before

    eventually(written)


def test_job_whose_replicas_are_killed_or_stopped_goes_on_to_the_same_weights(
    learned: Callable[[str, int], Any], tmp_path: Path
) -> None:
    job_dir = tmp_path / "job"
    for victim, number in ((1, signal.SIGKILL), (0, signal.SIGKILL), (1, signal.SIGTERM)):
        with job(command(job_dir), tmp_path) as replicas:
            await_checkpoint(replicas, job_dir)
            replicas[victim].process.send_signal(number)
            code, said = replicas[1 - victim].ended()
            if number == signal.SIGTERM:
                assert (code, replicas[victim].ended()[0]) == (130, 130), said
                assert "Stopped. The same command goes on from the last checkpoint." in said
            else:
                assert code == 1, said
                assert "has lost another one" in said
                assert "started again, goes on from its newest checkpoint" in said
            assert "Traceback" not in said
    assert not (job_dir / "export").exists(), "training ended before it was disturbed"
    # The last time as the task of a pipeline.
    words = ["-m", "tests.trainer.training.replica_component", str(tmp_path), str(job_dir)]
    with job([*words, json.dumps(DISTURBED | {"class_weights": "balanced"})], tmp_path) as replicas:
        (primary, said), (code, others) = (one.ended() for one in replicas)
    assert (primary, code) == (0, 0), said + others
    assert json.loads(said.splitlines()[-1])["steps"] == 1500
    assert (tmp_path / "chief" / "model" / "saved_model.pb").is_file()
    assert json.loads(others.splitlines()[-1]) == {}
    assert not (tmp_path / "worker" / "model").exists()
    weights, _ = learned("undisturbed", 0)
    arrays = newest_checkpoint(job_dir)
    for place, array in enumerate(weights):
        np.testing.assert_array_equal(arrays[f"array:network/{place}"], array)
