"""How many predictions are right, of a table that tells the truth."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from pipeline.serving.prediction_view import is_classification

# The least probability that a logarithm is taken of: that of a double.
_LEAST = 1e-15
_MOST_CONFUSIONS = 3


def score_text(predictions: Sequence[Any], truths: Sequence[str]) -> str:
    """Accuracy, log loss and the commonest confusions; empty where no truth is known.

    Args:
        predictions: What the model answered.
        truths: The class of each instance; empty where it is not known.
    """
    known = [
        (prediction, truth)
        for prediction, truth in zip(predictions, truths, strict=False)
        if truth and is_classification(prediction)
    ]
    if not known:
        return ""
    right = sum(prediction["class"] == truth for prediction, truth in known)
    losses = [-math.log(max(prediction["probabilities"].get(truth, 0.0), _LEAST)) for prediction, truth in known]
    share, loss = right / len(known), sum(losses) / len(known)
    told = [f"Against the label's column: {right} of {len(known)} right, accuracy {share:.4f}, log loss {loss:.4f}."]
    wrong = Counter((truth, prediction["class"]) for prediction, truth in known if prediction["class"] != truth)
    if wrong:
        named = "; ".join(
            f"{count} {truth} taken for {answer}" for (truth, answer), count in wrong.most_common(_MOST_CONFUSIONS)
        )
        told.append(f"Wrong answers: {named}{'.' if len(wrong) <= _MOST_CONFUSIONS else ', and others.'}")
    if len(known) < len(predictions):
        told.append(f"{len(predictions) - len(known)} rows have no class in the label's column, and are not counted.")
    return "\n".join(told)
