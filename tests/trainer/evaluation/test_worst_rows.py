from __future__ import annotations

import math

import numpy as np
import pytest

from tests.conftest import IrisFiles
from trainer.contract import load_contract
from trainer.evaluation.worst_rows import MOST, WorstRows
from trainer.tables import Batch

NAMES = ("SepalLength", "SepalWidth", "PetalLength", "PetalWidth")


def test_worst_rows_are_found_wherever_they_stand(iris_files: IrisFiles) -> None:
    worst = WorstRows(load_contract(str(iris_files.schema)))
    right, wrong = [0.9, 0.1, 0.0], [0.25, 0.75, 0.0]
    for start, answers in ((0, [right, wrong]), (2, [right] * MOST), (2 + MOST, [[0.0, 0.0, 1.0]])):
        values = np.arange(start, start + len(answers), dtype=np.float32)
        batch = Batch(dict.fromkeys(NAMES, values), np.zeros(len(answers), np.int64))
        worst.see(batch, np.array(answers, np.float32))
    found = worst.found()
    assert len(found) == MOST
    assert [one.row for one in found[:4]] == [3 + MOST, 2, 1, 3]
    assert (found[0].answer, found[0].probability, found[0].confidence) == ("virginica", 0.0, 1.0)
    assert (found[1].label, found[1].answer, found[1].probability) == ("setosa", "versicolor", 0.25)
    assert found[1].loss == pytest.approx(math.log(4))
    assert found[1].instance == dict.fromkeys(NAMES, 1.0)
