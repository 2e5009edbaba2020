"""Starts a contestant's program as a process of its own and reads the one line of JSON that it ends with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass

from benchmarks.environments import PEERS, ROOT, Environment
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
        python = self.environment.interpreter() if self.environment else sys.executable
        command = [str(python), *self.words, *map(str, arguments)]
        done = subprocess.run(
            command,
            check=False,
            cwd=ROOT,
            env=self._variables(),
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
        )
        try:
            result = json.loads(done.stdout.strip().splitlines()[-1])
        except (IndexError, ValueError):
            result = None
        if done.returncode or not isinstance(result, dict):
            raise ProgramError(
                f"{' '.join(command)} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-2000:]}"
            )
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
