"""The keeper of a command, in real processes: whoever dies, nothing of the command is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from emulator import keeper
from tests.emulator.vertex_emulator import is_alive
from tests.patience import eventually, patience_s

pytestmark = pytest.mark.run

SLEEPER = "import os, sys, time; print(os.getpid(), flush=True); time.sleep(600)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEPER
PARENT = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEPER!r}]).wait()"
# Starts a process in a session of its own, as daemons do: told are the keeper's inner process and both others.
DAEMON = (
    "import os, subprocess, sys, time\n"
    f"child = subprocess.Popen([sys.executable, '-c', {STUBBORN!r}], start_new_session=True, stdout=subprocess.PIPE)\n"
    "child.stdout.readline()\n"
    "print(os.getppid(), os.getpid(), child.pid, flush=True)\n"
)
WAITING_DAEMON = DAEMON + "time.sleep(600)\n"
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a process has started")


def kept(code: str, grace_s: str = "5", folder: str = "") -> subprocess.Popen[bytes]:
    command = [sys.executable, "-I", "-S", keeper.__file__, grace_s, folder, sys.executable, "-c", code]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )


def told(process: subprocess.Popen[bytes]) -> list[int]:
    """The numbers in the first line that the command writes."""
    assert process.stdout is not None
    return [int(word) for word in process.stdout.readline().split()]


def are_gone(*pids: int) -> bool:
    return eventually(lambda: not any(map(is_alive, pids)))


@pytest.mark.parametrize(("code", "grace_s"), [(SLEEPER, "600"), (STUBBORN, "0.2"), (PARENT, "600")])
def test_keeper_ends_its_command_when_standard_input_ends(code: str, grace_s: str) -> None:
    with kept(code, grace_s) as process:
        [pid] = told(process)
        assert process.stdin is not None
        process.stdin.close()
        process.wait(patience_s())
        assert not is_alive(pid)


@on_linux
def test_keeper_ends_a_process_in_a_session_of_its_own_when_standard_input_ends() -> None:
    with kept(WAITING_DAEMON, "0.2") as process:
        _, command, daemon = told(process)
        assert process.stdin is not None
        process.stdin.close()
        process.wait(patience_s())
        assert not is_alive(command)
        assert not is_alive(daemon)


@on_linux
def test_keeper_leaves_no_process_of_a_command_that_has_ended() -> None:
    with kept(DAEMON) as process:
        _, _, daemon = told(process)
        assert process.wait(patience_s()) == 0
        assert not is_alive(daemon)


@on_linux
@pytest.mark.parametrize("victims", ["outer", "inner", "command", "outer and command", "inner and command"])
def test_keeper_leaves_nothing_whoever_is_killed_together_with_who_started_it(victims: str) -> None:
    with kept(WAITING_DAEMON, "600") as process:
        inner, command, daemon = told(process)
        pids = {"outer": process.pid, "inner": inner, "command": command}
        for victim in victims.split(" and "):
            os.kill(pids[victim], signal.SIGKILL)
        assert process.stdin is not None
        process.stdin.close()
        assert are_gone(inner, command, daemon)
        process.wait(patience_s())


@on_linux
def test_command_dies_with_both_processes_of_its_keeper() -> None:
    with kept(SLEEPER.replace("print(os.getpid()", "print(os.getppid(), os.getpid()"), "600") as process:
        inner, command = told(process)
        os.kill(process.pid, signal.SIGSTOP)
        os.kill(inner, signal.SIGKILL)
        os.kill(process.pid, signal.SIGKILL)
        assert are_gone(command)


@pytest.mark.parametrize("code", [0, 3, 255])
def test_keeper_ends_with_its_command(code: int) -> None:
    with kept(f"raise SystemExit({code})") as process:
        assert process.wait(patience_s()) == code


def test_keeper_tells_a_signal_as_shells_do() -> None:
    with kept(SLEEPER) as process:
        os.kill(told(process)[0], signal.SIGKILL)
        assert process.wait(patience_s()) == 128 + signal.SIGKILL


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_keeper_outlives_a_signal_that_is_meant_for_its_command(number: signal.Signals) -> None:
    with kept("import time; print(1, flush=True); time.sleep(1); raise SystemExit(7)") as process:
        told(process)
        process.send_signal(number)
        assert process.wait(patience_s()) == 7


@pytest.mark.parametrize("victim", ["", "outer", "inner"])
def test_keeper_removes_the_folder_at_the_end(tmp_path: Path, victim: str) -> None:
    folder = tmp_path / "scratch"
    folder.mkdir()
    code = "import os, sys, time; print(os.getppid(), flush=True); sys.stdin.read()"
    with kept(code + ("; time.sleep(600)" if victim else ""), folder=str(folder)) as process:
        [inner] = told(process)
        if victim:
            os.kill(process.pid if victim == "outer" else inner, signal.SIGKILL)
        process.wait(patience_s())
        eventually(lambda: not folder.exists())


def test_keeper_says_that_a_command_cannot_be_started(tmp_path: Path) -> None:
    command = [sys.executable, keeper.__file__, "5", "", str(tmp_path / "absent")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, start_new_session=True)
    assert done.returncode == keeper.EXIT_NOT_FOUND
    assert "absent cannot be started: No such file or directory." in done.stderr


def test_keeper_ends_a_command_whose_starter_is_dead_from_the_start() -> None:
    command = [sys.executable, "-I", "-S", keeper.__file__, "600", "", "/bin/sleep", "600"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, check=False, timeout=patience_s())
    assert done.returncode == 128 + signal.SIGTERM
