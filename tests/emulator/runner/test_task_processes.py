from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from emulator.runner import executor_start
from emulator.runner.errors import RunnerError
from emulator.runner.task_processes import StoppedError, TaskProcesses
from tests.patience import eventually


def run(command: list[str], log: Path, **variables: str) -> int:
    with log.open("ab", buffering=0) as file:
        return TaskProcesses().run(command, file, variables)


def python(code: str) -> list[str]:
    return ["python3", "-c", code]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log.txt"


def test_run_writes_output_and_errors_to_the_log_in_their_order(log: Path) -> None:
    code = "import sys\nprint('one')\nprint('two', file=sys.stderr)\nprint('three')"
    assert run(python(code), log) == 0
    assert log.read_text(encoding="utf-8") == "one\ntwo\nthree\n"


@pytest.mark.parametrize("number", [0, 3, 255])
def test_run_returns_the_exit_code(log: Path, number: int) -> None:
    assert run(["/bin/sh", "-c", f"exit {number}"], log) == number


def test_run_returns_128_and_the_signal_that_killed_the_command(log: Path) -> None:
    assert run(["/bin/sh", "-c", "kill -9 $$"], log) == 128 + signal.SIGKILL


def test_run_finds_this_interpreter_as_python3(log: Path) -> None:
    assert run(python("import sys; print(sys.executable, sys.prefix, sep='\\n')"), log) == 0
    executable, prefix = log.read_text(encoding="utf-8").split("\n")[:2]
    assert Path(executable).samefile(sys.executable)
    assert prefix == sys.prefix


def test_run_makes_a_python3_where_the_interpreter_lies_beside_none(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = tmp_path / "it's : odd" / "python3.odd"
    odd.parent.mkdir()
    odd.symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(odd))
    assert run(["/bin/sh", "-c", "python3 -c 'import sys; print(sys.executable)'"], log) == 0
    assert log.read_text(encoding="utf-8") == f"{odd}\n"


def test_run_starts_kfps_executor_its_own_way_and_changes_no_argument(log: Path) -> None:
    script = 'echo python3 -m kfp.dsl.executor_main --path; echo "$0"'
    text = "python3 -m kfp.dsl.executor_main --path"
    assert run(["sh", "-ec", script, text], log) == 0
    told, argument = log.read_text(encoding="utf-8").splitlines()
    assert told == f"python3 {executor_start.__file__} kfp.dsl.executor_main --path"
    assert argument == text


def test_run_gives_the_command_a_temporary_folder_and_takes_it_away(log: Path) -> None:
    assert run(["/bin/sh", "-c", 'mktemp -d; echo "$TMPDIR"; echo "$NAME"'], log, NAME="it's") == 0
    made, folder, name = log.read_text(encoding="utf-8").splitlines()
    assert Path(made).parent == Path(folder)
    assert not Path(folder).exists()
    assert name == "it's"


def test_run_leaves_no_process_of_a_command_that_has_ended(log: Path) -> None:
    # Nobody waits for what would take a day.
    sleeper = "['/bin/sh', '-c', 'sleep 86400; true']"
    code = f"import subprocess\nprint(subprocess.Popen({sleeper}, start_new_session=True).pid)"
    assert run(python(code), log) == 0
    with pytest.raises(ProcessLookupError):
        os.kill(int(log.read_text(encoding="utf-8")), 0)


def test_run_tells_of_a_command_that_is_not_there(log: Path) -> None:
    assert run(["no-such-command"], log) == 127
    assert log.read_text(encoding="utf-8") == "no-such-command cannot be started: No such file or directory.\n"


def test_run_refuses_an_argument_that_the_system_does_not_take(log: Path) -> None:
    with pytest.raises(RunnerError, match=r"make an argument of 20000000 bytes, longer than this system"):
        run(["/bin/true", "x" * 20_000_000], log)


def test_stop_ends_a_command_and_lets_it_say_goodbye(log: Path) -> None:
    code = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit('goodbye'))\n"
        "print('hello')\n"
        "time.sleep(86400)"
    )
    processes = TaskProcesses()
    with log.open("ab", buffering=0) as file:
        worker = threading.Thread(target=processes.run, args=(python(code), file, {}))
        worker.start()
        eventually(lambda: "hello" in log.read_text(encoding="utf-8"))
        processes.stop()
        worker.join()
    assert log.read_text(encoding="utf-8") == "hello\ngoodbye\n"


def test_stop_lets_no_other_command_begin(log: Path) -> None:
    processes = TaskProcesses()
    processes.stop()
    assert processes.is_stopped
    with log.open("ab", buffering=0) as file, pytest.raises(StoppedError):
        processes.run(["/bin/true"], file, {})


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a process has started")
@pytest.mark.parametrize(
    ("victim", "code"), [("os.getppid()", 128 + signal.SIGKILL), ("os.getsid(0)", -signal.SIGKILL)]
)
def test_run_leaves_no_process_where_its_keeper_is_killed(log: Path, victim: str, code: int) -> None:
    script = f"import os, signal, time\nprint(os.getpid(), flush=True)\nos.kill({victim}, 9)\ntime.sleep(600)"
    assert run(python(script), log) == code
    pid = int(log.read_text(encoding="utf-8"))
    state = Path(f"/proc/{pid}/stat")
    assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"
