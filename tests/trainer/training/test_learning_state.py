from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from trainer.config import Hyperparameters, Optimizer
from trainer.model.fitted_columns import FittedCategorical, FittedNumeric
from trainer.model.row_layout import RowLayout
from trainer.training.chunks import ChunkFeed, chunk_of
from trainer.training.encoded_rows import EncodedRows, recut
from trainer.training.learning_state import LearningState
from trainer.training.step_plan import StepPlan

pytestmark = pytest.mark.tensorflow

LAYERS = ("hiddenlayer_0", "hiddenlayer_1", "hiddenlayer_2", "hiddenlayer_3", "logits")
# Weights of TF 1's DNNClassifier on the tutorial's training rows in file order, batches of 40, its own defaults.
TRACE = Path(__file__).with_name("dnnclassifier_trace.npz")
IRIS = Path(__file__).resolve().parents[3] / "data" / "iris_training.csv"
# One column of each kind: a number, a word that becomes one-hot, a word that is embedded.
MIXED = RowLayout(
    [
        FittedCategorical("colour", ("red", "green", "blue"), False, None, 0),
        FittedNumeric("size", None),
        FittedCategorical("town", ("Bonn", "Ulm"), True, None, 2),
    ]
)


def iris_rows() -> EncodedRows:
    """The training rows in file order, their columns sorted by name as DNNClassifier sorts them."""
    table = np.loadtxt(IRIS, np.float32, delimiter=",", skiprows=1)
    return EncodedRows(table[:, [2, 3, 0, 1]], np.zeros([120, 0], np.int32), table[:, 4].astype(np.int32))


def mixed_rows(count: int) -> EncodedRows:
    """Rows whose class shows in each of their columns, but for some noise."""
    random = np.random.default_rng(5)
    labels = random.integers(0, 3, count, np.int32)
    noisy = np.where(random.random([2, count]) < 0.2, random.integers(0, 3, [2, count]), labels)
    numbers = (labels + random.normal(0, 0.5, count)).astype(np.float32)[:, np.newaxis]
    return EncodedRows(numbers, noisy.T.astype(np.int32), labels)


def feed(rows: EncodedRows, epochs: int, plan: StepPlan) -> ChunkFeed:
    pieces = recut(itertools.repeat(rows, epochs), plan.chunk_rows)
    return ChunkFeed((chunk_of(piece, plan.chunk_rows) for piece in pieces), plan.batch_size)


def new_state(layout: RowLayout, plan: StepPlan, **told: object) -> LearningState:
    from trainer.model.network import build_classifier, build_optimizer

    told = {"first_layer_size": 8, "num_layers": 2} | told
    hyperparameters = Hyperparameters.model_validate(told)
    network = build_classifier(layout, hyperparameters, 3)
    return LearningState(network, build_optimizer(hyperparameters), layout, plan)


@pytest.mark.parametrize("xla", [False, True])
def test_steps_equal_dnnclassifiers(xla: bool) -> None:
    plan = StepPlan(batch_size=40, chunk_rows=400, xla=xla)
    layout = RowLayout([FittedNumeric(name, None) for name in "abcd"])
    state = new_state(layout, plan, first_layer_size=100, num_layers=4)
    trace = np.load(TRACE)
    for layer in LAYERS:
        kernel_and_bias = [trace[f"step0/dnn/{layer}/{part}"] for part in ("kernel", "bias")]
        state.network.get_layer(layer).set_weights(kernel_and_bias)
    steps = feed(iris_rows(), 40, plan)
    for before, step in itertools.pairwise((0, 1, 10, 100)):
        state.train(steps.take(step - before))
        for layer in LAYERS:
            for part, ours in zip(("kernel", "bias"), state.network.get_layer(layer).get_weights(), strict=True):
                np.testing.assert_allclose(ours, trace[f"step{step}/dnn/{layer}/{part}"], rtol=0, atol=1e-4)


def weights_after(layout: RowLayout, rows: EncodedRows, plan: StepPlan, *stretches: int, **told: object) -> np.ndarray:
    """All weights in a row, after so many steps at a time."""
    state = new_state(layout, plan, **told)
    steps = feed(rows, 20, plan)
    for count in stretches:
        state.train(steps.take(count))
    return np.concatenate([weight.ravel() for weight in state.network.get_weights()])


@pytest.mark.parametrize("xla", [False, True])
def test_weights_depend_neither_on_the_size_of_chunks_nor_on_how_steps_are_grouped(xla: bool) -> None:
    rows, told = mixed_rows(50), {"dropout": 0.3, "optimizer": "adam"}
    whole = weights_after(MIXED, rows, StepPlan(10, 200, xla), 30, **told)
    for chunk_rows, stretches in ((10, (30,)), (70, (1, 9, 20))):
        other = weights_after(MIXED, rows, StepPlan(10, chunk_rows, xla), *stretches, **told)
        np.testing.assert_array_equal(whole, other)


def test_xla_and_tensorflow_drop_the_same_units() -> None:
    rows, told = mixed_rows(50), {"dropout": 0.3, "learning_rate": 0.01}
    with_xla, without = (weights_after(MIXED, rows, StepPlan(10, 200, xla), 30, **told) for xla in (True, False))
    np.testing.assert_allclose(with_xla, without, rtol=0, atol=2e-5)


