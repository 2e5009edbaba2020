from __future__ import annotations

import numpy as np
import pytest

from trainer.evaluation.roc_curve import CURVE_POINTS, roc_curve


def scores(rows: int, places: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores of rows of both kinds, better than chance; few decimal places make many ties."""
    random = np.random.default_rng(rows)
    positive, negative = random.beta(3, 2, rows), random.beta(2, 3, rows * 2)
    return positive.round(places).astype(np.float32), negative.round(places).astype(np.float32)


@pytest.mark.parametrize(("rows", "places"), [(1, 3), (7, 1), (30, 8), (600, 2), (600, 8)])
def test_area_is_the_share_of_pairs_in_order_and_points_are_shares_of_rows(rows: int, places: int) -> None:
    positive, negative = scores(rows, places)
    curve = roc_curve(positive, negative)
    assert curve is not None
    pairs = positive[:, np.newaxis] - negative
    assert curve.area == pytest.approx(((pairs > 0) + (pairs == 0) / 2).mean(), abs=1e-12)
    assert len(curve.thresholds) <= CURVE_POINTS
    points = list(zip(*curve.points(), strict=True))
    assert points[0] == (0.0, 0.0, 1.0)
    assert points[-1][:2] == (1.0, 1.0)
    for false_positive, true_positive, threshold in points[1:]:
        assert (false_positive, true_positive) == ((negative >= threshold).mean(), (positive >= threshold).mean())


def test_no_curve_without_rows_of_both_kinds_or_with_a_score_that_is_not_finite() -> None:
    some = np.array([0.5, 0.25], np.float32)
    assert roc_curve(some, some[:0]) is None
    assert roc_curve(some[:0], some) is None
    assert roc_curve(some, np.array([np.nan], np.float32)) is None
