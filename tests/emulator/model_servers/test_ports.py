from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

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


def test_a_folder_of_locks_that_others_can_write_to_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    name = f"vertex-emulator-ports-{os.getuid()}"
    (tmp_path / name).mkdir()
    (tmp_path / name).chmod(0o777)
    (tmp_path / f"{name}-1").symlink_to(tmp_path)
    with reserved_port() as port:
        assert [path.name for path in (tmp_path / f"{name}-2").iterdir()] == [str(port)]
    for number in range(1, 10):
        path = tmp_path / f"{name}-{number}"
        if path.is_symlink():
            path.unlink()
        path.mkdir(exist_ok=True)
        path.chmod(0o777)
    with pytest.raises(OSError, match="that is this user's own"), reserved_port():
        pass
