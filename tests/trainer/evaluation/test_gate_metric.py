from __future__ import annotations

import re

import pytest

from trainer.errors import UsageError
from trainer.evaluation.gate_metric import SPELLINGS, GateMetric, parse_gate_metric


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("accuracy", "Accuracy"),
        ("balanced_accuracy", "Balanced accuracy"),
        ("macro_f1", "Macro F1"),
        ("recall:CLASS", "Recall of CLASS"),
        ("precision:CLASS", "Precision of CLASS"),
        ("auc", "AUC"),
        ("log_loss", "Log loss"),
    ],
)
def test_metric_is_read_and_spelt_again(text: str, title: str) -> None:
    assert text in SPELLINGS
    metric = parse_gate_metric(text)
    assert (str(metric), metric.title, metric.less_is_better) == (text, title, text == "log_loss")


def test_class_may_hold_whatever_a_class_may() -> None:
    assert parse_gate_metric("recall:a: b") == GateMetric("recall", "a: b")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("f1", "must be accuracy, balanced_accuracy, macro_f1, recall:CLASS, precision:CLASS, auc or log_loss"),
        ("", "must be accuracy, "),
        ("recall", "must name a class: recall:CLASS"),
        ("precision:", "must name a class: precision:CLASS"),
        ("auc:yes", "must be auc alone: it is a metric of all classes"),
    ],
)
def test_what_is_no_metric_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}"):
        parse_gate_metric(text)


def test_place_is_the_id_of_the_class_and_strangers_are_refused() -> None:
    assert GateMetric("recall", "yes").place_in(["no", "yes"]) == 1
    assert GateMetric("auc").place_in(["no", "yes"]) == 0
    with pytest.raises(UsageError) as refused:
        GateMetric("recall", "Yes").place_in(["no", "yes"])
    assert str(refused.value) == (
        '`gate_metric` "recall:Yes" names a class that the data contract does not have. Did you mean "yes"? '
        'Name "no" or "yes".'
    )
