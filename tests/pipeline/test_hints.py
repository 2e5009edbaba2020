from __future__ import annotations

from pipeline.hints import repeating

AGAIN = ["--profile", "vertex"]


def test_command_repeats_the_options_that_lead_to_the_same_vertex_ai() -> None:
    text = "Try `python -m pipeline why RUN`, or `python -m pipeline up`; `--min-gain 0` is no command."
    assert repeating(text, AGAIN) == (
        "Try `python -m pipeline why RUN --profile vertex`, or `python -m pipeline up`; `--min-gain 0` is no command."
    )


def test_run_repeats_its_own_options_before_what_is_new() -> None:
    own = [*AGAIN, "--train-data", "my data/penguins.csv", "--seed", "3"]
    assert repeating("`python -m pipeline run --seed 4`", AGAIN, own) == (
        "`python -m pipeline run --profile vertex --train-data 'my data/penguins.csv' --seed 3 --seed 4`"
    )
    assert repeating("`python -m pipeline run`", AGAIN) == "`python -m pipeline run --profile vertex`"
    assert repeating("`python -m pipeline runs`", [], own) == "`python -m pipeline runs`"
