"""How many rows of each class files hold, and all that is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trainer.contract import Contract
from trainer.errors import DataError
from trainer.tables import expand, read_rows


def count_classes(patterns: Sequence[str], contract: Contract) -> tuple[dict[str, dict[str, int]], list[str], int]:
    """Reads tables, each by itself.

    Args:
        patterns: Paths, globs or URLs.
        contract: What they must hold.

    Returns:
        Rows by class, for each file that keeps the contract; the first problems of the others, in the order of the
        files; and how many problems there are in all.

    Raises:
        DataError: No file matches.
    """
    counted, problems, total = {}, list[str](), 0
    for url in expand(patterns):
        counts = np.zeros(len(contract.label.classes), np.int64)
        try:
            for rows in read_rows([url], contract):
                counts += np.bincount(rows.labels, minlength=len(counts))
        except DataError as error:
            problems += error.problems
            total += error.total
        else:
            counted[url] = dict(zip(contract.label.classes, counts.tolist(), strict=True))
    return counted, problems, total
