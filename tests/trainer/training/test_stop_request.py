from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from trainer.training.stop_request import StopRequest, signals_heard


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """The signals as they are at the start of a command, which ends at SIGTERM as at Ctrl-C."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_a_request_and_the_second_does_what_it_always_does(number: signal.Signals) -> None:
    with signals_heard() as request:
        signal.raise_signal(number)
        assert request.is_made
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)


def test_signals_are_given_back_at_the_end() -> None:
    with signals_heard():
        pass
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with signals_heard() as request:
        signal.raise_signal(signal.SIGINT)
    assert not request.is_made


def test_another_thread_hears_none_and_needs_none() -> None:
    heard: list[StopRequest] = []

    def work() -> None:
        with signals_heard() as request:
            heard.append(request)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert [request.is_made for request in heard] == [False]
