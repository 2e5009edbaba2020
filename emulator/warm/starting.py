"""How the emulator starts the process that forks."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from emulator import keeper
from emulator.warm.__main__ import RECENT

RECORD = "warm.json"
LOG = "warm.log"
_PATIENCE_S = 5.0


@contextlib.contextmanager
def warm_parent(environment: Mapping[str, str], folder: Path, idle_s: float) -> Iterator[dict[str, str]]:
    """Keeps the process while the context lasts.

    Args:
        environment: That of the commands which it will fork for.
        folder: Where it keeps what commands have needed, and its log.
        idle_s: Seconds without a command after which it lets go of what it has loaded.

    Yields:
        The variable by which keepers find it; none where this system is not Linux, or it cannot be started.
    """
    if sys.platform != "linux":
        yield {}
        return
    with contextlib.ExitStack() as held:
        try:
            # A socket's path has less than 108 bytes, which a state folder's may not leave.
            place = Path(tempfile.mkdtemp(prefix="vertex-warm-"))
            held.callback(shutil.rmtree, place, ignore_errors=True)
            listener = held.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(str(place / "socket"))
            listener.listen(64)
            log = held.enter_context((folder / LOG).open("wb"))
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "emulator.warm"),
                    *(str(listener.fileno()), str(folder / RECORD), str(idle_s), RECENT),
                ],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env={"PYTHONUNBUFFERED": "1", **environment},
                pass_fds=[listener.fileno()],
                start_new_session=True,
            )
        except OSError:
            yield {}
            return
        listener.close()
        held.callback(_end, process)
        yield {keeper.WARM: str(place / "socket")}


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.communicate(timeout=_PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
