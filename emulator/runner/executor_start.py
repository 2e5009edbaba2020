"""Runs a module as `python3 -m MODULE` does, with less time for the search for garbage: kfp's executor, in a task.

    python3 executor_start.py MODULE [ARGUMENT ...]

Most objects that a large library makes as it loads stay until the process ends. Python would look through all that
are there some twenty times while they are made, and several times at the end: two seconds of a task with TensorFlow.
Here it looks through those that have lived for a while a tenth as often, and at the end once, after the exit handlers:
then garbage is finalized, and so is what modules hold as they are cleared. Only what refers to itself and is held by a
module is left to the system. A lightweight component, which is a function, leaves nothing of that kind.

It is run as a file: where a task sets PYTHONPATH, the package need not be found.
"""

from __future__ import annotations

import atexit
import gc
import os
import runpy
import sys


def main() -> None:
    """Runs the module."""
    gc.set_threshold(700, 10, 100)
    # The first handler is the last to run.
    atexit.register(_settle)
    module, *arguments = sys.argv[1:]
    sys.argv = [module, *arguments]
    if not sys.flags.safe_path:
        sys.path[0] = os.getcwd()
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _settle() -> None:
    gc.collect()
    # The interpreter clears the modules that are still there, and none of a circle that it does not look at goes.
    circle: list[object] = list(sys.modules.values())
    circle.append(circle)
    gc.freeze()


if __name__ == "__main__":
    main()
