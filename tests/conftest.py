"""What all tests share: where the Iris files lie, and a watch over the unit part's imports."""

from __future__ import annotations

import signal
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import NamedTuple

import hypothesis
import pytest

# How long an example takes is this machine's business, and that of what else it does.
hypothesis.settings.register_profile("anywhere", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("anywhere")

HEAVY = {"tensorflow", "run"}
DATA = Path(__file__).resolve().parent.parent / "data"


class IrisFiles(NamedTuple):
    """The files that a run reads by default, under the names of the run's parameters."""

    train_data: Path
    eval_data: Path
    schema: Path


@pytest.fixture(scope="session")
def iris_files() -> IrisFiles:
    return IrisFiles(DATA / "iris_training.csv", DATA / "iris_test.csv", DATA / "schema.toml")


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> Iterator[None]:
    """Lets SIGINT be heard: a shell has its background jobs ignore it, and with them all processes that tests start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Stops a session of unit tests alone if collecting them has loaded TensorFlow."""
    if "tensorflow" in sys.modules and all(_is_unit(item) for item in session.items):
        raise pytest.UsageError(
            "A module loads TensorFlow when it is imported. Import it in the function that uses it; "
            "`python -X importtime -m pytest --collect-only` tells which."
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Fails a unit test that has loaded TensorFlow."""
    loaded_before = "tensorflow" in sys.modules
    yield
    if _is_unit(item) and not loaded_before and "tensorflow" in sys.modules:
        pytest.fail("A unit test loaded TensorFlow. Mark it with `pytest.mark.tensorflow`.", pytrace=False)


def _is_unit(item: pytest.Item) -> bool:
    return HEAVY.isdisjoint(mark.name for mark in item.iter_markers())
