"""The process that executes a run: started in a session of its own, and stopped with all that it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pipeline.interrupts import uninterrupted

_STOP_TIMEOUT_S = 15.0


@contextmanager
def running(spec: Path, parameters: Path, run_dir: Path, output: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Starts the runner of a compiled pipeline, and on leaving, however that happens, stops it if it lives.

    The runner also stops by itself when its standard input ends, which it does if this process is killed.

    Args:
        spec: The compiled pipeline, YAML.
        parameters: Its parameters, JSON.
        run_dir: The run's folder, empty.
        output: The file for the runner's standard output and error.
    """
    files = ["--spec", spec, "--parameters", parameters, "--run-dir", run_dir]
    command = [sys.executable, "-m", "emulator.runner", *map(str, files), "--stop-with-stdin"]
    with output.open("wb") as file, ExitStack() as stack:
        with uninterrupted():
            process = stack.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=file, stderr=file, start_new_session=True)
            )
            stack.callback(_stop, process)
        yield process


def _stop(process: subprocess.Popen[bytes], timeout_s: float = _STOP_TIMEOUT_S) -> None:
    """Ends the process and what it started: asks, waits, kills."""
    _signal_group(process, signal.SIGTERM)
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        _signal_group(process, signal.SIGKILL)
        process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    if process.poll() is None:
        os.killpg(process.pid, number)
