from __future__ import annotations

from collections.abc import Callable

import pytest

from pipeline.config import RunConfig
from pipeline.runs.inputs import check_gate, check_inputs
from tests.conftest import IrisFiles
from trainer.errors import UsageError


def config(files: IrisFiles, **given: str) -> RunConfig:
    return RunConfig.model_validate({**{name: str(path) for name, path in files._asdict().items()}, **given})


@pytest.mark.parametrize("check", [check_gate, check_inputs])
def test_gate_of_a_class_that_the_contract_does_not_have_is_refused(
    check: Callable[[RunConfig], None], iris_files: IrisFiles
) -> None:
    with pytest.raises(UsageError) as refused:
        check(config(iris_files, gate_metric="recall:virginia"))
    assert str(refused.value) == (
        '`gate_metric` "recall:virginia" names a class that the data contract does not have. '
        'Did you mean "virginica"? Name "setosa", "versicolor" or "virginica".'
    )
    check(config(iris_files, gate_metric="recall:virginica"))


@pytest.mark.parametrize("schema", ["absent.toml", "gs://bucket/schema.toml"])
def test_gate_is_left_to_the_run_where_there_is_no_contract_to_read(schema: str, iris_files: IrisFiles) -> None:
    check_gate(config(iris_files, gate_metric="recall:any", schema=schema))


def test_weight_of_a_class_that_the_contract_has_not_is_refused_before_the_run(
    iris_files: IrisFiles,
) -> None:
    check_inputs(config(iris_files, class_weights="virginica=2"))
    with pytest.raises(UsageError, match=r'`--class-weights` names the class "virginia", .* Did you mean "virginica"'):
        check_inputs(config(iris_files, class_weights="virginia=2"))
