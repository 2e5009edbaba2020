from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.config import RunConfig
from pipeline.runs.inputs import check_inputs
from trainer.errors import UsageError

ROOT = Path(__file__).resolve().parents[3]


def test_weight_of_a_class_that_the_contract_has_not_is_refused_before_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    check_inputs(RunConfig(class_weights="virginica=2"))
    with pytest.raises(UsageError, match=r'`--class-weights` names the class "virginia", .* Did you mean "virginica"'):
        check_inputs(RunConfig(class_weights="virginia=2"))
