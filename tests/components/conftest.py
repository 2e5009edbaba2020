"""The components' own functions, called as kfp's executor calls them: with real artifacts in real folders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

MakeArtifact = Callable[..., Any]


@pytest.fixture
def artifact(tmp_path: Path) -> MakeArtifact:
    """Makes an output artifact as kfp does: a place in an existing folder, and nothing there yet."""

    def make(kind: type, name: str) -> Any:
        place = tmp_path / "outputs" / name
        place.parent.mkdir(exist_ok=True)
        return kind(name=name, uri=str(place), metadata={})

    return make
