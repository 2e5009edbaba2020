"""Fixtures: compiled pipelines."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.job_requests import document, pipelines


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The pipelines of job_requests.py, by name, as submitted."""
    return {name: document(path) for name, path in pipelines(tmp_path_factory.mktemp("pipelines")).items()}
