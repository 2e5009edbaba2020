from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.serving.prediction_file import FOLDER, file_for, write_predictions
from trainer.errors import UsageError

PREDICTION = {"class": "a,b", "probabilities": {"a,b": 0.75, "c": 0.25}}


def test_file_has_a_row_for_each_prediction(tmp_path: Path) -> None:
    write_predictions(tmp_path / "new" / "told.csv", [PREDICTION, PREDICTION], ["c", ""])
    assert (tmp_path / "new" / "told.csv").read_text() == (
        'instance,label,class,probability,"probability of a,b",probability of c\n'
        '1,c,"a,b",0.75,0.75,0.25\n'
        '2,,"a,b",0.75,0.75,0.25\n'
    )
    write_predictions(tmp_path / "told.csv", [[1.0]])
    assert (tmp_path / "told.csv").read_text() == "instance,prediction\n1,[1]\n"


def test_file_is_named_after_the_one_that_asks() -> None:
    assert file_for("gs://bucket/a/penguins.test.csv") == FOLDER / "penguins.csv"
    assert file_for("-") == FOLDER / "predictions.csv"


def test_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"told\.csv cannot be written: .*\. Give another --output\."):
        write_predictions(tmp_path / "file" / "told.csv", [PREDICTION])
