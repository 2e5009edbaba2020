from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from pipeline.runner_process import _stop

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"


@pytest.fixture
def stubborn_process() -> Iterator[subprocess.Popen[bytes]]:
    """A process that does not heed SIGTERM."""
    command = [sys.executable, "-c", STUBBORN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_process_that_does_not_stop_is_killed(stubborn_process: subprocess.Popen[bytes]) -> None:
    _stop(stubborn_process, timeout_s=0.1)
    assert stubborn_process.returncode == -signal.SIGKILL


def test_process_that_has_ended_is_left_alone(stubborn_process: subprocess.Popen[bytes]) -> None:
    stubborn_process.kill()
    stubborn_process.wait()
    _stop(stubborn_process)