@pytest.mark.parametrize("optimizer", ["adagrad", "adam", "sgd", "rmsprop"])
def test_steps_are_the_optimizers_own_with_xla_and_without(optimizer: Optimizer) -> None:
    import tensorflow as tf

    plan, rows, told = StepPlan(15, 30), mixed_rows(50), {"optimizer": optimizer, "learning_rate": 0.01}
    reference = new_state(MIXED, plan, **told)
    network, loss = reference.network, tf.nn.sparse_softmax_cross_entropy_with_logits
    for start in range(0, 50, 15):  # the last batch has five rows
        batch = rows.between(start, start + 15)
        with tf.GradientTape() as tape:
            summed = tf.reduce_sum(loss(batch.labels, network(MIXED.expand(batch.numbers, batch.ids))))
        gradients = tape.gradient(summed, network.trainable_variables)
        reference.optimizer.apply(gradients, network.trainable_variables)
    for xla in (False, True):
        state = new_state(MIXED, StepPlan(15, 30, xla), **told)
        state.train(feed(rows, 1, state.plan).take(4))
        for ours, theirs in zip(state.network.get_weights(), network.get_weights(), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-5)


@pytest.mark.parametrize("xla", [False, True])
def test_training_tells_the_loss_and_accuracy_that_an_evaluation_of_the_rows_tells(xla: bool) -> None:
    rows = mixed_rows(50)
    state = new_state(MIXED, StepPlan(20, 60, xla), optimizer="sgd", learning_rate=1e-9)
    measured = state.evaluate([chunk_of(rows.between(0, 30), 30), chunk_of(rows.between(30, 50), 20)])
    assert state.train(feed(rows, 1, state.plan).take(3)) == pytest.approx(measured, rel=1e-5)
    logits = state.network(MIXED.expand(rows.numbers, rows.ids)).numpy()
    assert measured["accuracy"] == pytest.approx((logits.argmax(axis=1) == rows.labels).mean())


@pytest.mark.parametrize("xla", [False, True])
def test_state_that_was_copied_goes_on_elsewhere_to_the_same_weights(xla: bool) -> None:
    plan, rows, told = StepPlan(10, 50, xla), mixed_rows(50), {"dropout": 0.3, "optimizer": "adam"}
    first, second = new_state(MIXED, plan, **told), new_state(MIXED, plan, **told)
    steps = feed(rows, 4, plan)
    first.train(steps.take(5))
    second.restore(first.arrays())
    first.train(steps.take(10))
    second.train(feed(rows, 4, plan).take(10))
    for ours, theirs in zip(first.arrays().values(), second.arrays().values(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_getting_ready_changes_nothing() -> None:
    state = new_state(MIXED, StepPlan(10, 50, xla=True), dropout=0.3, optimizer="adam")
    before = state.arrays()
    state.get_ready()
    for name, array in state.arrays().items():
        np.testing.assert_array_equal(array, before[name])


def test_weight_decay_shrinks_kernels_and_leaves_biases() -> None:
    from trainer.model.network import build_optimizer

    plan = StepPlan(40, 120)
    told = {"optimizer": "sgd", "learning_rate": 0.01}
    plain, decayed = (new_state(MIXED, plan, **told, weight_decay=decay) for decay in (0.0, 2.0))
    before = [variable.numpy() for variable in plain.network.trainable_variables]
    for state in (plain, decayed):
        state.train(feed(mixed_rows(40), 1, plan).take(1))
    for variable, other, start in zip(
        plain.network.trainable_variables, decayed.network.trainable_variables, before, strict=True
    ):
        shrunk = 0.0 if "bias" in variable.path else 0.01 * 2.0 * start
        np.testing.assert_allclose(other.numpy(), variable.numpy() - shrunk, atol=1e-6)
    assert build_optimizer(Hyperparameters()).weight_decay is None


def test_weights_of_classes_multiply_the_losses_of_their_rows_and_no_others() -> None:
    from trainer.model.network import build_classifier, build_optimizer

    told = Hyperparameters(first_layer_size=8, num_layers=2, optimizer="sgd")
    plan, rows = StepPlan(60, 60), mixed_rows(60)
    network = build_classifier(MIXED, told, 3)
    state = LearningState(network, build_optimizer(told), MIXED, plan, [1.0, 2.0, 4.0])
    losses = {}
    for label in range(3):
        theirs = rows.at(np.flatnonzero(rows.labels == label))
        chunk = chunk_of(theirs, len(theirs))
        losses[label] = [state.evaluate([chunk], weighted=weighted)["loss"] for weighted in (False, True)]
    assert {label: one[1] / one[0] for label, one in losses.items()} == pytest.approx({0: 1.0, 1: 2.0, 2: 4.0})
    counts = np.bincount(rows.labels)
    learned = state.train(feed(rows, 1, plan).take(1))
    assert learned["loss"] == pytest.approx(sum(losses[label][1] * counts[label] for label in range(3)) / 60, rel=1e-5)
