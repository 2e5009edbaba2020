"""The process that executes a run: started with its own session, and stopped with all that it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

_STOP_TIMEOUT_S = 15.0


class RunnerProcess:
    """A started runner.

    Args:
        process: The process, the leader of its group and session.
        output: The file that it writes its standard output and error to.
    """

    def __init__(self, process: subprocess.Popen[bytes], output: IO[bytes]) -> None:
        self._process = process
        self._output = output

    def exit_code(self) -> int | None:
        """Its exit code, negative for a signal. None while it lives."""
        return self._process.poll()

    def output(self) -> str:
        """What it has written to its standard output and error."""
        self._output.seek(0)
        return self._output.read().decode(errors="replace").strip()

    def stop(self) -> None:
        """Ends it and what it started: asks, waits, and kills. SIGINT or SIGTERM meanwhile kills at once."""
        if self._process.poll() is not None:
            return
        with _on_interrupt(self._kill):
            self._signal(signal.SIGTERM)
            try:
                self._process.wait(_STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._kill()
            self._process.wait()

    def _kill(self, *_: Any) -> None:
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            return


@contextmanager
def running(spec: Path, parameters: Path, run_dir: Path) -> Iterator[RunnerProcess]:
    """Starts the runner of a compiled pipeline, and on leaving, however that happens, stops it if it lives.

    The runner also stops by itself when its standard input ends, which it does if this process is killed.

    Args:
        spec: The compiled pipeline, YAML.
        parameters: Its parameters, JSON.
        run_dir: The run's folder, empty.
    """
    files = ["--spec", spec, "--parameters", parameters, "--run-dir", run_dir]
    command = [sys.executable, "-m", "emulator.runner", *map(str, files), "--stop-with-stdin"]
    with (
        tempfile.TemporaryFile() as output,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=output, stderr=output, start_new_session=True
        ) as process,
    ):
        runner = RunnerProcess(process, output)
        try:
            yield runner
        finally:
            runner.stop()


@contextmanager
def _on_interrupt(handler: Callable[..., Any]) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
