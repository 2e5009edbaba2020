"""The folder of everything that must survive, owned by one emulator at a time."""

from __future__ import annotations

import fcntl
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from emulator.api.start_error import StartError

RUNNING = "emulator.json"
LOCK = "lock"
FILES = (LOCK, RUNNING, "vertex.sqlite3", "vertex.sqlite3-wal", "vertex.sqlite3-shm")
FOLDERS = ("storage", "runs", "cache", "logs")
# What the emulator writes, and what the processes that it starts write, is its user's alone.
UMASK = 0o077
REMEDY = "Move it away, or give another --state-dir."


@contextmanager
def owned(folder: Path) -> Iterator[None]:
    """Takes the folder, and makes it if it is not there. Nobody but its user can look into it then.

    The lock is the kernel's: it ends with the process, however that dies.

    Raises:
        StartError: Another emulator has it, or something in it is not what it must be.
    """
    try:
        is_own = not folder.exists() or (folder / LOCK).exists() or not any(folder.iterdir())
        folder.mkdir(parents=True, exist_ok=True)
        _require_kinds(folder)
        held = (folder / LOCK).open("a")
    except OSError as error:
        raise StartError(f"{error.filename} cannot be used: {error.strerror}. {REMEDY}") from error
    with held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartError(_taken(folder)) from None
        _make_private(folder, is_own)
        yield


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


def _taken(folder: Path) -> str:
    try:
        running = json.loads((folder / RUNNING).read_text(encoding="utf-8"))
        who = f"The emulator of process {running['pid']} at {running['address']}"
    except (OSError, ValueError, KeyError, TypeError):
        who = "Another emulator"
    return f"{who} works in {folder}. Use that one, stop it, or give another --state-dir."


def announce(folder: Path, running: dict[str, Any]) -> None:
    """Writes emulator.json, by which a command line finds a running emulator, in one step."""
    draft = folder / f"{RUNNING}.new"
    draft.write_text(json.dumps(running, indent=2) + "\n", encoding="utf-8")
    draft.replace(folder / RUNNING)


def withdraw(folder: Path) -> None:
    """Removes emulator.json at a clean end."""
    (folder / RUNNING).unlink(missing_ok=True)
