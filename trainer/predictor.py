"""The Custom Prediction Routine that serves an exported model."""

from __future__ import annotations

from typing import Any

import numpy as np
from fastapi import HTTPException
from google.cloud.aiplatform.prediction.predictor import Predictor

from trainer.errors import DataError
from trainer.instances import InstanceReader
from trainer.saved_model import SavedModel

BAD_REQUEST = 400


class DnnPredictor(Predictor):
    """Answers `{"instances": [...]}` with a class, its id and the probabilities of all classes for each instance.

    An instance is an object of values by column name, or a text of values in the order of the files. It is held to the
    contract that travels in the model, by the checks that the training tables passed.
    """

    def load(self, artifacts_uri: str, **kwargs: Any) -> None:  # noqa: ARG002 - the SDK's signature
        """Loads the model.

        Args:
            artifacts_uri: Where the SavedModel is: gs://, or a local folder.
            kwargs: Not used.
        """
        self._model = SavedModel(artifacts_uri.rstrip("/"))
        self._reader = InstanceReader(self._model.contract)
        self._classes = self._model.contract.label.classes

    def preprocess(self, prediction_input: Any) -> dict[str, np.ndarray]:
        """Checks a request.

        Raises:
            HTTPException: 400, with every instance that cannot be answered and what was expected.
        """
        if not isinstance(prediction_input, dict) or "instances" not in prediction_input:
            raise _refusal('The body must be an object with a list `instances`, such as {"instances": [{...}]}.')
        try:
            return self._reader.read(prediction_input["instances"])
        except DataError as error:
            raise _refusal(str(error)) from error

    def predict(self, instances: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Asks the model; arrays [N] in, the outputs of the signature `predict` out."""
        return self._model.predict(instances)

    def postprocess(self, prediction_results: dict[str, np.ndarray]) -> dict[str, Any]:
        """`{"predictions": [...]}`: for each instance `class`, `class_id` and `probabilities` by class."""
        ids = prediction_results["class_ids"][:, 0].tolist()
        probabilities = prediction_results["probabilities"].tolist()
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


def _refusal(sentence: str) -> HTTPException:
    return HTTPException(status_code=BAD_REQUEST, detail=sentence)
