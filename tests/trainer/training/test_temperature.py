from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from trainer.config import TrainingConfig
from trainer.contract import load_contract
from trainer.training.temperature import LEAST, MOST, fit_temperature
from trainer.training.train import train


def drawn(temperature: float, rows: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are `temperature` times too large for how often they are right."""
    random = np.random.default_rng(0)
    logits = random.normal(size=(rows, 3)) * 2
    odds = np.exp(logits)
    labels = (random.random((rows, 1)) > np.cumsum(odds / odds.sum(axis=1, keepdims=True), axis=1)).sum(axis=1)
    return (logits * temperature).astype(np.float32), labels.clip(0, 2)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_temperature_is_that_by_which_logits_are_too_sure(temperature: float) -> None:
    assert fit_temperature(*drawn(temperature)) == pytest.approx(temperature, rel=0.05)


def test_rows_that_are_all_right_ask_for_no_answers_without_doubt() -> None:
    logits = np.eye(3, dtype=np.float32)[[0, 1, 2] * 10]
    few = fit_temperature(logits, np.array([0, 1, 2] * 10))
    # By Laplace's rule a row that is right is so with (30 + 1) of (30 + 3).
    assert np.exp(1 / few) / (np.exp(1 / few) + 2) == pytest.approx(31 / 33, rel=1e-3)


def test_temperature_stays_within_bounds() -> None:
    sure = 100 * np.eye(2, dtype=np.float32)
    assert fit_temperature(sure, np.array([1, 0])) == pytest.approx(MOST)
    assert fit_temperature(np.float32(1e-3) * np.eye(2, dtype=np.float32), np.array([0, 1])) == pytest.approx(LEAST)


@pytest.mark.tensorflow
def test_scaled_model_answers_the_same_classes_with_less_loss(iris_config: Callable[..., TrainingConfig]) -> None:
    plain = iris_config(train_steps=200, steps_between_evaluations=100)
    scaled = plain.model_copy(update={"temperature_scaling": True})
    contract = load_contract(plain.schema_file)
    before, after = train(plain, contract), train(scaled, contract)
    temperature = after.record["temperature"]
    assert "temperature" not in before.record
    ours, theirs = before.network.get_weights(), after.network.get_weights()
    for one, other in zip(ours[:-2], theirs[:-2], strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(ours[-2:], theirs[-2:], strict=True):
        np.testing.assert_allclose(one / temperature, other, rtol=1e-6)
    assert after.metrics["accuracy"] == before.metrics["accuracy"]
    assert after.metrics["loss"] != before.metrics["loss"]
