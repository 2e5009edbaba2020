from __future__ import annotations

import signal

import pytest

from pipeline.interrupts import interrupted_once, uninterrupted

SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.mark.parametrize("number", SIGNALS)
def test_first_signal_interrupts_and_the_next_are_not_heard(number: signal.Signals) -> None:
    before = {each: signal.getsignal(each) for each in SIGNALS}
    try:
        with pytest.raises(KeyboardInterrupt), interrupted_once():
            signal.raise_signal(number)
        for each in SIGNALS:
            signal.raise_signal(each)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def test_handlers_are_restored_where_nothing_interrupted() -> None:
    before = [signal.getsignal(each) for each in SIGNALS]
    with interrupted_once():
        assert [signal.getsignal(each) for each in SIGNALS] != before
    assert [signal.getsignal(each) for each in SIGNALS] == before


def test_interrupt_waits_for_what_must_not_be_cut_in_two() -> None:
    before = [signal.getsignal(each) for each in SIGNALS]
    done = []

    def work() -> None:
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            done.append("all of it")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["all of it"]
    assert [signal.getsignal(each) for each in SIGNALS] == before
