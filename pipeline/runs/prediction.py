"""The prediction with which a run ends."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rich.text import Text

from pipeline.config import RunConfig
from pipeline.hints import repeating
from pipeline.runs.record import RunRecord
from trainer.errors import ProjectError


def asked_of_endpoint(config: RunConfig, run: RunRecord, again: Sequence[str], own: Sequence[str]) -> Text:
    """Asks the endpoint for a row of the run's evaluation, and tells what it answers, or why it does not.

    Args:
        config: Names the endpoint.
        run: The run.
        again: The options that lead a command to the same Vertex AI.
        own: Those that the run was submitted with.
    """
    from pipeline.serving.prediction import Endpoint
    from pipeline.serving.prediction_view import question_and_answer
    from pipeline.vertex.errors import in_sentences

    try:
        instance = _first_instance(run)
        with in_sentences(config):
            (answer,) = Endpoint(config).ask([instance])
    except ProjectError as error:
        return Text(f"No prediction: {repeating(str(error), again, own)}")
    return question_and_answer(config.endpoint_name, instance, answer)


def _first_instance(run: RunRecord) -> Any:
    from trainer import storage

    try:
        return json.loads(storage.read_bytes(run.outputs("smoke")[-1].uri))["instances"][0]
    except (OSError, ValueError, LookupError) as error:
        raise ProjectError(f"the run's smoke test cannot be read: {error}.") from error
