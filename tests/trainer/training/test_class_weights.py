from __future__ import annotations

import pytest

from trainer.errors import UsageError
from trainer.training.class_weights import weights_of_classes

COUNTS = {"no": 90, "yes": 10}


def test_rows_count_alike_unless_something_is_said() -> None:
    assert weights_of_classes("", COUNTS) == {}


def test_balanced_classes_weigh_alike_and_rows_one_in_the_mean() -> None:
    weights = weights_of_classes("balanced", COUNTS)
    assert weights == pytest.approx({"no": 100 / 180, "yes": 5.0})
    assert sum(weights[name] * count for name, count in COUNTS.items()) == pytest.approx(100)


def test_named_classes_get_their_weight_and_the_others_one() -> None:
    assert weights_of_classes("yes=5", COUNTS) == {"no": 1.0, "yes": 5.0}
    assert weights_of_classes(' "a,b=2", c=d=.5', {"a,b": 1, "c=d": 1}) == {"a,b": 2.0, "c=d": 0.5}


def test_class_that_the_contract_has_not_is_refused_with_the_nearest() -> None:
    with pytest.raises(
        UsageError, match=r'names the class "yess", .* Did you mean.*yes.* Its classes are "no", "yes".'
    ):
        weights_of_classes("yess=2", COUNTS)
