from __future__ import annotations

import pytest

from pipeline.inspection.task_errors import last_exception, own_error, says_nothing

GENERAL = (
    "The replica workerpool0-0 exited with a non-zero status of 1. To find out more about why your job exited please "
    "check the logs: https://console.cloud.google.com/logs/viewer?project=1"
)
DAG = "The DAG failed because some tasks failed. The failed tasks are: [train-model].; Job (project_id = p) is failed"
LOG = """\
[KFP Executor 2026-11-25 12:00:00,000 INFO]: Looking for component `train_model`
Traceback (most recent call last):
  File "/a.py", line 3, in <module>
    raise ValueError("first")
ValueError: first

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/b.py", line 8, in run
    check()
    ^^^^^^^
trainer.errors.DataError: 2 problems:
  - iris.csv, line 3, column "petal": is blank.
  - iris.csv, line 9: holds 2 cells.
I1125 12:00:01.000000 1 launcher.go:12] exit status 1
"""


@pytest.mark.parametrize("error", ["", GENERAL, DAG, f"code=CANCELLED, message={GENERAL}; Failed to create custom job"])
def test_general_error_says_nothing(error: str) -> None:
    assert says_nothing(error)


@pytest.mark.parametrize(
    "error",
    [
        'iris.csv, line 3, column "petal": is blank.',
        GENERAL.replace("status of 1", "status of 137"),
        "Replicas low on memory: workerpool0. Failed to create custom job",
        f"{GENERAL} Termination log message: {LOG}",
    ],
)
def test_particular_error_says_something(error: str) -> None:
    assert not says_nothing(error)


def test_last_exception_keeps_every_line_of_its_message_and_no_frame() -> None:
    assert last_exception(LOG) == (
        '2 problems:\n  - iris.csv, line 3, column "petal": is blank.\n  - iris.csv, line 9: holds 2 cells.'
    )


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ("ValueError: no such thing", "ValueError: no such thing"),
        ("KeyError: 'x'", "KeyError: 'x'"),
        ("a.b.OddError: x", "OddError: x"),
        ("a.b.OddError", "OddError"),
        ("a.b.OddError: it is odd", "it is odd"),
    ],
)
def test_class_of_an_exception_is_named_where_its_message_cannot_stand_alone(last: str, expected: str) -> None:
    assert last_exception(f'Traceback (most recent call last):\n  File "a", line 1\n{last}\n') == expected


def test_log_without_a_traceback_has_no_exception() -> None:
    assert last_exception("all is well") == ""


def test_own_error_is_the_services_where_that_tells() -> None:
    assert own_error("The bucket is gone.", LOG) == "The bucket is gone."


def test_own_error_is_the_last_exception_of_the_log_where_the_service_tells_nothing() -> None:
    assert own_error(GENERAL, LOG).startswith("2 problems:")


def test_own_error_is_read_from_the_services_own_quotation_of_the_log() -> None:
    assert own_error(f"{GENERAL} Termination log message: {LOG}", "").startswith("2 problems:")


def test_own_error_shows_the_end_of_a_log_without_an_exception() -> None:
    log = "\n".join(f"line {number}" for number in range(20)) + "\n\n"
    assert own_error(GENERAL, log) == f"{GENERAL}\nIts log ends with:\n" + "\n".join(
        f"line {number}" for number in range(10, 20)
    )
    assert own_error(GENERAL, "") == GENERAL
