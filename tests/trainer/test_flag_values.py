from __future__ import annotations

import pytest

from trainer.config import build_config
from trainer.errors import UsageError
from trainer.flag_values import choices_of, number_kind, read_flags, whole_number, with_flags

PATHS = {"train_files": ("a",), "eval_files": ("b",), "schema_file": "s", "job_dir": "j"}


@pytest.mark.parametrize(
    ("text", "number"), [("32", 32), ("32.0", 32), ("1e3", 1000), ("-4", -4), ("9007199254740993", 9007199254740993)]
)
def test_whole_number_is_read_also_with_a_point(text: str, number: int) -> None:
    assert whole_number(text) == number


@pytest.mark.parametrize("text", ["32.5", "many", "", "nan", "inf", "1e400"])
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=rf'must be a whole number, such as 32\. Received: "{text}"\.'):
        whole_number(text)


def test_kinds_are_those_of_the_fields() -> None:
    names = ["num_layers", "embedding_size", "prefetch_buffer_size", "dropout", "refit", "optimizer", "schema_file"]
    assert [number_kind(name) for name in names] == [int, int, int, float, None, None, None]
    assert choices_of("watched_metric") == ("loss", "accuracy")
    assert choices_of("schema_file") == choices_of("dropout") == ()


def test_flags_are_read_and_their_faults_told_together() -> None:
    assert read_flags({"num_layers": "3.0", "dropout": "0", "optimizer": "adam"}) == {
        "num_layers": 3,
        "dropout": 0.0,
        "optimizer": "adam",
    }
    with pytest.raises(UsageError, match=r"3 problems:\n.*`num_layer` is not known\. Did you mean") as refusal:
        read_flags({"num_layer": "1", "num_layers": "1.5", "dropout": "x"})
    assert "`--num-layers` must be a whole number" in str(refusal.value)
    assert '`--dropout` must be a number, such as 0.5. Received: "x".' in str(refusal.value)


def test_flags_win_over_a_configuration_and_are_checked() -> None:
    config = build_config(**PATHS, num_layers=2, seed=5)
    tuned = with_flags(config, {"num_layers": "3", "learning_rate": "0.25"})
    assert (tuned.num_layers, tuned.learning_rate, tuned.seed, tuned.train_files) == (3, 0.25, 5, ("a",))
    with pytest.raises(UsageError, match=r"`--num-layers` must be less than or equal to 64\. Received: 65\."):
        with_flags(config, {"num_layers": "65"})
