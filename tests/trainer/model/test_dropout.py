from __future__ import annotations

import numpy as np
import pytest

from trainer.model.dropout import dropout_layer

pytestmark = pytest.mark.tensorflow


def test_a_share_of_the_units_is_dropped_and_the_others_make_up_for_it() -> None:
    masked = np.asarray(dropout_layer(0.25, seed=1)(np.ones([200, 100], np.float32), training=True))
    assert (masked == 0).mean() == pytest.approx(0.25, abs=0.02)
    np.testing.assert_allclose(masked[masked != 0], 1 / 0.75, rtol=1e-6)


def test_masks_are_decided_by_the_seed_and_differ_between_steps() -> None:
    ones = np.ones([10, 10], np.float32)
    first, same, other = (dropout_layer(0.5, seed) for seed in (1, 1, 2))
    mask = np.asarray(first(ones, training=True))
    np.testing.assert_array_equal(mask, same(ones, training=True))
    assert not np.array_equal(mask, other(ones, training=True))
    assert not np.array_equal(mask, first(ones, training=True))


def test_nothing_is_dropped_once_training_is_over() -> None:
    numbers = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.testing.assert_array_equal(dropout_layer(0.9, seed=1)(numbers), numbers)
