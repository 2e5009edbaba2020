"""Jobs of several replicas, which are processes of this machine, as a training service starts them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.patience import patience_s

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class ReplicaProcess:
    """A replica at work.

    Attributes:
        process: Its process.
        log: What it writes.
    """

    process: subprocess.Popen[bytes]
    log: Path

    def ended(self) -> tuple[int, str]:
        """Waits for its end; exit code and what it has written."""
        code = self.process.wait(patience_s())
        return code, self.log.read_text(encoding="utf-8")


@contextmanager
def job(words: Sequence[str], folder: Path, count: int = 2) -> Iterator[list[ReplicaProcess]]:
    """`python WORDS` as so many replicas, the primary first; what is left of them at the end is killed.

    Args:
        words: What follows the interpreter.
        folder: Where their logs go.
        count: How many replicas.
    """
    replicas: list[ReplicaProcess] = []
    with contextlib.ExitStack() as ends:
        for number, variable in enumerate(_variables(count)):
            log = folder / f"replica-{number}.log"
            variables = {**os.environ, "TF_CONFIG": json.dumps(variable), "PYTHONPATH": str(ROOT)}
            with log.open("wb") as file:
                process = subprocess.Popen(
                    [sys.executable, *words], cwd=ROOT, env=variables, stdout=file, stderr=subprocess.STDOUT
                )
            ends.callback(process.wait)
            ends.callback(process.send_signal, signal.SIGKILL)
            replicas.append(ReplicaProcess(process, log))
        yield replicas


def newest_checkpoint(job_dir: Path) -> dict[str, np.ndarray]:
    """Every variable of the newest checkpoint of a job's folder."""
    with np.load(max((job_dir / "checkpoints").glob("step-*.npz"))) as archive:
        return {name: archive[name] for name in archive.files if name.startswith("array:")}


def _variables(count: int) -> list[dict[str, object]]:
    with contextlib.ExitStack() as held:
        servers = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        chief, *workers = [f"127.0.0.1:{server.getsockname()[1]}" for server in servers]
    tasks = [("chief", 0), *(("worker", index) for index in range(len(workers)))]
    return [
        {"cluster": {"chief": [chief], "worker": workers}, "task": {"type": kind, "index": index}}
        for kind, index in tasks
    ]
