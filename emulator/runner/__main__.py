"""Executes a compiled pipeline on this machine and writes the run's state to a folder as it goes.

    python -m emulator.runner --spec pipeline.yaml --parameters parameters.json --run-dir runs/RUN_ID

The further flags are told in options.py, the folder's files in run_folder.py, what runs and how in kfp_run.py.
The run is stopped by SIGINT, SIGTERM or SIGHUP, and with --stop-with-stdin by the end of standard input. Exit codes:
0 succeeded, 1 the run failed, 2 the pipeline, a parameter or the run folder makes no sense, 130 stopped.
"""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TextIO

from emulator.garbage import search_seldom
from emulator.runner import run_folder
from emulator.runner.errors import RunnerError
from emulator.runner.job_state import JobState
from emulator.runner.kfp_run import KfpRun
from emulator.runner.options import Options, parse_options
from emulator.runner.parameters import check_parameters, load_parameters
from emulator.runner.pipeline_spec import PipelineSpec, load_spec
from emulator.runner.recorder import Recorder
from emulator.runner.run_folder import RunFolder
from emulator.runner.task_processes import TaskProcesses
from emulator.runner.task_record import time_text

SUCCEEDED, FAILED, STOPPED = 0, 1, 130


class _Stop:
    """The event that asks for the run to be stopped."""


Events = queue.SimpleQueue[_Stop | BaseException | None]
"""What the main thread waits for: a wish to stop, or the end of kfp's thread, well or with an exception.

A SimpleQueue, since a signal's handler may interrupt the very thread that waits for it.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    events: Events = queue.SimpleQueue()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: events.put(_Stop()))
    try:
        options = parse_options(arguments)
        spec = load_spec(options.spec)
        asked = load_parameters(options.parameters) if options.parameters else {}
        effective = check_parameters(spec.parameters, asked)
        folder = run_folder.create(options.run_dir)
        if options.stop_with_stdin:
            threading.Thread(target=_stop_with_input, args=(events,), daemon=True).start()
        return _run_into(folder, spec, asked, effective, options, events)
    except RunnerError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"The run's files cannot be written: {error}.", file=sys.stderr)
        return FAILED


def _run_into(
    folder: RunFolder,
    spec: PipelineSpec,
    asked: dict[str, Any],
    effective: dict[str, Any],
    options: Options,
    events: Events,
) -> int:
    now = datetime.now(UTC)
    with run_folder.claim(folder, {"pid": os.getpid(), "startTime": time_text(now)}):
        shutil.copyfile(options.spec, folder.pipeline)
        run_folder.write_json(folder.parameters, asked)
        given = {name: effective[name] for name in asked}
        root = options.root_uri.rpartition("/")[0] or str(folder.root)
        state = JobState(spec, options.job_name, given, effective, root, now)
        return _Run(spec, folder, Recorder(folder, state), options, events).execute(effective)


def _stop_with_input(events: Events) -> None:
    with contextlib.suppress(OSError):
        while os.read(0, 1024):
            pass
    events.put(_Stop())


class _Run:
    """A run at work: kfp.local in a thread of its own, so that this one can stop it at any moment."""

    def __init__(
        self, spec: PipelineSpec, folder: RunFolder, recorder: Recorder, options: Options, events: Events
    ) -> None:
        self._folder = folder
        self._uris = folder.public_uris(options.root_uri)
        self._recorder = recorder
        self._events = events
        self._processes = TaskProcesses()
        self._kfp = KfpRun(spec, folder, recorder, self._uris, self._processes, options)

    def execute(self, parameters: dict[str, Any]) -> int:
        with self._folder.runner_log.open("w", encoding="utf-8", buffering=1) as log:
            threading.Thread(target=self._work, args=(parameters, log), daemon=True).start()
            event = self._events.get()
            return self._stop() if isinstance(event, _Stop) else self._end(event)

    def _work(self, parameters: dict[str, Any], log: TextIO) -> None:
        failure: BaseException | None = None
        try:
            with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
                with self._recorder.change() as (state, now):
                    state.run_started(now)
                self._kfp.execute(parameters)
        except BaseException as error:  # noqa: BLE001 - whatever ends this thread, the main thread has to hear of it
            failure = error
            traceback.print_exception(error, file=log)
        self._events.put(failure)

    def _end(self, failure: BaseException | None) -> int:
        with self._recorder.change() as (state, now):
            reason = "" if failure is None else str(failure) or type(failure).__name__
            state.run_ended(now, self._uris.in_text(reason))
            error, failures = state.error, state.failures()
        if not error:
            return SUCCEEDED
        print(error, *(f"{name}: {text}" for name, text in failures.items()), sep="\n", file=sys.__stderr__)
        return FAILED

    def _stop(self) -> int:
        with self._recorder.change() as (state, now):
            state.cancelling(now)
        self._processes.stop()
        with self._recorder.change() as (state, now):
            state.cancelled(now)
        print("The run was stopped.", file=sys.__stderr__)
        return STOPPED


if __name__ == "__main__":
    search_seldom()
    code = main()
    if code == STOPPED:
        # A thread of kfp.local may sleep before a retry; the interpreter would wait for it.
        os._exit(code)
    sys.exit(code)
