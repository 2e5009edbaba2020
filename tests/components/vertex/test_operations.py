"""Waiting for operations where nobody answers."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from components.vertex import connection
from components.vertex.connection import VertexAI
from components.vertex.operations import wait_for
from pipeline.config import RunConfig
from pipeline.vertex.errors import in_sentences
from trainer.errors import ProjectError

# Google's clients take most of a second to load.
pytestmark = pytest.mark.run


class Begun:
    """An operation that a call has returned and that has not ended."""

    def __init__(self) -> None:
        from google.longrunning.operations_pb2 import Operation

        self.operation = Operation(name="projects/p/locations/l/endpoints/1/operations/2")


def test_wait_for_tells_that_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "PATIENCE_S", 1.0)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        place = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        made: Any = object
        with pytest.raises(ProjectError, match="Vertex AI cannot be reached"), in_sentences(RunConfig()):
            wait_for(VertexAI("p", "l", place), Begun(), made)


def test_wait_for_gives_up_on_one_that_does_not_answer_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "PATIENCE_S", 1.0)
    monkeypatch.setattr(connection, "CALL_TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"http://127.0.0.1:{silent.getsockname()[1]}"
        made: Any = object
        with pytest.raises(ProjectError, match="Vertex AI cannot be reached"), in_sentences(RunConfig()):
            wait_for(VertexAI("p", "l", place), Begun(), made)
