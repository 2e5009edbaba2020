from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from emulator.model_servers.ports import is_free, reserved_port
from tests.emulator.vertex_emulator import ROOT

pytestmark = pytest.mark.run


def test_reserved_ports_differ_while_they_are_held() -> None:
    with reserved_port() as first, reserved_port() as second, reserved_port() as third:
        assert len({first, second, third}) == 3
        assert all(is_free(port) for port in (first, second, third))


def test_a_port_on_which_something_listens_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert not is_free(listener.getsockname()[1])


def test_two_processes_reserve_different_ports() -> None:
    code = (
        "import random, sys; random.seed(1); from emulator.model_servers.ports import reserved_port\n"
        "with reserved_port() as port: print(port, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) for _ in range(2)]
    ports = set()
    for process in processes:
        assert process.stdout is not None
        ports.add(int(process.stdout.readline()))
    for process in processes:
        process.communicate(b"")
    assert len(ports) == 2
