from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from trainer.checkpoints import CheckpointStore
from trainer.config import Hyperparameters, TrainingConfig
from trainer.contract import load_contract
from trainer.errors import TrainingError
from trainer.features import FeatureEncoder, FittedNumeric
from trainer.input_pipeline import batched, open_table, windows
from trainer.learning_state import LearningState
from trainer.training import TrainedModel, train

pytestmark = pytest.mark.tensorflow

Configure = Callable[..., TrainingConfig]
LAYERS = ("hiddenlayer_0", "hiddenlayer_1", "hiddenlayer_2", "hiddenlayer_3", "logits")
# Weights of TF 1's DNNClassifier on the tutorial's training rows in file order, batches of 40, its own defaults.
TRACE = Path(__file__).with_name("dnnclassifier_trace.npz")


def run(config: TrainingConfig) -> TrainedModel:
    return train(config, load_contract(config.schema_file))


def weights(trained: TrainedModel) -> list[np.ndarray]:
    return list(trained.network.get_weights())


def assert_same_weights(one: TrainedModel, other: TrainedModel) -> None:
    for ours, theirs in zip(weights(one), weights(other), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_training_equals_dnnclassifier_step_by_step(iris_config: Configure) -> None:
    from trainer.model import build_classifier, build_optimizer

    config = iris_config()
    contract = load_contract(config.schema_file)
    encoder = FeatureEncoder([FittedNumeric(name, None) for name in sorted(f.name for f in contract.features)])
    network = build_classifier(encoder, Hyperparameters(), 3)
    state = LearningState(network, build_optimizer(Hyperparameters()))
    trace = np.load(TRACE)
    for layer in LAYERS:
        network.get_layer(layer).set_weights([trace[f"step0/dnn/{layer}/{part}"] for part in ("kernel", "bias")])
    rows = open_table(config.train_files, contract, 120, in_memory=True)
    in_order = batched(
        lambda: windows(itertools.chain.from_iterable(rows.batches() for _ in range(40)), 120),
        contract,
        encoder,
        40,
    )
    batches = iter(in_order)
    for before, step in itertools.pairwise((0, 1, 10, 100)):
        state.train(batches, step - before)
        for layer in LAYERS:
            for part, ours in zip(("kernel", "bias"), network.get_layer(layer).get_weights(), strict=True):
                np.testing.assert_allclose(ours, trace[f"step{step}/dnn/{layer}/{part}"], rtol=0, atol=1e-4)


def test_training_learns_iris(iris_model: TrainedModel) -> None:
    assert iris_model.steps == 200
    assert iris_model.metrics["accuracy"] >= 0.9


def test_training_repeats_itself_for_the_same_seed(iris_config: Configure) -> None:
    first, second = run(iris_config(dropout=0.3)), run(iris_config(dropout=0.3))
    assert_same_weights(first, second)
    other = run(iris_config(dropout=0.3, seed=2))
    assert not np.array_equal(weights(first)[0], weights(other)[0])


@pytest.mark.parametrize("in_memory_mib", [1024, 0])
def test_training_that_stopped_goes_on_to_the_same_weights(iris_config: Configure, in_memory_mib: int) -> None:
    common = {"dropout": 0.2, "optimizer": "adam", "in_memory_mib": in_memory_mib, "patience": 50}
    whole = run(iris_config(train_steps=30, **common))
    stopped = iris_config(train_steps=10, **common)
    run(stopped)
    continued = run(iris_config(train_steps=30, job_dir=stopped.job_dir, **common))
    assert_same_weights(whole, continued)


def test_training_killed_by_force_goes_on_to_the_same_weights(iris_config: Configure) -> None:
    whole = run(iris_config(train_steps=600))
    killed = iris_config(train_steps=600)
    command = [sys.executable, "-m", "trainer.task", "--job-dir", killed.job_dir, "--train-steps", "600"]
    command += ["--train-files", *killed.train_files, "--eval-files", *killed.eval_files]
    command += ["--schema", killed.schema_file, "--steps-between-evaluations", "10"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not list(Path(killed.checkpoints).glob("step-*.npz")):
        assert process.poll() is None, "training ended before its first checkpoint"
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    newest = max(Path(killed.checkpoints).glob("step-*.npz")).name
    assert newest < "step-0000000600.npz", "training ended before it was killed"
    assert_same_weights(whole, run(killed))


def test_training_that_is_finished_is_not_done_again(iris_config: Configure) -> None:
    config = iris_config()
    first = run(config)
    checkpoints = {path.name: os.stat(path).st_mtime_ns for path in Path(config.checkpoints).iterdir()}
    assert_same_weights(first, run(config))
    assert checkpoints == {path.name: os.stat(path).st_mtime_ns for path in Path(config.checkpoints).iterdir()}


def test_training_refuses_the_job_folder_of_other_settings(iris_config: Configure) -> None:
    config = iris_config()
    run(config)
    with pytest.raises(TrainingError, match=r"learning_rate was 0.05 and is now 0.1"):
        run(iris_config(job_dir=config.job_dir, learning_rate=0.1))


def test_training_that_diverges_says_so_and_keeps_no_spoilt_checkpoint(iris_config: Configure) -> None:
    config = iris_config(optimizer="sgd", learning_rate=1000.0)
    with pytest.raises(TrainingError, match=r"diverged before step 10: .* Received: learning rate 1000.0"):
        run(config)
    assert CheckpointStore(config.checkpoints, {}).latest() is None


def test_patience_stops_early_and_keeps_the_best(iris_config: Configure) -> None:
    config = iris_config(train_steps=5000, patience=3, learning_rate=0.5, steps_between_evaluations=20)
    trained = run(config)
    assert trained.steps < 5000
    continued = run(config)
    assert continued.steps == trained.steps
    assert_same_weights(trained, continued)


def test_epochs_end_training_with_a_smaller_batch(iris_config: Configure) -> None:
    assert run(iris_config(train_steps=1000, num_epochs=1, train_batch_size=50)).steps == 3


def test_evaluation_during_training_is_limited_and_says_so(
    iris_config: Configure, caplog: pytest.LogCaptureFixture
) -> None:
    run(iris_config(eval_steps=2, eval_batch_size=10))
    assert "takes the first 20 of 30 rows. Raise --eval-steps" in caplog.text


@pytest.mark.parametrize("optimizer", ["adam", "sgd", "rmsprop"])
def test_every_optimizer_learns(iris_config: Configure, optimizer: str) -> None:
    rate = {"adam": 0.01, "sgd": 0.001, "rmsprop": 0.001}[optimizer]
    trained = run(iris_config(optimizer=optimizer, learning_rate=rate, train_steps=150))
    assert trained.metrics["accuracy"] >= 0.6
