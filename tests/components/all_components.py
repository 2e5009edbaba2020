"""Every component that there is: `components/verb_noun.py` holds one of the same name."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import components

NAMES = sorted(path.stem for path in Path(components.__file__).parent.glob("[a-z]*_*.py"))


def component(name: str) -> Any:
    """What kfp's decorator has made of a component's function."""
    return getattr(importlib.import_module(f"components.{name}"), name)
