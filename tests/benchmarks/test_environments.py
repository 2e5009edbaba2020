from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.environments import PEERS, Environment, UnavailableError
from benchmarks.machine import cpu_model, describe

LOCKED = sorted(path.parent.name for path in PEERS.glob("*/requirements.in"))


def test_environment_says_which_python_it_misses() -> None:
    with pytest.raises(UnavailableError, match=r"needs Python 3\.4, and no python3\.4 is here"):
        Environment("metaflow", python="3.4").interpreter()


@pytest.mark.parametrize("name", LOCKED)
def test_peer_is_locked_with_hashes_and_names_no_index(name: str) -> None:
    lines = Environment(name).requirements.read_text(encoding="utf-8").splitlines()
    pins = [place for place, line in enumerate(lines) if "==" in line]
    assert all("--hash=sha256:" in lines[place + 1] for place in pins)
    assert not [line for line in lines if "://" in line or line.startswith("--")]
    for wanted in (PEERS / name / "requirements.in").read_text(encoding="utf-8").split():
        assert any(lines[place].startswith(f"{wanted} ") for place in pins)


def test_cpu_is_named_as_linux_names_it(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor\t: 0\nmodel name\t: A fast one @ 3 GHz\n", encoding="utf-8")
    assert cpu_model(cpuinfo) == "A fast one @ 3 GHz"
    assert cpu_model(tmp_path / "none")


def test_machine_is_described_by_cores_memory_and_python() -> None:
    assert "GiB of memory" in describe()
