"""Errors of the operating system in sentences that say what to do."""

from __future__ import annotations

import errno
import os

_NO_ROOM = "Make room, or write to another disk. `python -m pipeline clean` tells what old runs could give back."
_MEMORY = "Memory ran out. Close what else needs it, or take smaller batches or fewer rows."
_PERMISSION = "Change its permissions, or give another place."
# What happened to a path (or to "A file"), and what to do.
_KNOWN = {
    errno.ENOSPC: ("cannot be written: the disk is full", _NO_ROOM),
    errno.EDQUOT: ("cannot be written: your share of the disk is used up", _NO_ROOM),
    errno.EFBIG: ("cannot be written: it is larger than files may be here", "`ulimit -f` shows and sets the limit."),
    errno.EROFS: ("cannot be written: its disk admits no writing", "Give another place."),
    errno.EACCES: ("may not be used by you", _PERMISSION),
    errno.EPERM: ("may not be used by you", _PERMISSION),
    errno.ENOENT: ("is not there", "Check the path."),
    errno.ENOTDIR: ("is not a folder, or lies below what is none", "Check the path."),
    errno.EISDIR: ("is a folder, where a file is wanted", "Check the path."),
    errno.ENAMETOOLONG: ("has a name that is too long", "Give a shorter one."),
    errno.EIO: ("cannot be read or written: the disk reports a fault", "Look at the system's log."),
    errno.EMFILE: ("cannot be opened: too many files are open", "`ulimit -n 4096` lets more be open."),
    errno.ENFILE: ("cannot be opened: too many files are open", "Close other programs."),
}


def sentence_of(error: OSError | MemoryError) -> str:
    """What has gone wrong, with which file if that is known, and what to do."""
    if isinstance(error, MemoryError) or error.errno == errno.ENOMEM:
        return _MEMORY
    path = os.fspath(error.filename) if isinstance(error.filename, str | bytes | os.PathLike) else ""
    name = os.fsdecode(path)
    known = _KNOWN.get(error.errno or 0)
    # What libraries raise without a path tells more in its own words, but for a full disk.
    if known and (name or error.errno != errno.ENOENT):
        return f"{name or 'A file'} {known[0]}. {known[1]}"
    reason = (error.strerror or str(error) or type(error).__name__).rstrip(".")
    if isinstance(error, ConnectionError | TimeoutError) or not error.errno:
        return f"Something cannot be reached or read: {reason}. Check the network and the address, and run again."
    return f"{f'{name}: ' if name else ''}{reason}. Mend that, and run again."
