"""The parts of Google's SDK one by one: its messages without its clients, one client without the thirty others.

This file stands in components/vertex/ and in emulator/api/, the same to the byte: the emulator serves any project, so
it imports nothing of this one, and a third room for both would be more than the copy.
"""

from __future__ import annotations

import importlib.util
import sys
import threading
from typing import Any

_VERSIONS = ("google.cloud.aiplatform_v1", "google.cloud.aiplatform_v1beta1")
# Each package after the one that it is in.
_PACKAGES = tuple(name for version in _VERSIONS for name in (version, f"{version}.types"))


def import_messages_alone() -> None:
    """Has `from google.cloud.aiplatform_v1.types import ...` load messages alone, in this process.

    Where the very module is named, `google.cloud.aiplatform_v1.types.model`, its messages and what they need come
    alone, and so does a client: `google.cloud.aiplatform_v1.services.model_service`. What else the packages have is
    loaded once it is asked for. Where one is loaded already, it stays as it is.
    """
    for name in _PACKAGES:
        if name not in sys.modules:
            _postpone(name)


def _postpone(name: str) -> None:
    """Makes a package known, so that its parts can be imported, and runs it when one of its own names is read."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        return
    loader = spec.loader
    package = importlib.util.module_from_spec(spec)
    # Others wait for the thread that loads it. Loading reads names, too: those of parts, which need no lock.
    lock, begun = threading.RLock(), set[str]()

    def read(attribute: str) -> Any:
        if attribute.startswith("__") or importlib.util.find_spec(f"{name}.{attribute}") is not None:
            raise AttributeError(f"module {name!r} has no attribute {attribute!r}")
        with lock:
            if not begun:
                begun.add(attribute)
                try:
                    loader.exec_module(package)
                except BaseException:
                    begun.clear()
                    raise
                if vars(package).get("__getattr__") is read:
                    del vars(package)["__getattr__"]
        if attribute not in vars(package):
            raise AttributeError(f"module {name!r} has no attribute {attribute!r}")
        return vars(package)[attribute]

    vars(package)["__getattr__"] = read
    sys.modules[name] = package
    parent, _, own = name.rpartition(".")
    setattr(sys.modules[parent], own, package)
