"""Where the replicas of a training meet before TensorFlow starts, which waits for lost ones in silence and for ever."""

from __future__ import annotations

import contextlib
import logging
import select
import socket
import time
from collections.abc import Callable

from trainer.errors import TrainingError
from trainer.training.replicas import Cluster, Member

log = logging.getLogger(__name__)

# Machines of one job come up minutes apart where one of them has yet to load the image.
PATIENCE_S = 900.0
_TOLD_EVERY_S = 15.0
_LOOK_S = 0.2
_ANSWER_S = 5.0
_GO = b"go\n"


def meet(cluster: Cluster, patience_s: float = PATIENCE_S) -> None:
    """Waits until all replicas are there, and tells for whom. The port of this one is free again afterwards.

    Each of the others calls the primary at its own port, says who it is, and waits for its word.

    Args:
        cluster: The replicas.
        patience_s: For how long.

    Raises:
        TrainingError: One of them does not come, or the port of this one is taken.
    """
    own = cluster.members[cluster.rank]
    with _listening(own) as listener:
        if cluster.rank == 0:
            _gather(cluster, listener, _Wait(patience_s))
            return
    _join(cluster, _Wait(patience_s))


class _Wait:
    """One wait for others: how long it lasts, and when it is told."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._began = self._told = time.monotonic()

    def go_on(self, missing: Callable[[], list[Member]]) -> None:
        """Tells from time to time for whom; raises a TrainingError once it has taken too long."""
        now = time.monotonic()
        if now - self._began > self._patience_s:
            names = ", ".join(map(str, missing()))
            raise TrainingError(
                f"Of the replicas of this job, {names} did not come within {self._patience_s:g} s. Look at what it has "
                "written, and whether the replicas reach each other at these addresses; then start the job again."
            )
        if now - self._told > _TOLD_EVERY_S:
            self._told = now
            log.info("waiting for %s", ", ".join(map(str, missing())))


def _listening(own: Member) -> socket.socket:
    try:
        return socket.create_server(("", own.port))
    except OSError as error:
        raise TrainingError(
            f"This replica, {own}, cannot listen at port {own.port}: {error.strerror}. End what listens there, or give "
            "the job another port."
        ) from error


def _gather(cluster: Cluster, listener: socket.socket, wait: _Wait) -> None:
    listener.settimeout(_LOOK_S)
    with contextlib.ExitStack() as held:
        there: dict[int, socket.socket] = {}

        def missing() -> list[Member]:
            return [one for rank, one in enumerate(cluster.members) if rank and rank not in there]

        while missing():
            wait.go_on(missing)
            with contextlib.suppress(OSError, ValueError):
                caller = held.enter_context(listener.accept()[0])
                there[_rank_of(caller, cluster.size)] = caller
            there = {rank: caller for rank, caller in there.items() if not _has_gone(caller)}
        for caller in there.values():
            with contextlib.suppress(OSError):
                caller.sendall(_GO)


def _rank_of(caller: socket.socket, size: int) -> int:
    """Who calls; a ValueError where it is nobody of the job."""
    caller.settimeout(_ANSWER_S)
    said = caller.makefile("rb").readline(100).split()
    if len(said) != 3 or (said[0], int(said[2])) != (b"replica", size) or not 0 < int(said[1]) < size:
        raise ValueError
    return int(said[1])


def _has_gone(caller: socket.socket) -> bool:
    return bool(select.select([caller], [], [], 0)[0])  # it says no more, until it ends


def _join(cluster: Cluster, wait: _Wait) -> None:
    primary = cluster.members[0]
    while True:
        with contextlib.suppress(OSError), socket.create_connection((primary.host, primary.port), _ANSWER_S) as call:
            call.sendall(f"replica {cluster.rank} {cluster.size}\n".encode())
            while not select.select([call], [], [], _LOOK_S)[0]:
                wait.go_on(lambda: [primary])
            if call.recv(len(_GO)) == _GO:
                return
        wait.go_on(lambda: [primary])
        time.sleep(_LOOK_S)
