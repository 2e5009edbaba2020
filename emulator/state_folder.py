"""The folder of everything that must survive, owned by one emulator at a time."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from emulator.api.start_error import StartError

RUNNING = "emulator.json"


@contextmanager
def owned(folder: Path) -> Iterator[None]:
    """Takes the folder, and makes it if it is not there.

    The lock is the kernel's: it ends with the process, however that dies.

    Raises:
        StartError: Another emulator has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartError(_taken(folder)) from None
        yield


def _taken(folder: Path) -> str:
    try:
        running = json.loads((folder / RUNNING).read_text(encoding="utf-8"))
        who = f"The emulator of process {running['pid']} at {running['address']}"
    except (OSError, ValueError, KeyError):
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
