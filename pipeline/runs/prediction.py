"""The prediction with which a run ends."""

from __future__ import annotations

import json
from typing import Any

from rich.text import Text

from pipeline.config import RunConfig
from pipeline.runs.record import RunRecord
from trainer.errors import ProjectError


def asked_of_endpoint(config: RunConfig, run: RunRecord) -> Text:
    """Asks the endpoint for a row of the run's evaluation, and tells what it answers, or why it does not."""
    from pipeline.serving.prediction import Endpoint
    from pipeline.serving.prediction_view import question_and_answer
    from pipeline.vertex.errors import in_sentences

    try:
        instance = _first_instance(run)
        with in_sentences(config):
            (answer,) = Endpoint(config).ask([instance])
    except ProjectError as error:
        return Text(f"No prediction: {error}")
    return question_and_answer(config.endpoint_name, instance, answer)


def _first_instance(run: RunRecord) -> Any:
    from trainer import storage

    try:
        return json.loads(storage.read_bytes(run.outputs("smoke")[-1].uri))["instances"][0]
    except (OSError, ValueError, LookupError) as error:
        raise ProjectError(f"the run's smoke test cannot be read: {error}.") from error
