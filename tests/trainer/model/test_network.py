from __future__ import annotations

import numpy as np
import pytest

from trainer.config import Hyperparameters, Optimizer
from trainer.model.features import FeatureEncoder
from trainer.model.fitted_columns import FittedCategorical, FittedNumeric
from trainer.model.network import build_classifier, build_optimizer

pytestmark = pytest.mark.tensorflow

NUMBERS = [FittedNumeric(name, None) for name in "abcd"]


def test_network_has_the_layers_and_the_start_of_dnnclassifier() -> None:
    network = build_classifier(FeatureEncoder(NUMBERS), Hyperparameters(), classes=3)
    shapes = [weight.shape for weight in network.get_weights()]
    assert shapes == [(4, 100), (100,), (100, 70), (70,), (70, 48), (48,), (48, 34), (34,), (34, 3), (3,)]
    for kernel, bias in zip(network.get_weights()[::2], network.get_weights()[1::2], strict=True):
        limit = np.sqrt(6 / sum(kernel.shape))
        assert limit * 0.8 < np.abs(kernel).max() <= limit
        assert not bias.any()


def test_start_is_decided_by_the_seed_and_differs_between_layers() -> None:
    same = Hyperparameters(first_layer_size=4, scale_factor=1.0, num_layers=2, seed=5)
    first, second = (build_classifier(FeatureEncoder(NUMBERS), same, 2).get_weights() for _ in range(2))
    np.testing.assert_array_equal(first[0], second[0])
    assert not np.array_equal(first[0], first[2])


def test_embedded_words_join_the_dense_numbers() -> None:
    encoder = FeatureEncoder([FittedNumeric("n", None), FittedCategorical("c", ("x", "y"), True, None, 2)])
    network = build_classifier(encoder, Hyperparameters(num_layers=1, first_layer_size=5), classes=2)
    raw = {"n": np.array([1.0, 1.0], np.float32), "c": np.array(["x", "y"])}
    logits = network(encoder(raw)).numpy()
    assert logits.shape == (2, 2)
    assert not np.array_equal(logits[0], logits[1])


def test_embedded_words_alone_make_a_network() -> None:
    encoder = FeatureEncoder([FittedCategorical("c", ("x", "y"), True, None, 2)])
    network = build_classifier(encoder, Hyperparameters(num_layers=1), classes=2)
    assert network(encoder({"c": np.array(["x"])})).shape == (1, 2)


@pytest.mark.parametrize(
    ("name", "kind"), [("adagrad", "Adagrad"), ("adam", "Adam"), ("sgd", "SGD"), ("rmsprop", "RMSprop")]
)
def test_optimizer_is_the_one_named(name: Optimizer, kind: str) -> None:
    optimizer = build_optimizer(Hyperparameters(optimizer=name, learning_rate=0.125))
    assert type(optimizer).__name__ == kind
    assert float(optimizer.learning_rate.numpy()) == 0.125


def test_adagrad_starts_from_tensorflow_1s_accumulator() -> None:
    assert build_optimizer(Hyperparameters()).initial_accumulator_value == 0.1
