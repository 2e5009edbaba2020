from __future__ import annotations

import pytest

from benchmarks.series import Target
from benchmarks.verdicts import Verdict, in_words, judge
from tests.benchmarks.measurements import contest


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (Target("at least", 0.6, "the limit"), "at least 0.6 of the limit"),
        (Target("at least", 15, "the original"), "at least 15 times the original"),
        (Target("at most", 0.5, "the original"), "at most 0.5 of the original"),
        (Target("at most", 1, "Metaflow"), "no more than Metaflow"),
        (Target("at least", 1, "Metaflow"), "no less than Metaflow"),
        (Target("at least", 2_000_000), "at least 2,000,000 rows/s"),
    ],
)
def test_target_is_told_in_words(target: Target, words: str) -> None:
    assert in_words(contest(), target) == words


def test_target_that_is_reached_is_met() -> None:
    target = Target("at least", 0.9, "the limit")
    assert judge(contest(), target) == Verdict("at least 0.9 of the limit", "0.9 of it", "met", "met")


def test_target_that_is_missed_tells_by_how_much() -> None:
    verdict = judge(contest(ours=(40.0, 45.0, 50.0)), Target("at least", 0.6, "the limit"))
    assert (verdict.measured, verdict.outcome, verdict.state) == ("0.45 of it", "missed by 25 %", "missed")


def test_target_that_is_missed_by_a_hair_is_missed() -> None:
    verdict = judge(contest(ours=(20.01, 20.01, 20.01), unit="s"), Target("at most", 20.0))
    assert (verdict.measured, verdict.outcome) == ("20 s", "missed by 1 %")


def test_factor_above_one_is_told_as_times() -> None:
    assert judge(contest(ours=(900.0, 900.0, 900.0)), Target("at most", 3, "the limit")).measured == "9 times"


def test_target_against_one_that_was_not_measured_is_unknown() -> None:
    verdict = judge(contest(), Target("at least", 15, "the original"))
    assert verdict.state == "unknown"
    assert verdict.outcome == "not measured: it needs Python 3.11, and no python3.11 is here"
