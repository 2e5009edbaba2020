"""The metric that the gate holds a model against, by the name that a user writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trainer.errors import UsageError, nearest, one_of, quoted

_TITLES = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "macro_f1": "Macro F1",
    "recall": "Recall",
    "precision": "Precision",
    "auc": "AUC",
    "log_loss": "Log loss",
}
OF_ONE_CLASS = ("recall", "precision")
SPELLINGS = tuple(f"{name}:CLASS" if name in OF_ONE_CLASS else name for name in _TITLES)


@dataclass(frozen=True)
class GateMetric:
    """What a model is judged by.

    Attributes:
        name: `accuracy`; `balanced_accuracy`, the mean recall of the classes that have rows; `macro_f1`, the mean F1 of
            the classes that rows or answers have; `recall` or `precision` of one class; `auc`, the mean over the
            classes of the area under the ROC curve of the class against the rest, which with two classes is the area;
            `log_loss`, the mean cross-entropy in nats.
        of_class: The class, of `recall` and `precision`.
    """

    name: str = "accuracy"
    of_class: str = ""

    def __str__(self) -> str:
        return f"{self.name}:{self.of_class}" if self.of_class else self.name

    @property
    def title(self) -> str:
        """What sentences begin with."""
        return f"{_TITLES[self.name]} of {self.of_class}" if self.of_class else _TITLES[self.name]

    @property
    def less_is_better(self) -> bool:
        """Whether a good model has a low value."""
        return self.name == "log_loss"

    def place_in(self, classes: Sequence[str]) -> int:
        """The id of its class; 0 where it is a metric of all.

        Args:
            classes: Those of the data contract.

        Raises:
            UsageError: Its class is not among them.
        """
        if not self.of_class:
            return 0
        if self.of_class not in classes:
            raise UsageError(
                f"`gate_metric` {quoted(str(self))} names a class that the data contract does not have."
                f"{nearest(self.of_class, classes)} Name {one_of(classes)}."
            )
        return classes.index(self.of_class)


ACCURACY = GateMetric()


def parse_gate_metric(text: str) -> GateMetric:
    """Reads `accuracy`, `recall:CLASS` and the like.

    Raises:
        ValueError: It is no metric; the message completes "`gate_metric` ...".
    """
    name, colon, of_class = text.partition(":")
    if name not in _TITLES:
        raise ValueError(f"must be {', '.join(SPELLINGS[:-1])} or {SPELLINGS[-1]}")
    if name in OF_ONE_CLASS and not of_class:
        raise ValueError(f"must name a class: {name}:CLASS")
    if colon and name not in OF_ONE_CLASS:
        raise ValueError(f"must be {name} alone: it is a metric of all classes")
    return GateMetric(name, of_class)
