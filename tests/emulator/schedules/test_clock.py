from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from emulator.api.clock import now
from emulator.api.errors import ApiError
from emulator.api.store import Transaction
from emulator.schedules.clock import move_clock, schedule_now

A_MOMENT = timedelta(minutes=1)


def test_the_clock_shows_the_true_time_until_it_is_moved(tx: Transaction) -> None:
    assert now() - schedule_now(tx) < A_MOMENT


def test_move_clock_advances_it_again_and_again(tx: Transaction) -> None:
    move_clock(tx, {"advance_s": 3600})
    shown = move_clock(tx, {"advance_s": 0.5 * 3600})["now"]
    assert abs(schedule_now(tx) - now() - timedelta(hours=1.5)) < A_MOMENT
    assert shown.endswith("Z")
    assert abs(datetime.fromisoformat(shown) - schedule_now(tx)) < A_MOMENT


def test_move_clock_sets_it_forth_and_back(tx: Transaction) -> None:
    for wanted in ("2031-05-18T12:00:00Z", "2026-11-01T00:00:00+02:00"):
        move_clock(tx, {"now": wanted})
        assert abs(schedule_now(tx) - datetime.fromisoformat(wanted)) < A_MOMENT
    assert schedule_now(tx).utcoffset() == UTC.utcoffset(None)


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ([], 'must be {"advance_s": SECONDS} or'),
        ({}, "must be {"),
        ({"advance_s": 1, "now": "2031-05-18T12:00:00Z"}, "must be {"),
        ({"advance": 1}, "must be {"),
        ({"advance_s": -1}, "must be a number of seconds, not negative"),
        ({"advance_s": "1"}, "must be a number of seconds"),
        ({"advance_s": True}, "must be a number of seconds"),
        ({"advance_s": 1e10}, "must be a number of seconds"),
        ({"now": "noon"}, "must be a time such as"),
        ({"now": "2031-05-18T12:00:00"}, "must be a time such as"),
        ({"now": 5}, "must be a time such as"),
        ({"now": "2931-05-18T12:00:00Z"}, "cannot be moved by more than a hundred years"),
    ],
)
def test_move_clock_refuses_what_makes_no_sense(tx: Transaction, document: Any, sentence: str) -> None:
    with pytest.raises(ApiError) as caught:
        move_clock(tx, document)
    assert sentence in caught.value.message
    assert caught.value.status == "INVALID_ARGUMENT"
