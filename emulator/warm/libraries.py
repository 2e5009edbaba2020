"""The libraries that are loaded before a command needs them: those that recent commands have imported."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import os
import site
import sys
import sysconfig
import time
from collections.abc import Iterable, Sequence
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import ModuleType

# A library that was found to be needed so long ago is not loaded at the start. If it still is, that is found again.
RECENT_S = 7 * 24 * 3600.0
# Threads that a fork may do without: the allocator of pyarrow begins another one in the child.
_HARMLESS_THREADS = {"jemalloc_bg_thd"}

Stamps = dict[str, tuple[int, int] | None]


class Libraries:
    """What this process has loaded of the installed packages.

    Args:
        record: The file that keeps when each of them was found to be needed.
        installed: The folders of installed packages; those of this Python if not given.

    Attributes:
        record: That file.
        loaded: Their names, in the order of their loading.
    """

    def __init__(self, record: Path, installed: Sequence[str] | None = None) -> None:
        self.loaded: list[str] = []
        self.record = record
        self._needed = _read(record)
        self._stamps: Stamps = {}
        self._installed = _installed_folders() if installed is None else installed

    def recent(self) -> list[str]:
        """Those that were found to be needed of late."""
        oldest = time.time() - RECENT_S
        return [name for name, needed in self._needed.items() if needed > oldest]

    def note(self, names: Iterable[str]) -> list[str]:
        """Keeps that commands need some; returns those that are to be loaded."""
        found = [name for name in dict.fromkeys(names) if name not in sys.modules and self._is_installed(name)]
        if found:
            self._needed |= dict.fromkeys(found, time.time())
            self._write()
        return found

    def load(self, name: str) -> None:
        """Loads a library, if there still is one of that name."""
        if self._is_installed(name):
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
                self.loaded.append(name)

    def settle(self) -> None:
        """Remembers the files of what is loaded, and the list of what is installed, as they are now."""
        self._stamps = _stamps(self._installed)

    def have_changed(self) -> bool:
        """Whether they have changed since."""
        return any(_stamp(path) != stamp for path, stamp in self._stamps.items())

    def shun(self, name: str) -> None:
        """Never loads a library again."""
        self._needed[name] = 0.0
        self._write()

    def top_names(self) -> list[str]:
        """The first words of the names of what is loaded."""
        own = {"__main__", __name__.partition(".")[0]}
        return list({name.partition(".")[0] for name in sys.modules} - own - sys.stdlib_module_names)

    def _is_installed(self, name: str) -> bool:
        if name in sys.stdlib_module_names or self._needed.get(name) == 0.0:
            return False
        try:
            spec = importlib.util.find_spec(name)
        except (ImportError, ValueError, AttributeError):
            return False
        origin = spec.origin if spec is not None else None
        return origin is not None and origin.startswith(tuple(f"{folder}{os.sep}" for folder in self._installed))

    def _write(self) -> None:
        part = self.record.with_suffix(".part")
        with contextlib.suppress(OSError):
            part.write_text(json.dumps(self._needed, indent=1), encoding="utf-8")
            part.replace(self.record)


def _read(record: Path) -> dict[str, float]:
    try:
        needed = json.loads(record.read_text(encoding="utf-8"))
        return {str(name): float(when) for name, when in needed.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _installed_folders() -> Sequence[str]:
    folders = {*site.getsitepackages(), site.getusersitepackages()}
    folders |= {sysconfig.get_path(name) for name in ("purelib", "platlib")}
    return sorted(folder for folder in folders if os.path.isdir(folder))


def _stamps(installed: Sequence[str]) -> Stamps:
    files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    return {path: _stamp(path) for path in (*installed, *files) if isinstance(path, str)}


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def threads() -> list[str]:
    """The names of the threads beside the main one that a fork would lose. Linux tells them."""
    # The first fork ends those that numpy's linear algebra keeps; they begin again where they are needed.
    if (child := os.fork()) == 0:
        os._exit(0)
    os.waitpid(child, 0)
    names = []
    for thread in os.listdir("/proc/self/task"):
        if int(thread) != os.getpid():
            with contextlib.suppress(OSError):
                names.append(Path("/proc/self/task", thread, "comm").read_text(encoding="utf-8").strip())
    return [name for name in names if name not in _HARMLESS_THREADS]


class Watch(MetaPathFinder):
    """In a fork: tells which libraries its command imports that are not loaded already. It finds none itself.

    Args:
        report: The descriptor that their names are written to, a line each.
    """

    def __init__(self, report: int) -> None:
        self._report = report
        sys.meta_path.insert(0, self)

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        """Tells of a package, or of a part of one that many share, such as google.cloud."""
        del path, target
        parent = fullname.rpartition(".")[0]
        if not parent or getattr(sys.modules.get(parent), "__file__", None) is None:
            with contextlib.suppress(OSError):
                os.write(self._report, f"{fullname}\n".encode())
