from __future__ import annotations

import numpy as np

from tests.conftest import IrisFiles
from trainer.contract import load_contract
from trainer.evaluation.smoke_test import SmokeTest
from trainer.tables import Batch


def batch(*labels: int) -> Batch:
    """Rows that are all numbers of their labels, so that they can be told from each other."""
    names = ("SepalLength", "SepalWidth", "PetalLength", "PetalWidth")
    return Batch({name: np.array(labels, np.float32) for name in names}, np.array(labels))


def test_smoke_test_picks_the_first_rows_of_each_class_wherever_they_stand(iris_files: IrisFiles) -> None:
    test = SmokeTest(load_contract(str(iris_files.schema)))
    test.see(batch(2, 2, 2), np.array([[0, 0, 1], [0, 0, 0.75], [0, 0, 0.5]], np.float32))
    test.see(batch(0, 2), np.array([[1, 0, 0], [0, 1, 0]], np.float32))
    picked = test.to_dict()
    assert [one["PetalWidth"] for one in picked["instances"]] == [0, 2, 2]
    assert [list(one.values()) for one in picked["probabilities"]] == [[1, 0, 0], [0, 0, 1], [0, 0, 0.75]]
    assert list(picked["probabilities"][0]) == ["setosa", "versicolor", "virginica"]
