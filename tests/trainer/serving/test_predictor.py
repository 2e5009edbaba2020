"""What no model of this project answers: no numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.conftest import IrisFiles
from tests.trainer.malformed import FLOWER
from trainer.contract import load_contract
from trainer.errors import ProjectError
from trainer.serving.predictor import DnnPredictor


@pytest.mark.parametrize("probability", [math.nan, math.inf])
def test_answer_holds_numbers_alone(iris_files: IrisFiles, probability: float) -> None:
    class Broken:
        contract = load_contract(str(iris_files.schema))

        def predict(self, features: dict[str, np.ndarray], outputs: list[str]) -> dict[str, np.ndarray]:
            assert len(features["PetalWidth"]) == 1
            answers = {"class_ids": [[1]], "probabilities": [[0.1, 0.9, probability]]}
            return {name: np.array(answers[name]) for name in outputs}

    model: Any = Broken()
    with pytest.raises(ProjectError, match="The model answers with NaN or infinity: it is broken"):
        DnnPredictor(model).answer({"instances": [FLOWER]})
