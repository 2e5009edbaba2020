"""What is wrong with a set of tables: counted exactly, remembered as far as it is shown."""

from __future__ import annotations

import bisect
import operator
from collections.abc import Callable

from trainer.errors import PROBLEMS_SHOWN, DataError

NOWHERE = 1 << 62


class Problems:
    """Problems in the order of file, line and column, whatever the order in which they are found.

    Millions of bad cells cost no memory: only the first ones are put into words.

    Attributes:
        total: How many problems there are.
    """

    def __init__(self) -> None:
        self.total = 0
        self._first: list[tuple[tuple[int, int, int], str]] = []

    def add(self, file: int, line: int, column: int, sentence: Callable[[], str]) -> None:
        """Counts one problem and, where it is among the first, remembers its sentence.

        Args:
            file: Position of the file among the files read; `NOWHERE` for a problem of all of them.
            line: Physical line in it, from 1; `NOWHERE` for a problem of the whole file.
            column: Position of the column in the file, from 0.
            sentence: Called only if the sentence is going to be shown.
        """
        self.total += 1
        place = (file, line, column)
        if len(self._first) == PROBLEMS_SHOWN:
            if place >= self._first[-1][0]:
                return
            self._first.pop()
        bisect.insort(self._first, (place, sentence()), key=operator.itemgetter(0))

    def count(self, more: int) -> None:
        """Counts problems that lie behind all those already remembered and would not be shown."""
        self.total += more

    def extend(self, later: Problems) -> None:
        """Takes over the problems of tables that are listed after these."""
        self.total += later.total
        room = PROBLEMS_SHOWN - len(self._first)
        self._first += [((NOWHERE, NOWHERE, 0), sentence) for _, sentence in later._first[:room]]

    def raise_if_any(self) -> None:
        """Ends the reading.

        Raises:
            DataError: There is a problem; all are counted, the first ones listed.
        """
        if self.total:
            raise DataError([sentence for _, sentence in self._first], self.total)
