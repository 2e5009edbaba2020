"""Free ports for model servers, not shared by two emulators of one machine."""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import socket
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Below the range from which systems take the ports of outgoing connections (32768 on Linux, 49152 elsewhere).
FIRST_PORT = 18_000
LAST_PORT = 32_000
TRIES = 200


@contextmanager
def reserved_port() -> Iterator[int]:
    """A port on which nothing listens, which no other emulator takes while the context lasts.

    A model server binds its port by itself, some time after the choice. A lock on a file that all emulators
    of the user know keeps the port until then and as long as the server lives; the lock ends with the
    process.

    Raises:
        OSError: No port was free in `TRIES` tries.
    """
    folder = _own_folder(Path(tempfile.gettempdir()))
    for port in random.sample(range(FIRST_PORT, LAST_PORT), TRIES):
        with (folder / str(port)).open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            if is_free(port):
                yield port
                return
    raise OSError(f"no free port between {FIRST_PORT} and {LAST_PORT} was found in {TRIES} tries")


def _own_folder(parent: Path) -> Path:
    """The folder of the user's locks: the first of its names that no other user has taken.

    Raises:
        OSError: Others have taken all of them, or there is no room.
    """
    for name in (f"vertex-emulator-ports-{os.getuid()}{suffix}" for suffix in ("", *(f"-{n}" for n in range(1, 10)))):
        folder = parent / name
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        status = os.lstat(folder)
        if stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o077:
            return folder
    raise OSError(f"{parent} has no folder vertex-emulator-ports-{os.getuid()} that is this user's own; remove them")


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
