"""Prediction requests answered by an exported model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from trainer.errors import DataError, ProjectError
from trainer.model.saved_model import SavedModel
from trainer.serving.instances import InstanceReader


class DnnPredictor:
    """Answers `{"instances": [...]}` with a class, its id and the probabilities of all classes for each instance.

    An instance is an object of values by column name, or a text of values in the order of the files. It is held to the
    contract that travels in the model, by the checks that the training tables passed.

    Args:
        model: The model.
    """

    def __init__(self, model: SavedModel) -> None:
        self._model = model
        self._reader = InstanceReader(model.contract)
        self._classes = model.contract.label.classes

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """`{"predictions": [...]}`: for each instance `class`, `class_id` and `probabilities` by class.

        Raises:
            DataError: There are no instances, or some cannot be answered: each by its number, with what was expected.
            ProjectError: The answers are no numbers.
        """
        if "instances" not in request:
            raise DataError(['The body must be an object with a list `instances`, such as {"instances": [{...}]}.'])
        features = self._reader.read(request["instances"])
        answers = self._model.predict(features, ["class_ids", "probabilities"])
        if not np.isfinite(answers["probabilities"]).all():
            raise ProjectError("The model answers with NaN or infinity: it is broken.")
        ids = answers["class_ids"][:, 0].tolist()
        probabilities = answers["probabilities"].tolist()
        return {
            "predictions": [
                {
                    "class": self._classes[class_id],
                    "class_id": class_id,
                    "probabilities": dict(zip(self._classes, row, strict=True)),
                }
                for class_id, row in zip(ids, probabilities, strict=True)
            ]
        }
