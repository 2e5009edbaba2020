from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest

from pipeline.interrupts import Interrupted, heard_as_flag, heard_by_python

ROOT = Path(__file__).resolve().parents[2]
SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.fixture(autouse=True)
def _signals_as_python_has_them() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@contextmanager
def sent_meanwhile(number: signal.Signals) -> Iterator[None]:
    """Sends this process a signal from outside its main thread, a little later."""
    timer = threading.Timer(0.05, os.kill, (os.getpid(), number))
    timer.start()
    yield
    timer.join()


@pytest.mark.parametrize("number", SIGNALS)
def test_signals_set_a_flag_and_raise_nothing(number: signal.Signals) -> None:
    with heard_as_flag() as interruption:
        assert not interruption.is_heard
        interruption.check()
        for each in (number, *SIGNALS):
            signal.raise_signal(each)
            assert interruption.is_heard
        with pytest.raises(Interrupted, match=r"^Stopped: nothing was submitted\.$"):
            interruption.check()


def test_signal_that_comes_in_a_finalizer_is_heard() -> None:
    class Finalized:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)

    with heard_as_flag() as interruption:
        Finalized()
        assert interruption.is_heard


@pytest.mark.parametrize("number", SIGNALS)
def test_pause_ends_when_a_signal_comes(number: signal.Signals) -> None:
    with heard_as_flag() as interruption, sent_meanwhile(number):
        # Far longer than a test may take.
        interruption.pause(24 * 3600)
        assert interruption.is_heard


def test_pause_lasts_as_long_as_it_is_asked_to() -> None:
    with heard_as_flag() as interruption:
        began = time.monotonic()
        interruption.pause(0.25)
        assert time.monotonic() - began >= 0.25


def test_handlers_are_restored_and_a_flag_within_is_the_one_around_it() -> None:
    before = [signal.getsignal(each) for each in SIGNALS]
    with heard_as_flag() as outer:
        with heard_as_flag() as inner:
            assert inner is outer
        assert [signal.getsignal(each) for each in SIGNALS] != before
        signal.raise_signal(signal.SIGINT)
        assert outer.is_heard
    assert [signal.getsignal(each) for each in SIGNALS] == before


def test_signal_that_is_ignored_stays_ignored_and_the_other_is_heard() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with heard_as_flag() as interruption:
        signal.raise_signal(signal.SIGINT)
        interruption.check()
        signal.raise_signal(signal.SIGTERM)
        assert interruption.is_heard
    assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN


def test_command_that_reads_no_flag_is_interrupted_as_any_python() -> None:
    with heard_as_flag():
        heard_by_python()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    heard_by_python()


def test_signal_that_came_before_such_a_command_is_not_lost() -> None:
    came: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        del frame
        came.append(number)

    signal.signal(signal.SIGTERM, note)
    with heard_as_flag():
        signal.raise_signal(signal.SIGTERM)
        assert came == []
        heard_by_python()
        assert came == [signal.SIGTERM]


PROCESS = """
import atexit, signal, sys
from pipeline.interrupts import heard_as_flag, heard_from_start_to_end
atexit.register(signal.raise_signal, int(sys.argv[1]))
with heard_from_start_to_end(), heard_as_flag() as interruption:
    if sys.argv[2] == "interrupted":
        signal.raise_signal(int(sys.argv[1]))
    sys.exit(130 if interruption.is_heard else 3)
"""


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize(("how", "code"), [("interrupted", 130), ("whole", 3)])
def test_signal_in_the_last_moments_changes_no_exit_code(number: signal.Signals, how: str, code: int) -> None:
    command = [sys.executable, "-c", PROCESS, str(int(number)), how]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (code, "")
