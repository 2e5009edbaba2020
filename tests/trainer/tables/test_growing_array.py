from __future__ import annotations

import numpy as np

from trainer.tables.growing_array import GrowingArray


def test_array_holds_all_rows_in_order() -> None:
    grown = GrowingArray(np.float32, 2)
    rows = np.arange(2000, dtype=np.float64).reshape(1000, 2)
    for start in range(0, 1000, 7):
        grown.extend(rows[start : start + 7])
    assert len(grown) == 1000
    np.testing.assert_array_equal(grown.take_out(), rows.astype(np.float32), strict=True)


def test_room_is_filled_by_who_asks_for_it() -> None:
    grown = GrowingArray(np.int32)
    grown.room_for(3)[:] = [1, 2, 3]
    grown.room_for(0)
    grown.extend(np.array([4]))
    assert grown.take_out().tolist() == [1, 2, 3, 4]


def test_array_that_is_cleared_begins_anew() -> None:
    grown = GrowingArray(np.int32)
    grown.extend(np.arange(10))
    grown.clear()
    grown.extend(np.arange(2))
    assert grown.take_out().tolist() == [0, 1]


def test_array_without_rows_has_their_shape() -> None:
    assert GrowingArray(np.int32, 3).take_out().shape == (0, 3)
