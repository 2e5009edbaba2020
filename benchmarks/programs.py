"""Starts a contestant's program as a process of its own and reads the one line of JSON that it ends with."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.environments import PEERS, ROOT, Environment
from benchmarks.processes import free_port
from benchmarks.repeats import Result

# Longer than the slowest program takes on a slow machine.
_PATIENCE_S = 3600


class ProgramError(Exception):
    """A program failed or told nothing. The sentence ends with what it said last."""


@dataclass(frozen=True)
class Program:
    """A program of benchmarks/ours or benchmarks/peers.

    Attributes:
        words: What follows the interpreter.
        environment: Whose interpreter; None for this project's.
    """

    words: tuple[str, ...]
    environment: Environment | None = None

    def run(self, *arguments: object) -> Result:
        """Runs it to its end.

        Raises:
            UnavailableError: Its environment cannot be made here.
            ProgramError: It failed.
        """
        done = subprocess.run(
            self._command(arguments),
            check=False,
            cwd=ROOT,
            env=self._variables(),
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
        )
        return self._result(done.returncode, done.stdout, done.stderr, arguments)

    def run_replicas(self, count: int, *arguments: object) -> Result:
        """Runs it as several replicas of a job, each with a core of its own where that can be told, to their end.

        Returns:
            What the first one has measured.

        Raises:
            UnavailableError: Its environment cannot be made here.
            ProgramError: It failed.
        """
        addresses = [f"127.0.0.1:{free_port()}" for _ in range(count)]
        with contextlib.ExitStack() as ends:
            replicas = []
            for index in range(count):
                told = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
                variables = {**self._variables(), "TF_CONFIG": json.dumps(told)}
                output = None if index == 0 else subprocess.DEVNULL
                with _core(index):
                    replica = subprocess.Popen(
                        self._command(arguments),
                        cwd=ROOT,
                        env=variables,
                        stdout=output or subprocess.PIPE,
                        stderr=output or subprocess.PIPE,
                        text=True,
                    )
                ends.callback(replica.wait)
                ends.callback(replica.kill)
                replicas.append(replica)
            said, complained = replicas[0].communicate(timeout=_PATIENCE_S)
        return self._result(replicas[0].returncode, said, complained, arguments)

    def _command(self, arguments: tuple[object, ...]) -> list[str]:
        python = self.environment.interpreter() if self.environment else sys.executable
        return [str(python), *self.words, *map(str, arguments)]

    def _result(self, code: int, said: str, complained: str, arguments: tuple[object, ...]) -> Result:
        try:
            result = json.loads(said.strip().splitlines()[-1])
        except (IndexError, ValueError):
            result = None
        if code or not isinstance(result, dict):
            command = " ".join(self._command(arguments))
            raise ProgramError(f"{command} ended with {code}:\n{(said + complained)[-2000:]}")
        return result

    def _variables(self) -> dict[str, str]:
        variables = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        variables.pop("PYTHONPATH", None)
        if self.environment is None:
            variables["PYTHONPATH"] = str(ROOT)  # this folder's code, and not that of an installed copy
        return variables


def ours(name: str) -> Program:
    """A program of benchmarks/ours."""
    return Program(("-m", f"benchmarks.ours.{name}"))


def peer(name: str, environment: Environment | None = None) -> Program:
    """The program of a folder of benchmarks/peers."""
    return Program((str(PEERS / name / "program.py"),), environment)


@contextmanager
def _core(number: int) -> Iterator[None]:
    """Gives what is started meanwhile one core alone, where the system lets one choose."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(cores)[number % len(cores)]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
