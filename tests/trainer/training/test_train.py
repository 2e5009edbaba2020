from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from trainer.config import TrainingConfig
from trainer.contract import load_contract
from trainer.errors import TrainingError, UsageError
from trainer.metric_file import MetricFile
from trainer.model.trained_model import TrainedModel
from trainer.training.checkpoints import CheckpointStore
from trainer.training.step_plan import XLA_FROM_STEPS
from trainer.training.tables import read_tables
from trainer.training.train import train

pytestmark = pytest.mark.tensorflow

Configure = Callable[..., TrainingConfig]


def run(config: TrainingConfig) -> TrainedModel:
    return train(config, load_contract(config.schema_file))


def weights(trained: TrainedModel) -> list[np.ndarray]:
    return list(trained.network.get_weights())


def assert_same_weights(one: TrainedModel, other: TrainedModel) -> None:
    for ours, theirs in zip(weights(one), weights(other), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_training_learns_iris(iris_model: TrainedModel) -> None:
    assert iris_model.steps == 200
    assert iris_model.metrics["accuracy"] >= 0.9


def test_training_repeats_itself_for_the_same_seed(iris_config: Configure) -> None:
    first, second = run(iris_config(dropout=0.3)), run(iris_config(dropout=0.3))
    assert_same_weights(first, second)
    other = run(iris_config(dropout=0.3, seed=2))
    assert not np.array_equal(weights(first)[0], weights(other)[0])


def test_rows_read_anew_are_those_held_where_one_window_takes_them_all(
    iris_config: Configure, caplog: pytest.LogCaptureFixture
) -> None:
    held = run(iris_config())
    with caplog.at_level("INFO"):
        streamed = run(iris_config(in_memory_mib=0, num_parallel_calls=1, prefetch_buffer_size=1))
    assert_same_weights(held, streamed)
    assert (
        "take up more than --in-memory-mib 0: they are read anew for each epoch and shuffled in windows of 120 rows"
        in (caplog.text)
    )


def test_words_are_learned_from_rows_held_and_rows_read_anew_alike(
    iris_config: Configure, mixed_files: dict[str, str]
) -> None:
    files = {name: (mixed_files[f"{name.removesuffix('_files')}.csv"],) for name in ("train_files", "eval_files")}
    told = {**files, "schema_file": mixed_files["schema.toml"], "num_epochs": 5, "train_batch_size": 4}
    held, streamed = run(iris_config(**told)), run(iris_config(**told, in_memory_mib=0))
    assert held.steps == 8
    assert_same_weights(held, streamed)


@pytest.mark.parametrize("holdout", [0.0, 0.25])
def test_rows_that_validate_are_measured_and_not_learned_held_and_read_anew_alike(
    iris_config: Configure, holdout: float
) -> None:
    told = {"eval_files": (), "validation_fraction": 0.2, "holdout": holdout, "patience": 5}
    held, streamed = (iris_config(**told, in_memory_mib=memory) for memory in (256, 0))
    for config in (held, streamed):
        tables = read_tables(config, load_contract(config.schema_file))
        apart = tables.held_out.rows if tables.held_out else 0
        assert (tables.training.rows + apart, tables.evaluation.rows) == (96, 24)
        assert bool(apart) == bool(holdout)
        learned = np.concatenate([piece.numbers for piece in tables.training.pieces()])
        measured = np.concatenate([piece.numbers for piece in tables.evaluation.pieces()])
        assert (len(learned), len(measured)) == (96 - apart, 24)
        assert not {row.tobytes() for row in learned} & {row.tobytes() for row in measured}
    one, other = run(held), run(streamed)
    assert_same_weights(one, other)
    assert one.metrics == other.metrics
    assert one.record["validation fraction"] == 0.2


def test_metrics_of_the_model_that_is_left_are_told_last(iris_config: Configure, tmp_path: Path) -> None:
    config = iris_config(train_steps=200, learning_rate=0.5, patience=2, temperature_scaling=True)
    trained = train(config, load_contract(config.schema_file), metric_file=MetricFile(tmp_path / "metrics"))
    lines = [json.loads(line) for line in (tmp_path / "metrics").read_text().splitlines()]
    assert [line["global_step"] for line in lines[:4]] == ["10", "10", "20", "20"]
    assert lines[-1]["global_step"] == str(trained.steps)
    assert [float(line[name]) for line, name in zip(lines[-2:], trained.metrics, strict=True)] == [
        *trained.metrics.values()
    ]


def test_training_that_leaves_metrics_alone_keeps_no_checkpoint(iris_config: Configure) -> None:
    config = iris_config(metrics_only=True)
    one, other = run(config), run(config)
    assert_same_weights(one, other)
    assert [path.name for path in Path(config.job_dir).iterdir()] == ["logs"]


def test_a_batch_may_be_larger_than_the_table(iris_config: Configure) -> None:
    exact = run(iris_config(train_batch_size=360, train_steps=1))
    for batch_size in (1000, 2**31 - 1):
        larger = run(iris_config(train_batch_size=batch_size, num_epochs=3))
        assert larger.steps == 1
        for ours, theirs in zip(weights(larger), weights(exact), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)


def test_curves_hold_a_point_an_evaluation_and_the_last_is_what_training_returns(iris_config: Configure) -> None:
    import tensorflow as tf
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    config = iris_config(train_steps=25)
    trained = run(config)
    for name in ("train", "eval"):
        events = EventAccumulator(f"{config.logs}/{name}", {"tensors": 0}).Reload()
        for curve in ("loss", "accuracy"):
            assert [event.step for event in events.Tensors(curve)] == [10, 20, 25]
    last = tf.make_ndarray(events.Tensors("loss")[-1].tensor_proto)
    assert trained.metrics["loss"] == pytest.approx(float(last), rel=1e-6)


@pytest.mark.parametrize("in_memory_mib", [512, 0])
def test_training_that_stopped_goes_on_to_the_same_weights(iris_config: Configure, in_memory_mib: int) -> None:
    common = {"dropout": 0.2, "optimizer": "adam", "in_memory_mib": in_memory_mib, "patience": 50}
    whole = run(iris_config(train_steps=30, **common))
    stopped = iris_config(train_steps=10, **common)
    run(stopped)
    continued = run(iris_config(train_steps=30, job_dir=stopped.job_dir, **common))
    assert_same_weights(whole, continued)


@pytest.mark.parametrize(("steps", "between"), [(600, 10), (XLA_FROM_STEPS, 500)])
def test_training_killed_by_force_goes_on_to_the_same_weights(iris_config: Configure, steps: int, between: int) -> None:
    whole = run(iris_config(train_steps=steps, steps_between_evaluations=steps))
    killed = iris_config(train_steps=steps, steps_between_evaluations=between)
    command = [sys.executable, "-m", "trainer.task", "--job-dir", killed.job_dir, "--train-steps", str(steps)]
    command += ["--train-files", *killed.train_files, "--eval-files", *killed.eval_files]
    command += ["--schema", killed.schema_file, "--steps-between-evaluations", str(between)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not list(Path(killed.checkpoints).glob("step-*.npz")):
        assert process.poll() is None, "training ended before its first checkpoint"
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    newest = max(Path(killed.checkpoints).glob("step-*.npz")).name
    assert newest < f"step-{steps:010d}.npz", "training ended before it was killed"
    assert_same_weights(whole, run(killed))


def test_training_that_is_told_to_stop_keeps_all_its_steps_and_goes_on_to_the_same_weights(
    iris_config: Configure,
) -> None:
    told = {"train_steps": 100, "train_batch_size": 6553, "steps_between_evaluations": 100}
    config = iris_config(**told)
    before = signal.getsignal(signal.SIGTERM)

    def tell_once_it_is_heard() -> None:
        while signal.getsignal(signal.SIGTERM) is before:
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=tell_once_it_is_heard).start()
    with pytest.raises(KeyboardInterrupt):
        run(config)
    stopped = max(Path(config.checkpoints).glob("step-*.npz")).name
    assert stopped < "step-0000000100.npz", "training ended before it was stopped"
    assert_same_weights(run(iris_config(**told)), run(config))


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


@pytest.mark.parametrize("steps", [20, XLA_FROM_STEPS])
def test_training_that_diverges_says_so_and_keeps_no_spoilt_checkpoint(iris_config: Configure, steps: int) -> None:
    config = iris_config(optimizer="sgd", learning_rate=1000.0, train_steps=steps)
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


@pytest.mark.parametrize("in_memory_mib", [512, 0])
def test_training_with_rows_held_out_goes_on_to_the_same_weights(iris_config: Configure, in_memory_mib: int) -> None:
    told = {"holdout": 0.2, "optimizer": "adam", "patience": 50, "in_memory_mib": in_memory_mib}
    whole = run(iris_config(train_steps=30, **told))
    assert whole.record["rows held out"] == 21
    stopped = iris_config(train_steps=10, **told)
    run(stopped)
    assert list(Path(stopped.logs).glob("held out/*tfevents*"))
    assert_same_weights(whole, run(iris_config(train_steps=30, job_dir=stopped.job_dir, **told)))


def test_rows_held_out_are_the_same_where_rows_are_read_anew(iris_config: Configure) -> None:
    assert_same_weights(run(iris_config(holdout=0.2)), run(iris_config(holdout=0.2, in_memory_mib=0)))


def test_patience_ends_training_by_the_rows_held_out_and_keeps_the_best(iris_config: Configure) -> None:
    told = {"learning_rate": 0.5, "steps_between_evaluations": 20, "holdout": 0.2}
    trained = run(iris_config(train_steps=5000, patience=3, **told))
    best = trained.record["best step"]
    assert trained.steps == best + 3 * 20
    assert_same_weights(trained, run(iris_config(train_steps=best, **told)))


def test_refit_learns_all_rows_for_the_steps_that_were_best(iris_config: Configure) -> None:
    told = {"learning_rate": 0.5, "steps_between_evaluations": 20}
    config = iris_config(train_steps=5000, holdout=0.2, patience=3, refit=True, **told)
    trained = run(config)
    best = trained.record["best step"]
    assert (trained.steps, trained.record["steps"]) == (best, best)
    assert_same_weights(trained, run(iris_config(train_steps=best, **told)))
    assert_same_weights(trained, run(config))
    for checkpoint in sorted(Path(config.checkpoints).glob("refit/*.npz"))[1:]:
        checkpoint.unlink()
    assert_same_weights(trained, run(config))


def test_refit_without_a_best_step_says_so(iris_config: Configure, caplog: pytest.LogCaptureFixture) -> None:
    trained = run(iris_config(refit=True))
    assert trained.steps == 20
    assert "There is no best step to refit to" in caplog.text


def test_watched_accuracy_is_better_where_it_is_more(iris_config: Configure) -> None:
    trained = run(iris_config(train_steps=60, watched_metric="accuracy", patience=100))
    assert trained.metrics["accuracy"] >= run(iris_config(train_steps=10)).metrics["accuracy"]
    assert trained.record["best step"] > 10


def test_class_of_few_rows_leaves_nothing_to_hold_out(
    iris_config: Configure, mixed_files: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    files = {name: (mixed_files[f"{name.removesuffix('_files')}.csv"],) for name in ("train_files", "eval_files")}
    trained = run(iris_config(**files, schema_file=mixed_files["schema.toml"], holdout=0.2, patience=1))
    assert "Each class has too few training rows to hold out a share of 0.2" in caplog.text
    assert trained.steps == 20
    assert "rows held out" not in trained.record


def test_class_weights_move_the_answers_and_stand_in_the_record(iris_config: Configure) -> None:
    plain, balanced, virginica = (run(iris_config(class_weights=told)) for told in ("", "balanced", "virginica=50"))
    counts = {"setosa": 42, "versicolor": 36, "virginica": 42}
    assert balanced.record["weights of the classes"] == {name: 120 / (3 * count) for name, count in counts.items()}
    assert (balanced.record["class_weights"], "weights of the classes" in plain.record) == ("balanced", False)
    assert virginica.record["weights of the classes"] == {"setosa": 1.0, "versicolor": 1.0, "virginica": 50.0}
    bias = [weights(trained)[-1] for trained in (plain, virginica)]
    assert bias[1][2] - bias[1][:2].max() > bias[0][2] - bias[0][:2].max()


def test_class_weights_for_a_class_that_is_none_are_refused(iris_config: Configure) -> None:
    with pytest.raises(UsageError, match=r'`--class-weights` names the class "rose"'):
        run(iris_config(class_weights="rose=2"))


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
