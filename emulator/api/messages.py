"""The messages of Google's SDK without its clients, which this process does not need and which take longer to load."""

from __future__ import annotations

import importlib.util
import sys
from typing import Any

_PACKAGES = ("google.cloud.aiplatform_v1", "google.cloud.aiplatform_v1beta1")


def import_messages_alone() -> None:
    """Has `from google.cloud.aiplatform_v1.types import ...` load messages alone, in this process.

    What else the package has is loaded once it is asked for. Where the package is loaded already, it stays as it is.
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

    def read(attribute: str) -> Any:
        if attribute.startswith("__") or importlib.util.find_spec(f"{name}.{attribute}") is not None:
            raise AttributeError(f"module {name!r} has no attribute {attribute!r}")
        del vars(package)["__getattr__"]
        loader.exec_module(package)
        return getattr(package, attribute)

    vars(package)["__getattr__"] = read
    sys.modules[name] = package
    parent, _, own = name.rpartition(".")
    setattr(sys.modules[parent], own, package)
