from __future__ import annotations

import functools
import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.patience import eventually
from trainer.errors import TrainingError
from trainer.training import rendezvous
from trainer.training.rendezvous import meet
from trainer.training.replicas import Cluster, Member

PATIENCE_S = 60.0


@pytest.fixture
def members() -> tuple[Member, ...]:
    with (
        socket.create_server(("", 0)) as one,
        socket.create_server(("", 0)) as two,
        socket.create_server(("", 0)) as of,
    ):
        ports = [server.getsockname()[1] for server in (one, two, of)]
    return tuple(Member(f"worker {index}", "127.0.0.1", port) for index, port in enumerate(ports))


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(3) as threads:
        yield threads


def called(member: Member, said: bytes) -> bool:
    """Whether something could be said to a member, after which the call ends."""
    try:
        with socket.create_connection((member.host, member.port), 1) as call:
            call.sendall(said)
    except OSError:
        return False
    return True


def test_replicas_wait_for_the_last_and_leave_their_ports(
    members: tuple[Member, ...], threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendezvous, "_ANSWER_S", 0.5)
    there: list[Future[None]] = [threads.submit(meet, Cluster(members, rank), PATIENCE_S) for rank in (2, 0)]
    # One who is lost again counts as little as one who is none of the job.
    for said in (b"GET / HTTP/1.1\r\n\r\n", b"replica 7 3\n", b"replica 1 9\n", b"", b"replica 1 3\n"):
        eventually(functools.partial(called, members[0], said))
    assert not any(one.done() for one in there)
    meet(Cluster(members, 1), PATIENCE_S)
    for one in there:
        one.result(PATIENCE_S)
    for member in members:
        socket.create_server(("", member.port)).close()


@pytest.mark.parametrize(("rank", "missing"), [(0, "worker 1 .*, worker 2 .*"), (2, "worker 0 .*")])
def test_waiting_has_an_end_and_tells_for_whom(
    members: tuple[Member, ...],
    rank: int,
    missing: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(rendezvous, "_TOLD_EVERY_S", 0.0)
    with (
        caplog.at_level("INFO"),
        pytest.raises(TrainingError, match=rf"^Of the replicas .*{missing} did not come within"),
    ):
        meet(Cluster(members, rank), 0.5)
    assert "waiting for worker" in caplog.text


def test_port_that_is_taken_is_told(members: tuple[Member, ...]) -> None:
    with (
        socket.create_server(("", members[1].port)),
        pytest.raises(
            TrainingError, match=r"This replica, worker 1 .*, cannot listen at port \d+: Address already in use"
        ),
    ):
        meet(Cluster(members, 1), 0.0)
