"""From a fork to the surroundings of a fresh process, and from there to the end of its program."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import random
import runpy
import signal
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emulator import keeper
from emulator.warm.libraries import Watch
from emulator.warm.program import Program
from emulator.warm.request import Request

# Those that Python starts with.
_FRESH_THRESHOLDS = (700, 10, 10)


def settle(request: Request, connection: int, report: int) -> int:
    """Leads a session of its own, where standard input is the connection to who asks, and closes what is not its own.

    Args:
        request: What was asked for.
        connection: Where it was asked for.
        report: What is to be left open, too.

    Returns:
        Where the exit code is to be written.
    """
    os.setsid()
    os.chdir(request.folder)
    os.umask(request.umask)
    # Who has asked may have gone. What is wrong up to here stands in the parent's log.
    os.write(connection, keeper.ACCEPTED)
    os.dup2(connection, 0)
    for number, descriptor in enumerate(request.output, 1):
        os.dup2(descriptor, number)
    for name in os.listdir("/proc/self/fd"):
        if int(name) not in {0, 1, 2, connection, report}:
            with contextlib.suppress(OSError):
                os.close(int(name))
    return connection


def run(
    program: Program,
    request: Request,
    set_by_libraries: Mapping[str, str],
    report: int,
) -> None:
    """Runs a program in this process as a fresh one would, up to SystemExit with its exit code.

    Args:
        program: What to run.
        request: Its surroundings.
        set_by_libraries: Variables that libraries have set as they were loaded.
        report: Where the names of libraries that it imports go; closed in what it starts itself.

    Raises:
        SystemExit: Always.
    """
    _hear_signals_as_at_the_start()
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.environ.clear()
    os.environ.update({**set_by_libraries, **request.environment})
    tempfile.tempdir = None
    _draw_anew()
    _forget_this_project()
    Watch(report)
    importlib.invalidate_caches()
    gc.set_threshold(*_FRESH_THRESHOLDS)
    gc.freeze()
    sys.executable = program.python
    sys.orig_argv = [program.python, *request.words[1:]]
    arguments = list(program.arguments)
    if program.source is not None:
        os.environ["_KFP_RUNTIME"] = "true"
        path = Path(tempfile.mkdtemp(prefix="tmp."), "ephemeral_component.py")
        path.write_text(program.source, encoding="utf-8")
        named = ["--component_module_path", str(path)]
        # Where a file starts kfp's executor, the executor's name comes before its arguments.
        at = 1 if program.file else 0
        arguments[at:at] = named
    place = str(Path(program.file).absolute().parent) if program.file else os.getcwd()
    if not sys.flags.safe_path:
        sys.path.insert(0, place)
    try:
        if program.file:
            sys.argv = [program.file, *arguments]
            runpy.run_path(program.file, run_name="__main__")
        else:
            sys.argv = [program.module, *arguments]
            runpy.run_module(program.module, run_name="__main__", alter_sys=True)
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - this is the end of the program, whatever it is
        _tell(error)
        if isinstance(error, KeyboardInterrupt):
            _die_of(signal.SIGINT)
        raise SystemExit(1) from None
    raise SystemExit(0)


def _hear_signals_as_at_the_start() -> None:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _draw_anew() -> None:
    """Forgets the states of the random generators, which all forks would share."""
    random.seed()
    numpy: Any = sys.modules.get("numpy.random")
    if numpy is not None:
        numpy.seed()


def _forget_this_project() -> None:
    own = __name__.partition(".")[0]
    for name in [name for name in sys.modules if name.partition(".")[0] == own]:
        del sys.modules[name]


def _tell(error: BaseException) -> None:
    """Prints what has ended the program as Python does, without the frames of this room."""
    own = error.__traceback__
    while own is not None and own.tb_frame.f_globals.get("__name__") in (__name__, "__main__"):
        own = own.tb_next
    sys.excepthook(type(error), error.with_traceback(own), own)


def _die_of(number: signal.Signals) -> None:
    sys.stdout.flush()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
