"""How kfp.local is imported, and how a function of it is replaced for a while."""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from emulator.runner.errors import RunnerError


def import_kfp() -> None:
    """Imports kfp without its client of Kubeflow Pipelines, which would load Kubernetes' for a second."""
    with _without_client():
        import kfp  # noqa: F401
    # kfp.local's own imports, in another order, would be circular.
    from kfp import dsl  # noqa: F401


def import_messages() -> ModuleType:
    """Imports the messages of a pipeline's specification, and of kfp nothing else."""
    with _without_client():
        return importlib.import_module("kfp.pipeline_spec.pipeline_spec_pb2")


@contextlib.contextmanager
def _without_client() -> Iterator[None]:
    """`_KFP_RUNTIME` is the switch for that which kfp sets for its own components."""
    before = os.environ.get("_KFP_RUNTIME")
    os.environ["_KFP_RUNTIME"] = "true"
    try:
        yield
    finally:
        if before is None:
            del os.environ["_KFP_RUNTIME"]
        else:
            os.environ["_KFP_RUNTIME"] = before


@contextlib.contextmanager
def replaced(module: ModuleType, name: str, replacement: Callable[..., Any]) -> Iterator[None]:
    """Puts a function, which is given the original first, in the place of a function of kfp.local.

    Raises:
        RunnerError: kfp.local has no such function.
    """
    if not hasattr(module, name):
        import kfp

        raise RunnerError(
            f"kfp {kfp.__version__} has no {module.__name__}.{name}, which the runner needs. Install kfp 2.17.3."
        )
    original = getattr(module, name)
    setattr(module, name, functools.partial(replacement, original))
    try:
        yield
    finally:
        setattr(module, name, original)
