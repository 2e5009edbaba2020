"""The folder of everything that must survive, owned by one emulator at a time."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emulator.api.start_error import StartError

RUNNING = "emulator.json"
# What emulator.json was, after a clean end.
LAST = "last.json"
LOCK = "lock"
# A folder, which has one name only and is not replaced when files are put back. The system tells which process has a
# POSIX lock on it, and would drop that lock if this process opened and closed it anywhere else: SQLite does so with
# the state folder itself.
HOLDER = "holder"
DATABASE = "vertex.sqlite3"
FILES = (LOCK, RUNNING, DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm")
FOLDERS = ("storage", "runs", "cache", "logs")
# What the emulator writes, and what the processes that it starts write, is its user's alone.
UMASK = 0o077
REMEDY = "Move it away, or give another --state-dir."
# Whoever looks whether the folder is taken has its lock for a moment.
PATIENCE_S = 0.5


@dataclass(frozen=True)
class StateFolder:
    """The folder while this process has it. It is held open, and so is this very folder, whatever its path leads to.

    Attributes:
        path: Where it was when the emulator was started.
        descriptor: It.
    """

    path: Path
    descriptor: int
    _files: dict[str, tuple[int, int] | None] = field(default_factory=dict)

    @property
    def identity(self) -> dict[str, int]:
        """What tells it from all other folders of this machine, its own copies among them."""
        status = os.fstat(self.descriptor)
        return {"device": status.st_dev, "inode": status.st_ino}

    def announce(self, running: dict[str, Any]) -> None:
        """Writes emulator.json, by which a command line finds a running emulator, in one step.

        Raises:
            StartError: It cannot be written.
        """
        self._files.update({name: self._file(name) for name in (LOCK, DATABASE)})
        draft = f"{RUNNING}.new"
        try:
            with open(draft, "w", encoding="utf-8", opener=self._opener) as file:
                file.write(json.dumps(running, indent=2) + "\n")
            self._rename(draft, RUNNING)
        except OSError as error:
            told = f"{self.path / RUNNING} cannot be written: {error.strerror}. Remove what is in its place."
            raise StartError(told) from error

    def withdraw(self) -> None:
        """Puts emulator.json aside at a clean end."""
        with contextlib.suppress(OSError):
            self._rename(RUNNING, LAST)

    def lost(self) -> str:
        """What this process has lost of the folder, in a sentence; empty if nothing."""
        try:
            there = os.stat(self.path)
        except (FileNotFoundError, NotADirectoryError):
            there = None
        except OSError:  # nobody knows, as on a disk that does not answer
            return ""
        if there is None or not os.path.samestat(there, os.fstat(self.descriptor)):
            return f"Their state folder was {self.path} when they were started, and is not there any more."
        replaced = [name for name, file in self._files.items() if self._file(name) != file]
        if replaced:
            return f"Other files were put in the place of those that they have open: {self.path / replaced[0]}."
        return ""

    def _file(self, name: str) -> tuple[int, int] | None:
        try:
            status = os.stat(name, dir_fd=self.descriptor)
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def _opener(self, name: str, flags: int) -> int:
        return os.open(name, flags, 0o666, dir_fd=self.descriptor)

    def _rename(self, name: str, other: str) -> None:
        os.replace(name, other, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)


@contextlib.contextmanager
def owned(path: Path) -> Iterator[StateFolder]:
    """Takes the folder, and makes it if it is not there. Nobody but its user can look into it then.

    The locks are the kernel's: they end with the process, however that dies.

    Raises:
        StartError: Another emulator has it, or it cannot be used, or something in it is not what it must be.
    """
    with contextlib.ExitStack() as held:
        try:
            folder = _taken(path, held)
        except BlockingIOError:
            raise StartError(_of_another(path)) from None
        except OSError as error:
            at = error.filename or path
            raise StartError(
                f"the state folder {path} cannot be used: {at}: {error.strerror}. It must be a folder that can be "
                "written to. Mend it, or give another --state-dir."
            ) from error
        yield folder


def _taken(path: Path, held: contextlib.ExitStack) -> StateFolder:
    is_own = not path.exists() or (path / LOCK).exists() or not any(path.iterdir())
    path.mkdir(parents=True, exist_ok=True)
    _require_kinds(path)
    lock = held.enter_context((path / LOCK).open("a"))
    _take(lock.fileno())
    _make_private(path, is_own)
    (path / HOLDER).mkdir(mode=0o700, exist_ok=True)
    holder = _opened(path / HOLDER, held)
    with contextlib.suppress(OSError):  # a file system without such locks tells no process
        # Shared, since a folder cannot be opened for writing.
        fcntl.lockf(holder, fcntl.LOCK_SH | fcntl.LOCK_NB)
    return StateFolder(path, _opened(path, held))


def _require_kinds(folder: Path) -> None:
    for name in FILES:
        if (folder / name).is_dir():
            raise StartError(f"{folder / name} is a folder, where a file must be. {REMEDY}")
    for name in FOLDERS:
        path = folder / name
        if path.exists() and not path.is_dir():
            raise StartError(f"{path} is a file, where a folder must be. {REMEDY}")


def _make_private(folder: Path, is_own: bool) -> None:
    """Takes from all others the right to look into what an earlier emulator has left.

    A folder that holds other things besides, or that all users share, stays as open as it is.
    """
    paths = [folder / name for name in (*FILES, *FOLDERS)]
    if is_own and not folder.stat().st_mode & stat.S_ISVTX:
        paths.append(folder)
    for path in paths:
        if path.exists() and path.stat().st_uid == os.getuid():
            path.chmod(path.stat().st_mode & ~UMASK & 0o777)


def _take(lock: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _opened(folder: Path, held: contextlib.ExitStack) -> int:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    held.callback(os.close, descriptor)
    return descriptor


def _of_another(path: Path) -> str:
    try:
        running = json.loads((path / RUNNING).read_text(encoding="utf-8"))
        who = f"The emulator of process {running['pid']} at {running['address']}"
    except (OSError, ValueError, LookupError, TypeError):
        who = "Another emulator"
    return f"{who} works in {path}. Use that one, stop it, or give another --state-dir."
