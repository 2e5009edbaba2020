"""A program that writes down all that a process can know of its surroundings, as one JSON object, and ends with 7."""

from __future__ import annotations

import gc
import json
import os
import random
import resource
import signal
import sys
import tempfile
import threading


def main() -> None:
    streams = {"out": sys.stdout, "err": sys.stderr, "in": sys.stdin}
    kinds = [value for name, value in vars(resource).items() if name.startswith("RLIMIT_")]
    told = {
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "umask": os.umask(0o77),
        "argv": sys.argv,
        "original argv": sys.orig_argv[1:],
        "path": sys.path,
        "flags": str(sys.flags),
        "executable": sys.executable,
        "main": {key: str(value) for key, value in globals().items() if key in ("__name__", "__file__")},
        "main is this": sys.modules["__main__"].__dict__ is globals(),
        "project": sorted(name for name in sys.modules if name.partition(".")[0] == "emulator"),
        "group": os.getpgrp() == os.getpid(),
        "signals": {int(number): str(signal.getsignal(number)) for number in signal.valid_signals()},
        "mask": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        "limits": {kind: resource.getrlimit(kind) for kind in kinds},
        "streams": {
            name: [
                stream.isatty(),
                stream.encoding,
                stream.errors,
                stream.line_buffering,
                getattr(stream, "write_through", None),
            ]
            for name, stream in streams.items()
        },
        "input": sys.stdin.read(),
        "inheritable": sorted(number for number in map(int, os.listdir("/proc/self/fd")) if is_inheritable(number)),
        "temporary": tempfile.gettempdir(),
        "garbage": [gc.isenabled(), gc.get_threshold()],
        "threads": threading.active_count(),
        "niceness": os.nice(0),
    }
    json.dump(told, sys.stdout)
    with open(sys.argv[1], "a") as file:
        print(random.random(), "colorsys" in sys.modules, file=file)  # noqa: S311 - no secret
    # Nothing closes it but the end of the process.
    globals()["left_open"] = open(sys.argv[1] + ".open", "w")  # noqa: SIM115
    globals()["left_open"].write("kept")
    sys.exit(7)


def is_inheritable(number: int) -> bool:
    try:
        return os.get_inheritable(number)
    except OSError:
        return False


if __name__ == "__main__":
    main()
