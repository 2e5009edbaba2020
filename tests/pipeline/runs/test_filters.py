from __future__ import annotations

from typing import Any

import pytest

from pipeline.runs.filters import has_parameters, misspelt, parameters_wanted
from tests.pipeline.run_records import run
from trainer.errors import UsageError

GIVEN = {
    "learning_rate": 0.01,
    "train_steps": 200,
    "promote_on_tie": True,
    "optimizer": "adam",
    "train_data": f"gs://bucket/data/{'0' * 64}/penguins.csv",
}


@pytest.mark.parametrize(
    ("params", "is_wanted"),
    [
        ([], True),
        (["learning_rate=1e-2"], True),
        (["--train-steps=200", "optimizer=adam"], True),
        (["promote_on_tie=true", "train_data=penguins.csv"], True),
        (["learning_rate=0.1"], False),
        (["train_steps=many"], False),
        (["optimizer=adam", "train_steps=100"], False),
        (["rows=3"], False),
    ],
)
def test_runs_are_wanted_by_the_values_of_their_parameters(params: list[str], is_wanted: bool) -> None:
    assert has_parameters(run("run-1", "succeeded", parameters=GIVEN), parameters_wanted(params)) == is_wanted


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        (["seed"], "`--param seed` has no value. Write --param NAME=VALUE."),
        (["seed=1", "seed=2"], "`seed` is given 2 times on the command line. Give it once."),
    ],
)
def test_parameters_that_make_no_sense_are_refused(params: Any, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        parameters_wanted(params)


def test_name_by_which_nothing_is_found_is_looked_up() -> None:
    assert misspelt(["seed", "schema"]) == ""
    assert misspelt(["learnin_rate"]) == (
        ' This pipeline has no parameter "learnin_rate". Did you mean "learning_rate"?'
    )
