"""How much the rows of each class count in training."""

from __future__ import annotations

from collections.abc import Mapping

from trainer.config import BALANCED, read_class_weights
from trainer.errors import UsageError, nearest, quoted


def weights_of_classes(setting: str, class_counts: Mapping[str, int]) -> dict[str, float]:
    """The weight of a row by its class; empty where all count alike.

    Args:
        setting: As `Hyperparameters.class_weights`: empty, `balanced`, or pairs such as `yes=5,no=1`; classes that are
            not named count 1.
        class_counts: Training rows by class, in the order of the ids, each at least 1.

    Returns:
        By class. `balanced` is rows / (classes * rows of the class), as scikit-learn has it: all classes weigh alike
        together, and the mean of all rows is 1.

    Raises:
        UsageError: A class is named that there is not.
    """
    if not setting:
        return {}
    if setting == BALANCED:
        rows = sum(class_counts.values())
        return {name: rows / (len(class_counts) * count) for name, count in class_counts.items()}
    named = read_class_weights(setting)
    unknown = [name for name in named if name not in class_counts]
    if unknown:
        known = ", ".join(map(quoted, class_counts))
        raise UsageError(
            f"`--class-weights` names the class {quoted(unknown[0])}, which the data contract has not."
            f"{nearest(unknown[0], class_counts)} Its classes are {known}."
        )
    return {name: named.get(name, 1.0) for name in class_counts}
