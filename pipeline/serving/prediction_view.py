"""How predictions look on a terminal."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from rich.text import Text

from pipeline.serving.prediction import Answer
from pipeline.text_table import table

# More predictions than these are for a file, and their summary for the terminal.
MOST_SHOWN = 20
_MOST_CLASSES = 6
_MOST_COUNTED = 20
_DOUBTFUL = 3


def answers_table(answers: Sequence[Answer]) -> Text:
    """The predictions, one a row, and which version has answered them."""
    predictions = [prediction for answer in answers for prediction in answer.predictions]
    by = Text("\n").join(Text(_by(answer, alone=len(answers) == 1)) for answer in answers)
    return Text("\n\n").join([_predictions(predictions), by])


def summary(answers: Sequence[Answer]) -> Text:
    """How often each class was answered, where the model is least sure, and which version has answered."""
    predictions = [prediction for answer in answers for prediction in answer.predictions]
    lines = [f"{len(predictions)} predictions."]
    if all(map(is_classification, predictions)):
        counts = Counter(prediction["class"] for prediction in predictions)
        told = ", ".join(f"{name} {count}" for name, count in counts.most_common(_MOST_COUNTED))
        more = f", and {len(counts) - _MOST_COUNTED} more classes" if len(counts) > _MOST_COUNTED else ""
        doubtful = sorted(enumerate(predictions, 1), key=lambda one: probability_of(one[1]))[:_DOUBTFUL]
        named = "; ".join(f"instance {number}, {in_words(prediction)}" for number, prediction in doubtful)
        lines = [f"{len(predictions)} predictions: {told}{more}.", f"Least sure: {named}."]
    return Text("\n").join(map(Text, [*lines, *(_by(answer, alone=len(answers) == 1) for answer in answers)]))


def json_lines(answers: Iterable[Answer]) -> Iterable[str]:
    """Each prediction as JSON, a line each."""
    for answer in answers:
        yield from (json.dumps(_plain(prediction), ensure_ascii=False) for prediction in answer.predictions)


def question_and_answer(endpoint: str, instance: Any, answer: Answer) -> Text:
    """One instance asked of an endpoint, and what it said."""
    asked = instance
    if isinstance(instance, dict):
        asked = ", ".join(f"{name} {_short(value)}" for name, value in instance.items())
    lines = [f"Asked of the endpoint {endpoint}: {asked}", in_words(answer.predictions[0]), _by(answer, alone=True)]
    return Text("\n  ").join(map(Text, lines))


def in_words(prediction: Any) -> str:
    """`versicolor (0.9999)`, where a prediction has a class and probabilities."""
    if not is_classification(prediction):
        return json.dumps(_plain(prediction), ensure_ascii=False)
    return f"{prediction['class']} ({probability_of(prediction):.4f})"


def probability_of(prediction: Any) -> float:
    """The probability of the class that a prediction names."""
    return float(prediction["probabilities"][prediction["class"]])


def _predictions(predictions: Sequence[Any]) -> Text:
    if not all(map(is_classification, predictions)):
        rows = [[str(number), in_words(prediction)] for number, prediction in enumerate(predictions, 1)]
        return table(["Instance", "Prediction"], rows)
    classes = sorted({name for prediction in predictions for name in prediction["probabilities"]})
    shown = classes if len(classes) <= _MOST_CLASSES else []
    rows = []
    for number, prediction in enumerate(predictions, 1):
        probabilities = prediction["probabilities"]
        cells = [probability_of(prediction), *(probabilities.get(name) for name in shown)]
        rows.append([str(number), str(prediction["class"]), *map(_probability, cells)])
    return table(["Instance", "Class", "Probability", *shown], rows, first_to_the_right=2)


def _by(answer: Answer, alone: bool) -> str:
    last = answer.first + len(answer.predictions) - 1
    which = "" if alone else f"Instances {answer.first} to {last}: "
    return f"{which}answered by version {answer.version}, deployment {answer.deployment}."


def is_classification(prediction: Any) -> bool:
    """Whether a prediction has a class and the probabilities of all."""
    return (
        isinstance(prediction, dict)
        and isinstance(prediction.get("probabilities"), dict)
        and prediction.get("class") in prediction["probabilities"]
    )


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _probability(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _plain(value: Any) -> Any:
    """A JSON value with whole numbers as such: they come back as doubles."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
