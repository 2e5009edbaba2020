"""Evaluate the exported model and decide whether it may go on."""

from typing import NamedTuple

from kfp import dsl

from components.image import TRAINER_IMAGE


@dsl.component(base_image=TRAINER_IMAGE, install_kfp_package=False)
def evaluate_model(
    model: dsl.Input[dsl.Model],
    eval_dataset: dsl.Input[dsl.Dataset],
    eval_batch_size: int,
    gate_metric: str,
    min_accuracy: float,
    gate_threshold: float,
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
        gate_metric: What the model is judged by: accuracy, balanced_accuracy, macro_f1, recall:CLASS, precision:CLASS,
            auc or log_loss.
        min_accuracy: Accuracy, 0 to 1, below which the model is kept back, where it is judged by that.
        gate_threshold: What another metric must be at least, and log_loss at most; 0 asks for nothing.
        min_gain: Gain over the champion in the metric, on the same rows, below which the model is kept back.
        promote_on_tie: Whether a model as good as the champion may replace it.
        project: Google Cloud project of the champion.
        location: Region.
        model_name: Display name of the registry model whose version `champion` is to be beaten.
        metrics: Accuracy, loss, mean recall, macro F1, AUC, calibration error; precision, recall and F1 of each class.
        classification: Confusion matrix, and the ROC of all classes pooled.
        report: The evaluation as one self-contained page.
        decision: A JSON record: each rule, its numbers, the rows, the outcome; what the model leans on, its worst rows,
            its calibration.
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
    from trainer.evaluation.gate_metric import ACCURACY, parse_gate_metric
    from trainer.evaluation.scores import CLASSES_SHOWN
    from trainer.tables.datasets import stored_files

    found = find_champion(connect(project, location), model_name)
    champion = None if found is None else Champion(found.version_id, found.artifact_uri)
    metric = parse_gate_metric(gate_metric)
    threshold = min_accuracy if metric == ACCURACY else gate_threshold
    gate = Gate(threshold, min_gain, promote_on_tie, metric)
    assessment = assess_model(model.path, stored_files(eval_dataset.path), eval_batch_size, gate, champion)
    for name, value in assessment.scalars().items():
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
