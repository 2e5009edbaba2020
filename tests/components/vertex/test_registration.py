"""From a decision record to the evaluation of a version."""

from __future__ import annotations

from components.vertex.registration import classification_metrics, short_commit

DECISION = {
    "metrics": {"accuracy": 0.9, "loss": 0.25, "auc": 0.75, "auc_pooled": 0.9},
    "classes": ["a", "b"],
    "confusion_matrix": [{"row": [9, 1]}, {"row": [1, 9]}],
}


def test_classification_metrics_leave_out_what_is_not_known() -> None:
    assert classification_metrics(DECISION) == {
        "accuracy": 0.9,
        "logLoss": 0.25,
        "auRoc": 0.9,
        "confusionMatrix": {
            "annotationSpecs": [{"id": "0", "displayName": "a"}, {"id": "1", "displayName": "b"}],
            "rows": [{"row": [9, 1]}, {"row": [1, 9]}],
        },
    }


def test_short_commit_keeps_the_mark_of_a_dirty_folder() -> None:
    assert short_commit("0123456789abcdef" * 2) == "0123456789ab"
    assert short_commit(f"{'0123456789abcdef' * 2}-dirty") == "0123456789ab-dirty"
    assert short_commit("") == ""
