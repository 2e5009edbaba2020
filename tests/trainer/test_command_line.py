from __future__ import annotations

import errno
import logging
import subprocess
import sys

import pytest

from trainer.command_line import exit_code_of
from trainer.errors import ProjectError, UsageError


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (ProjectError("It failed."), 1, "Error: It failed.\n"),
        (UsageError("It makes no sense."), 2, "Error: It makes no sense.\n"),
        (
            ValueError("odd"),
            1,
            "Error: Unexpected ValueError: odd. Run again as `python -m this --debug ...` to see the traceback.\n",
        ),
        (
            OSError(errno.ENOSPC, "No space left on device", "model.keras"),
            1,
            (
                "Error: model.keras cannot be written: the disk is full. Make room, or write to another disk. "
                "`python -m pipeline clean` tells what old runs could give back.\n"
            ),
        ),
    ],
)
def test_an_error_is_a_paragraph_and_an_exit_code_and_goes_on_where_that_is_asked(
    error: Exception, code: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def command() -> None:
        raise error

    assert exit_code_of(command, "python -m this", debug=False) == code
    assert capsys.readouterr().err == sentence
    with pytest.raises(type(error)):
        exit_code_of(command, "python -m this", debug=True)


def test_no_traceback_of_a_connection_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    exit_code_of(lambda: logging.getLogger("gcsfs").error("no route to host"), "python -m this", debug=False)
    assert not caplog.records


def test_a_command_that_ends_well_gives_0() -> None:
    assert exit_code_of(lambda: "anything", "python -m this", debug=False) == 0


def python_that(prints: str) -> list[str]:
    """A process whose command prints something."""
    command = f"from trainer.command_line import *; sys.exit(exit_code_of(lambda: print({prints}), 'x', debug=False))"
    return [sys.executable, "-c", command]


@pytest.mark.parametrize("words", [1, 10_000])
def test_output_that_finds_no_room_is_told_in_a_sentence(words: int) -> None:
    with open("/dev/full", "w", encoding="ascii") as full:
        ended = subprocess.run(
            python_that(f"'word ' * {words}"), stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (ended.returncode, ended.stderr[:50]) == (1, "Error: A file cannot be written: the disk is full.")


def test_reader_that_has_gone_away_is_no_error() -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen(python_that("'word ' * 10**6"), stdout=pipe, stderr=pipe) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        told = process.stderr.read()
    assert (process.returncode, told) == (1, b"")
