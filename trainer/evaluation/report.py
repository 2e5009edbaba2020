"""The evaluation as one HTML page that needs nothing else: no script, no font, no network."""

from __future__ import annotations

import math
from typing import Any

from trainer.evaluation.decision import Decision
from trainer.evaluation.insight import Insight
from trainer.evaluation.roc_curve import RocCurve
from trainer.evaluation.scores import CLASSES_SHOWN, Evaluation

# A page with a plot for each of a thousand classes helps nobody.
CURVES_SHOWN = 24


def render_report(
    title: str, subtitle: str, evaluation: Evaluation, decision: Decision, insight: Insight | None
) -> str:
    """The page.

    Args:
        title: Heading, such as the model's name.
        subtitle: One sentence under it.
        evaluation: The scores.
        decision: The gate's outcome.
        insight: What else is told of the model, if anything is.

    Returns:
        HTML; every name in it is escaped.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("trainer.evaluation", "."), autoescape=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["zip"] = zip
    tiles = [
        ("accuracy", evaluation.accuracy),
        ("loss", evaluation.loss),
        ("mean recall", evaluation.mean_recall),
    ]
    if evaluation.auc is not None:
        tiles.append(("AUC", evaluation.auc))
    if insight is not None:
        tiles.append(("calibration error", insight.calibration.error))
    return environment.get_template("report.html.jinja").render(
        title=title,
        subtitle=subtitle,
        evaluation=evaluation,
        decision=decision,
        insight=None if insight is None else insight.to_dict(),
        tiles=[(name, f"{value:.4f}" if math.isfinite(value) else "not finite") for name, value in tiles],
        classes_shown=CLASSES_SHOWN,
        curves={
            "pooled": _curve(evaluation.roc),
            "classes": [(score.name, _curve(score.roc)) for score in evaluation.classes[:CURVES_SHOWN]],
        },
    )


def _curve(roc: RocCurve | None) -> dict[str, Any] | None:
    if roc is None:
        return None
    return {
        "area": roc.area,
        "points": list(zip(roc.false_positive_rate, roc.true_positive_rate, strict=True)),
    }
