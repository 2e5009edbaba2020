"""Evaluate the exported model and decide whether it may go on."""

from typing import NamedTuple

from kfp import dsl

from components.image import TRAINER_IMAGE


@dsl.component(base_image=TRAINER_IMAGE, install_kfp_package=False)
def evaluate_model(
    model: dsl.Input[dsl.Model],
    eval_dataset: dsl.Input[dsl.Dataset],
    eval_batch_size: int,
    min_accuracy: float,
    min_gain: float,
    promote_on_tie: bool,
    project: str,
    location: str,
    model_name: str,
    metrics: dsl.Output[dsl.Metrics],
    classification: dsl.Output[dsl.ClassificationMetrics],
    report: dsl.Output[dsl.HTML],
    decision: dsl.Output[dsl.Artifact],
    smoke: dsl.Output[dsl.Artifact],
) -> NamedTuple("Outputs", [("passed", bool)]):
    """Scores the very artifact that would be deployed, each evaluation row once, and holds it against the gate's rules.

    Args:
        model: The exported SavedModel.
        eval_dataset: Checked evaluation files.
        eval_batch_size: Rows asked at a time.
        min_accuracy: Accuracy, 0 to 1, below which the model is kept back.
        min_gain: Gain in accuracy over the champion, on the same rows, below which the model is kept back.
        promote_on_tie: Whether a model as good as the champion may replace it.
        project: Google Cloud project of the champion.
        location: Region.
        model_name: Display name of the registry model whose version `champion` is to be beaten.
        metrics: Accuracy, loss, mean recall, AUC; precision, recall and F1 of each class.
        classification: Confusion matrix, and the ROC of all classes pooled.
        report: The evaluation as one self-contained page.
        decision: A JSON record: each rule, its numbers, the rows, the outcome.
        smoke: A few instances with the model's answers, for whoever deploys it.

    Returns:
        passed: Whether the model may go on.
    """
    import json
    from pathlib import Path

    from components.vertex.connection import connect
    from components.vertex.registry import find_champion
    from trainer.evaluation.assessment import Champion, assess_model
    from trainer.evaluation.decision import Gate
    from trainer.evaluation.scores import CLASSES_SHOWN
    from trainer.tables.datasets import stored_files

    found = find_champion(connect(project, location), model_name)
    champion = None if found is None else Champion(found.version_id, found.artifact_uri)
    gate = Gate(min_accuracy, min_gain, promote_on_tie)
    assessment = assess_model(model.path, stored_files(eval_dataset.path), eval_batch_size, gate, champion)
    for name, value in assessment.evaluation.scalars().items():
        metrics.log_metric(name, value)
    if len(assessment.evaluation.classes) <= CLASSES_SHOWN:
        classification.log_confusion_matrix(*assessment.evaluation.confusion_matrix())
    if assessment.evaluation.roc is not None:
        classification.log_roc_curve(*assessment.evaluation.roc.points())
    report.uri += ".html"  # a browser shows the text of a page that is not called so
    Path(report.path).write_text(assessment.report(), encoding="utf-8")
    Path(decision.path).write_text(json.dumps(assessment.to_dict(), indent=2), encoding="utf-8")
    Path(smoke.path).write_text(json.dumps(assessment.smoke), encoding="utf-8")
    decision.metadata.update(passed=assessment.decision.passed, summary=assessment.decision.summary)
    return (assessment.decision.passed,)
