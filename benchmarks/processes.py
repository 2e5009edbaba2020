"""Servers as processes of their own, ended when they are no longer needed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.environments import ROOT
from benchmarks.former import NOW, Build

_START_S = 60.0
_POLL_S = 0.005


def variables(**more: str) -> dict[str, str]:
    """The environment of a process that runs this folder's code, wherever it is started."""
    return {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(ROOT), **more}


@contextmanager
def running(module: str, words: list[str], is_up: Callable[[], bool], **more: str) -> Iterator[float]:
    """`python -m MODULE WORDS` while it is needed; the seconds until it was up.

    Args:
        module: What runs.
        words: Its arguments.
        is_up: Whether it answers.
        more: Environment variables.

    Raises:
        RuntimeError: It does not come up.
    """
    command = [sys.executable, "-m", module, *words]
    begun = time.perf_counter()
    with subprocess.Popen(
        command, cwd=ROOT, env=variables(**more), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            while not is_up():
                if process.poll() is not None or time.perf_counter() - begun > _START_S:
                    raise RuntimeError(f"{' '.join(command)} did not start.")
                time.sleep(_POLL_S)
            yield time.perf_counter() - begun
        finally:
            process.terminate()


def free_port() -> int:
    """A port that nobody listens to."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def timed(words: list[str], folder: Path, build: Build = NOW) -> float:
    """Seconds that `python WORDS` takes in a folder, from its start to its end.

    Args:
        words: What follows the interpreter.
        folder: Where it works.
        build: Whose interpreter and code.

    Raises:
        RuntimeError: It failed.
    """
    begun = time.perf_counter()
    done = subprocess.run(
        [build.python, *words],
        check=False,
        cwd=folder,
        env=variables(PYTHONPATH=str(build.root)),
        capture_output=True,
        text=True,
    )
    seconds = time.perf_counter() - begun
    if done.returncode:
        raise RuntimeError(
            f"python {' '.join(words)} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-2000:]}"
        )
    return seconds
