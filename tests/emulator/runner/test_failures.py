from __future__ import annotations

import subprocess
import sys

import pytest

from emulator.runner.failures import explain, last_exception

FRAMES = """Traceback (most recent call last):
  File "component.py", line 7, in train
    raise failing(
          ^^^^^^^^
"""


def log_of(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    return done.stderr


@pytest.mark.parametrize(
    ("exception", "message"),
    [
        (
            "ValueError: `steps` must be at least 1. Received: 0.",
            "ValueError: `steps` must be at least 1. Received: 0.",
        ),
        ("KeyError: 'x'", "KeyError: 'x'"),
        ("AssertionError", "AssertionError"),
        ("trainer.errors.DataError: 2 problems:\n  - one\n\n  - two", "2 problems:\n  - one\n\n  - two"),
        ("package.Missing: 'x'", "Missing: 'x'"),
        ("package.Missing", "Missing"),
    ],
)
def test_last_exception_is_a_message_without_frames(exception: str, message: str) -> None:
    assert last_exception(f"step 1\n{FRAMES}{exception}\n") == message


def test_last_exception_is_the_last_of_a_chain() -> None:
    code = "try:\n    {}['x']\nexcept KeyError as error:\n    raise ValueError('no x') from error"
    assert last_exception(log_of(code)) == "ValueError: no x"


def test_last_exception_tells_the_members_of_a_group() -> None:
    code = "raise ExceptionGroup('two', [ValueError('one'), ExceptionGroup('more', [KeyError('x')])])"
    told = (
        "ExceptionGroup: two (2 sub-exceptions)\nValueError: one\nExceptionGroup: more (1 sub-exception)\nKeyError: 'x'"
    )
    assert last_exception(log_of(code)) == told


def test_last_exception_keeps_notes() -> None:
    code = "e = ValueError('no x')\ne.add_note('Give x.')\nraise e"
    assert last_exception(log_of(code)) == "ValueError: no x\nGive x."


def test_last_exception_ends_where_a_native_library_logs() -> None:
    noise = "W0000 00:00:1795619614.882476   22224 dataset_op.cc:113] Error occurred\n\t [[{{node PyFunc}}]]\n"
    assert last_exception(f"{FRAMES}ValueError: no x\nGive x.\n{noise}") == "ValueError: no x\nGive x."


def test_last_exception_of_a_log_without_any_is_empty() -> None:
    assert last_exception("step 1\nstep 2\n") == ""


def test_explain_tells_an_exit_code_and_the_last_lines() -> None:
    log = f"{FRAMES}ValueError: handled\n" + "".join(f"line {number}\n" for number in range(12))
    told = explain(log, 3)
    assert told.startswith("The task ended with exit code 3. Its last lines:\nline 2\n")
    assert told.endswith("line 11")


def test_explain_names_the_signal_that_killed_a_task() -> None:
    told = explain("", 128 + 9)
    assert told == "The task was killed by SIGKILL. The system does that when memory runs out. It wrote nothing."


def test_explain_takes_an_unknown_signal_for_an_exit_code() -> None:
    assert explain("", 255) == "The task ended with exit code 255. It wrote nothing."


def test_explain_names_the_signal_that_killed_what_watched_over_the_task() -> None:
    assert explain("", -9).startswith("The task was killed by SIGKILL.")
