from __future__ import annotations

import logging

import pytest

from trainer.command_line import exit_code_of
from trainer.errors import ProjectError, UsageError


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (ProjectError("It failed."), 1, "Error: It failed.\n"),
        (UsageError("It makes no sense."), 2, "Error: It makes no sense.\n"),
        (
            OSError("disk full"),
            1,
            "Error: Unexpected OSError: disk full. Run again as `python -m this --debug ...` to see the traceback.\n",
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
