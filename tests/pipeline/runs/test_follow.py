"""A run followed through what may happen to the services meanwhile."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.config import RunConfig
from pipeline.interrupts import heard_as_flag
from pipeline.runs import follow as following
from pipeline.runs.follow import follow
from pipeline.runs.record import RunRecord
from pipeline.runs.submission import build_job, draft_of_file, send
from pipeline.vertex.errors import in_sentences
from tests.pipeline.workplaces import Workplace
from trainer.errors import ProjectError

pytestmark = pytest.mark.run


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Workplace]:
    from tests.pipeline.inspected_pipeline import compile_small

    compile_small(tmp_path)
    place = Workplace(tmp_path)
    yield place
    place.emulator.close()


def submitted(config: RunConfig) -> str:
    """Submits a run that does not end by itself."""
    return send(config, build_job(config, draft_of_file(Path("small.yaml"), config, {"wait_for": "/nowhere"}, {})))


def test_run_is_followed_through_a_restart_of_the_services(place: Workplace) -> None:
    shown: list[RunRecord] = []

    def kill_once(run: RunRecord) -> None:
        if not shown and run.state == "running":
            place.emulator.kill()
            place.emulator.start()
        shown.extend([run] if shown or run.state == "running" else [])

    with place.connected() as config, heard_as_flag() as interruption:
        ended = follow(config, submitted(config), kill_once, interruption)
    assert ended is not None
    assert ended.state == "failed"
    assert ended.error
    assert shown[-1] == ended


def test_services_that_stay_away_are_told(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(following._PATIENCE_S, "local", 0.3)
    with place.connected() as config, heard_as_flag() as interruption:
        name = submitted(config)
        told = pytest.raises(ProjectError, match=r"^Vertex AI cannot be reached\. See the log in \.local/vertex")
        with told, in_sentences(config):
            follow(config, name, lambda _: place.emulator.kill(), interruption)
    place.emulator.start()


def test_interruption_is_heard_where_the_services_do_not_answer(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Longer than a test may take.
    monkeypatch.setitem(following._PATIENCE_S, "local", 24 * 3600)

    def kill_and_interrupt(_: RunRecord) -> None:
        place.emulator.kill()
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM)).start()

    with place.connected() as config, heard_as_flag() as interruption:
        assert follow(config, submitted(config), kill_and_interrupt, interruption) is None
        assert interruption.is_heard
    place.emulator.start()
