from __future__ import annotations

import math

import pytest

from trainer.config import TrainingConfig
from trainer.errors import UsageError
from trainer.search.reading import DEFAULT_SEARCH, read_search, require_feasible, searchable
from trainer.search.space import Interval, Numbers, Words


def test_intervals_lists_and_words_are_read() -> None:
    text = (
        "--learning-rate=0.01..0.3:log num_layers=1..6 train_batch_size=1e2,32:log optimizer=adagrad,adam dropout=0,0.5"
    )
    space = read_search(text)
    assert space.parameters == (
        Interval("learning_rate", 0.01, 0.3, "log", is_whole=False),
        Interval("num_layers", 1, 6, "linear", is_whole=True),
        Numbers("train_batch_size", (32.0, 100.0), "log"),
        Words("optimizer", ("adagrad", "adam")),
        Numbers("dropout", (0.0, 0.5), "linear"),
    )
    assert read_search(str(space)) == space
    assert str(space).startswith("learning_rate=0.01..0.3:log num_layers=1..6 train_batch_size=32,100:log")


def test_points_are_the_combinations() -> None:
    assert read_search("num_layers=1..6 optimizer=adagrad,adam dropout=0,0.1,0.2").points == 36
    assert math.isinf(read_search("num_layers=1..6 dropout=0..0.1").points)


def test_default_searches_the_shape_of_the_network_and_the_learning_rate() -> None:
    space = read_search(DEFAULT_SEARCH)
    assert str(space) == DEFAULT_SEARCH
    assert [parameter.name for parameter in space.parameters] == [
        "first_layer_size",
        "num_layers",
        "scale_factor",
        "learning_rate",
    ]


def test_numbers_and_choices_of_the_trainer_can_be_searched_and_nothing_else() -> None:
    known = searchable()
    assert (
        {"seed", "optimizer", "watched_metric", "embedding_size", "patience"}
        < set(known)
        < {*TrainingConfig.model_fields}
    )
    assert {"refit", "class_weights", "train_files", "validation_fraction", "eval_steps"}.isdisjoint(known)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (" ", "There is nothing to search. Write NAME=LOW..HIGH or NAME=A,B"),
        ("learning_rate", "`learning_rate` has no values. Write NAME=LOW..HIGH"),
        ("learning_rate=", "`learning_rate` has no values."),
        ("learningrate=0.1..0.2", '`learningrate` is no flag of the trainer. Did you mean "learning_rate"?'),
        ("=1..2", "`` is no flag of the trainer. Known: train_steps, "),
        ("class_weights=a,b", "`class_weights` is neither a number nor a choice, and cannot be searched. Known: "),
        ("eval_steps=1..2", "`eval_steps` cannot be searched: all trials are measured on the same rows."),
        ("dropout=0.5..0.1", "`dropout` ends below its beginning. Received: 0.5..0.1. Write 0.1..0.5."),
        ("dropout=0.1..0.1", "`dropout` has one value alone, 0.1. Give it as an option of the run instead"),
        ("dropout=0.1", "`dropout` has one value alone, 0.1."),
        ("dropout=0.1,0.2,.1", "`dropout` has 0.1 twice. Give each value once."),
        ("dropout=0..1", "`dropout` must be less than 1. Received: 1."),
        ("learning_rate=0..0.1", "`learning_rate` must be greater than 0. Received: 0."),
        ("learning_rate=0.1..inf", "`learning_rate` must be a finite number. Received: inf."),
        ("weight_decay=0..0.1:log", "`weight_decay` cannot have the scale log with 0: it needs numbers above 0."),
        ("dropout=0..0.1:lgo", '`dropout` has no scale "lgo". Did you mean "log"? Known: linear, log, reverse_log.'),
        ("dropout=0..0.1..0.2", '`dropout` must have two ends. Received: "0..0.1..0.2".'),
        ("dropout=low..high", '`dropout` must be a number, such as 0.5. Received: "low".'),
        ("num_layers=1..2.5", '`num_layers` must be a whole number, such as 32. Received: "2.5".'),
        ("num_layers=0..70", "`num_layers` must be greater than or equal to 1. Received: 0."),
        ("optimizer=adam,addagrad", '`optimizer` takes no "addagrad". Did you mean "adagrad"? Known: adagrad, adam'),
        ("optimizer=adam", "`optimizer` has one value alone, adam."),
        ("dropout=0..0.1 --dropout=0..0.2", "`dropout` is searched 2 times. Give it once."),
    ],
)
def test_what_makes_no_sense_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(UsageError) as refusal:
        read_search(text)
    assert str(refusal.value).startswith(sentence)


def test_more_values_than_vertex_takes_are_refused() -> None:
    with pytest.raises(UsageError, match=r"`seed` has 1001 values; 1000 are the most\."):
        read_search(f"seed={','.join(map(str, range(1001)))}")


def test_all_faults_are_told_together() -> None:
    with pytest.raises(UsageError, match=r"2 problems:\n  - `a` is no flag .*\n  - `dropout` must be less than 1"):
        read_search("a=1..2 dropout=0..1")


def test_search_that_no_job_could_make_is_refused() -> None:
    space = read_search("num_layers=1..6 dropout=0..0.5")
    require_feasible(space, "default", 4, 4)
    require_feasible(read_search("num_layers=1..6 dropout=0,0.5"), "grid", 4, 4)
    with pytest.raises(UsageError, match=r"`parallel_trials` must be at most `trials`\. Received: 5 and 4\."):
        require_feasible(space, "random", 4, 5)
    with pytest.raises(
        UsageError, match=r"grid tries every value, and dropout=0\.\.0\.5 has no end of them\. Give it a"
    ):
        require_feasible(space, "grid", 4, 2)
