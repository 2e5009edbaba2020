"""The state folder of the local services: whether a process has it, which one, and what was announced there.

The system's locks decide, since they belong to this very folder: a copy of it has none, one that was moved keeps them,
and they end with their process. What stands in the files travels with them, and is taken for a hint.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import struct
import sys
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any

from trainer.errors import UsageError

# A process that has the folder, and cannot be seen from here: it runs in another container.
UNSEEN = 0

_RUNNING = "emulator.json"
_LAST = "last.json"
_ADDRESS = re.compile(r"http://(?:127(?:\.\d{1,3}){3}|localhost):(\d{1,5})")
# `struct flock` of fcntl(2), whose order is the system's.
_FORMAT, _FIELDS = (
    ("qqihh", ("start", "length", "pid", "kind", "whence"))
    if sys.platform == "darwin"
    else ("hhqqi0q", ("kind", "whence", "start", "length", "pid"))
)


def place(folder: Path) -> Path:
    """Where a folder is, from the root on.

    Raises:
        UsageError: The folder that this process works in was removed, such that nothing is anywhere from there.
    """
    try:
        return folder.absolute()
    except FileNotFoundError:
        raise UsageError(
            "The folder that this command works in is not there any more: it was removed, or put back from elsewhere. "
            'Change into it again, with `cd "$PWD"`.'
        ) from None


def is_held(folder: Path) -> bool:
    """Whether a living process works in the folder: it has a lock there, which the kernel drops however it ends."""
    # First what disturbs nobody. It knows, too, where another file was put in the place of the one that is locked.
    if holder(folder) is not None:
        return True
    try:
        with (folder / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def holder(folder: Path) -> int | None:
    """The process that has the folder, as the kernel knows it, or UNSEEN. None where there is none."""
    try:
        descriptor = os.open(folder / "holder", os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return None
    try:
        asked = struct.pack(_FORMAT, *(fcntl.F_WRLCK if name == "kind" else 0 for name in _FIELDS))
        told = struct.unpack(_FORMAT, fcntl.fcntl(descriptor, fcntl.F_GETLK, asked))
    except OSError:
        return None
    finally:
        os.close(descriptor)
    lock = dict(zip(_FIELDS, told, strict=True))
    return None if lock["kind"] == fcntl.F_UNLCK else max(lock["pid"], UNSEEN)


def signal_holder(folder: Path, pid: int, number: int) -> None:
    """Sends a signal to a process, if it has the folder still: otherwise its number may be another one's by now."""
    if holder(folder) == pid:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def identity(folder: Path) -> dict[str, int] | None:
    """What tells a folder from all others, as the services tell it of theirs. None where there is none."""
    try:
        status = folder.stat()
    except OSError:
        return None
    return {"device": status.st_dev, "inode": status.st_ino}


def announced(folder: Path) -> Mapping[str, Any] | None:
    """What the services in a folder say of themselves, as long as they run and, where they are killed, afterwards."""
    return _read(folder / _RUNNING)


def last_ports(folder: Path) -> tuple[int, int] | None:
    """The ports of the services that were last in this very folder. Those of a copy belong to the original."""
    about = announced(folder) or _read(folder / _LAST)
    own = identity(folder)
    if about is None or own is None or not isinstance(about.get("folder"), dict):
        return None
    # The number of a device may be another one when the machine is started again.
    if about["folder"].get("inode") != own["inode"]:
        return None
    return _port(about["address"]), _port(about["storageAddress"])


def health(address: str, timeout_s: float) -> Mapping[str, Any]:
    """What the services at an address tell of themselves; nothing if they do not answer."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{address}/healthz", timeout=timeout_s) as answer:
            document = json.load(answer)
    except (OSError, ValueError, HTTPException, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _read(path: Path) -> Mapping[str, Any] | None:
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        is_whole = type(about["pid"]) is int and about["pid"] > 0
        is_whole = is_whole and _port(about["address"]) > 0 and _port(about["storageAddress"]) > 0
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    return about if is_whole else None


def _port(address: str) -> int:
    """The port of a URL on this machine; 0 of any other text."""
    found = _ADDRESS.fullmatch(address)
    port = int(found[1]) if found else 0
    return port if port < 2**16 else 0
