from __future__ import annotations

import threading
import time

import pytest

from tests.patience import eventually
from trainer.waiting import told_when_slow


def test_what_takes_long_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    with told_when_slow("gs://bucket/a.csv", patience_s=0.01):
        told = eventually(lambda: capsys.readouterr().err, bool)
    assert told == (
        "gs://bucket/a.csv has not answered for 0.01 s. It is asked again or waited for; Ctrl-C ends that.\n"
    )


def test_what_answers_in_time_is_not_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    before = threading.active_count()
    with told_when_slow("gs://bucket/a.csv"):
        time.sleep(0)
    eventually(threading.active_count, lambda count: count == before)
    assert capsys.readouterr().err == ""
