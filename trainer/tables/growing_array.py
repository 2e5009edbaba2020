"""An array that grows in place: rows that are added never exist twice."""

from __future__ import annotations

import numpy as np

# A full array grows by this part. A larger one would take memory for nothing, a smaller one grow too often.
_GROWTH = 1 / 8


class GrowingArray:
    """Takes rows in.

    Args:
        dtype: Of the rows.
        shape: Of one row.
    """

    def __init__(self, dtype: type[np.generic], *shape: int) -> None:
        self._array = np.empty([0, *shape], dtype)
        self._rows = 0

    def __len__(self) -> int:
        return self._rows

    def extend(self, rows: np.ndarray) -> None:
        """Takes some more rows in."""
        self.room_for(len(rows))[:] = rows

    def room_for(self, count: int) -> np.ndarray:
        """As many more rows, to be filled before the array grows again."""
        start, self._rows = self._rows, self._rows + count
        if self._rows > len(self._array):
            self._resize(int(self._rows * (1 + _GROWTH)))
        return self._array[start : self._rows]

    def clear(self) -> None:
        """Lets go of all rows."""
        self._rows = 0
        self._resize(0)

    def take_out(self) -> np.ndarray:
        """All rows; whoever takes them out may change them, and nothing more is added."""
        self._resize(self._rows)
        return self._array

    def _resize(self, rows: int) -> None:
        # No view is left by then, so that none can look at memory that has moved.
        self._array.resize([rows, *self._array.shape[1:]], refcheck=False)
