"""Commands that are forked from a process with libraries loaded, beside the same ones started as fresh processes."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator import keeper
from emulator.warm.starting import LOG, RECORD, warm_parent
from tests.emulator.vertex_emulator import is_alive
from tests.patience import eventually, patience_s

pytestmark = [
    pytest.mark.run,
    pytest.mark.skipif(sys.platform != "linux", reason="only on Linux is a fork as safe as a fresh process"),
]

FACTS = str(Path(__file__).with_name("facts.py"))
BASE = {**os.environ, "PYTHONUNBUFFERED": "1", "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}"}


class Parent:
    """A process that forks, and commands that ask it."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self.folder = folder
        self.variables = variables

    def start(self, *words: str, warm: bool = True, grace_s: str = "5", **options: Any) -> subprocess.Popen[bytes]:
        """Starts a command under a keeper; it is forked only where `warm` says so."""
        scratch = options.pop("scratch", "")
        environment = {**BASE, **options.pop("variables", {}), **(self.variables if warm else {})}
        given: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE) | options
        return subprocess.Popen(
            [sys.executable, "-I", "-S", keeper.__file__, grace_s, scratch, *words],
            env=environment,
            start_new_session=True,
            **given,
        )

    def run(self, *words: str, **options: Any) -> tuple[int, str, str]:
        """Runs a command: its exit code, and what it has written to both streams."""
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            with self.start(*words, stdout=output, stderr=errors, **options) as process:
                code = process.wait(patience_s())
            output.seek(0)
            errors.seek(0)
            return code, output.read().decode(), errors.read().decode()

    @property
    def log(self) -> str:
        """What it tells of the commands."""
        return (self.folder / LOG).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parent]:
    folder = tmp_path_factory.mktemp("warm")
    (folder / RECORD).write_text(json.dumps({"yaml": 4e9}))
    with warm_parent(BASE, folder, 600.0) as variables:
        yield Parent(folder, variables)


def program(tmp_path: Path, text: str) -> str:
    path = tmp_path / "program.py"
    path.write_text(f"import os, signal, subprocess, sys, time\n{text}\n")
    return str(path)


def as_module(tmp_path: Path) -> list[str]:
    (tmp_path / "facts_of_a_process.py").write_bytes(Path(FACTS).read_bytes())
    return ["python3", "-m", "facts_of_a_process"]


@pytest.mark.parametrize("kind", ["file", "module"])
def test_fork_finds_what_a_fresh_process_finds(parent: Parent, tmp_path: Path, kind: str) -> None:
    words = ["python3", FACTS] if kind == "file" else as_module(tmp_path)
    log = str(tmp_path / "log")
    options: Any = {"variables": {"TMPDIR": str(tmp_path), "AIP_MODE": "x"}, "cwd": tmp_path, "umask": 0o27}
    forked = parent.run(*words, log, "b c", warm=True, **options)
    fresh = parent.run(*words, log, "b c", warm=False, **options)
    assert forked[0] == fresh[0] == 7
    assert json.loads(forked[1]) == json.loads(fresh[1])
    assert (forked[2], fresh[2]) == ("", "")
    assert f"{words[-1]}" in parent.log
    assert Path(f"{log}.open").read_text() == "kept"


def test_forks_draw_other_numbers(parent: Parent, tmp_path: Path) -> None:
    log = tmp_path / "log"
    for _ in range(3):
        parent.run("python3", FACTS, str(log))
    assert len(set(log.read_text().split("\n"))) == 4


def test_fork_has_what_the_parent_has_loaded_and_a_fresh_process_has_not(parent: Parent, tmp_path: Path) -> None:
    words = ["python3", program(tmp_path, "print('yaml' in sys.modules)")]
    eventually(lambda: "yaml: loaded" in parent.log)
    assert parent.run(*words)[1] == "True\n"
    assert parent.run(*words, warm=False)[1] == "False\n"


def test_library_that_a_command_imports_is_loaded_for_the_next_one(parent: Parent, tmp_path: Path) -> None:
    words = ["python3", program(tmp_path, "print('jinja2' in sys.modules)\nimport jinja2")]
    assert parent.run(*words)[1] == "False\n"
    assert eventually(lambda: parent.run(*words)[1] == "True\n")
    assert "jinja2" in json.loads((parent.folder / RECORD).read_text())


def test_module_of_the_project_is_read_anew_each_time(parent: Parent, tmp_path: Path) -> None:
    for version in ("1", "22"):
        (tmp_path / "changing.py").write_text(f"print({version})\n")
        assert parent.run("python3", "-m", "changing", cwd=tmp_path)[1] == f"{version}\n"


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        ("sys.exit()", 0, ""),
        ("sys.exit(3)", 3, ""),
        ("sys.exit('a reason')", 1, "a reason\n"),
        ("os._exit(5)", 5, ""),
        ("raise ValueError('a fault')", 1, "ValueError: a fault\n"),
        ("os.kill(os.getpid(), signal.SIGKILL)", 137, ""),
        ("os.kill(os.getpid(), signal.SIGTERM)", 143, ""),
        ("os.kill(os.getpid(), signal.SIGINT); time.sleep(60)", 130, "KeyboardInterrupt\n"),
    ],
)
def test_fork_ends_as_a_fresh_process_does(parent: Parent, tmp_path: Path, text: str, code: int, told: str) -> None:
    words = ["python3", program(tmp_path, text)]
    forked, fresh = parent.run(*words), parent.run(*words, warm=False)
    assert (forked[0], fresh[0]) == (code, code)
    assert forked[2].endswith(told)
    assert fresh[2].endswith(told)
    assert "emulator" not in forked[2]
    assert forked[2].count("\n") <= fresh[2].count("\n") + 4


STUBBORN = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
PIDS = "print(os.getppid(), os.getpid(), child.pid, flush=True); time.sleep(600)"
DAEMON = (
    "child = subprocess.Popen([sys.executable, '-c', 'import signal, time; "
    "signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(600)'], start_new_session=True, "
    "stdout=subprocess.PIPE)\nchild.stdout.readline()\n"
)


def told(process: subprocess.Popen[bytes]) -> list[int]:
    assert process.stdout is not None
    return [int(word) for word in process.stdout.readline().split()]


@pytest.mark.parametrize("victim", ["", "keeper", "inner", "command", "keeper and command", "inner and command"])
def test_nothing_of_a_fork_is_left_whoever_ends(parent: Parent, tmp_path: Path, victim: str) -> None:
    words = ["python3", program(tmp_path, STUBBORN + DAEMON + PIDS)]
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with parent.start(*words, grace_s="0.2", scratch=str(scratch)) as process:
        inner, command, child = told(process)
        pids = {"keeper": process.pid, "inner": inner, "command": command}
        for name in victim.split(" and ") if victim else []:
            os.kill(pids[name], signal.SIGKILL)
        assert process.stdin is not None
        process.stdin.close()
        assert eventually(lambda: not any(map(is_alive, (inner, command, child))))
        process.wait(patience_s())
    assert eventually(lambda: not scratch.exists())


def test_fork_is_asked_to_end_before_it_is_killed(parent: Parent, tmp_path: Path) -> None:
    text = "signal.signal(signal.SIGTERM, lambda *_: sys.exit(9)); print(os.getpid(), flush=True); time.sleep(600)"
    with parent.start("python3", program(tmp_path, text), grace_s="600") as process:
        told(process)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(patience_s()) == 9


def test_command_that_a_fork_cannot_do_is_a_fresh_process(parent: Parent, tmp_path: Path) -> None:
    path = program(tmp_path, "print(os.environ.get('OWN'), 'VERTEX_EMULATOR_WARM' in os.environ)")
    assert parent.run("python3", path, variables={"OWN": "1"})[:2] == (0, "1 False\n")
    assert "refused, since it has other values of OWN" in parent.log


def test_command_of_a_command_is_forked_and_kept_too(parent: Parent, tmp_path: Path) -> None:
    words = ["python3", program(tmp_path, "print('yaml' in sys.modules, os.getpid(), flush=True); time.sleep(600)")]
    eventually(lambda: "yaml: loaded" in parent.log)
    start = [*shlex.split(keeper.beginning(parent.variables)), *words]
    with subprocess.Popen(start, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=BASE) as kept:
        assert kept.stdin is not None
        assert kept.stdout is not None
        has_library, pid = kept.stdout.readline().decode().split()
        assert has_library == "True"
        kept.stdin.close()
        assert kept.wait(patience_s()) == 128 + signal.SIGKILL
    assert not is_alive(int(pid))


def test_command_starts_where_the_parent_is_gone(parent: Parent, tmp_path: Path) -> None:
    path = program(tmp_path, "print('VERTEX_EMULATOR_WARM' in os.environ)")
    variables = {keeper.WARM: str(tmp_path / "absent")}
    assert parent.run("python3", path, warm=False, variables=variables)[:2] == (0, "False\n")


def test_command_that_waits_for_an_answer_ends_when_told_to(parent: Parent, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "silent"))
        silent.listen()
        variables = {keeper.WARM: str(tmp_path / "silent")}
        with parent.start("python3", program(tmp_path, "print(1)"), warm=False, variables=variables) as process:
            asked, _ = silent.accept()
            assert process.stdin is not None
            process.stdin.close()
            assert process.wait(patience_s()) == 128 + signal.SIGTERM
            asked.close()


def test_command_starts_where_its_question_is_not_answered(parent: Parent, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as rude:
        rude.bind(str(tmp_path / "rude"))
        rude.listen()
        variables = {keeper.WARM: str(tmp_path / "rude")}
        with parent.start("python3", program(tmp_path, "print(1)"), warm=False, variables=variables) as process:
            rude.accept()[0].close()
            assert process.wait(patience_s()) == 0


def test_library_that_starts_threads_stays_out(tmp_path: Path) -> None:
    variables = {**BASE, "PYTHONUSERBASE": str(tmp_path)}
    look = [sys.executable, "-c", "import site; print(site.getusersitepackages())"]
    packages = Path(subprocess.run(look, env=variables, capture_output=True, text=True, check=True).stdout.strip())
    packages.mkdir(parents=True)
    starting = "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
    (packages / "starting_threads.py").write_text(starting)
    variables["PYTHONPATH"] = str(packages)
    (tmp_path / RECORD).write_text(json.dumps({"starting_threads": 4e9, "yaml": 4e9}))
    with warm_parent(variables, tmp_path, 600.0) as found:
        threaded = Parent(tmp_path, found | {"PYTHONUSERBASE": str(tmp_path), "PYTHONPATH": str(packages)})
        assert eventually(lambda: "yaml: loaded" in threaded.log)
        assert "starting_threads has started threads" in threaded.log
        words = ["python3", program(tmp_path, "print('starting_threads' in sys.modules, 'yaml' in sys.modules)")]
        assert threaded.run(*words)[1] == "False True\n"


def test_idle_parent_lets_go_and_loads_again(tmp_path: Path) -> None:
    (tmp_path / RECORD).write_text(json.dumps({"yaml": 4e9}))
    with warm_parent(BASE, tmp_path, 0.1) as variables:
        idle = Parent(tmp_path, variables)
        assert eventually(lambda: "all libraries go" in idle.log)
        words = ["python3", program(tmp_path, "print('yaml' in sys.modules)\nimport yaml")]
        assert idle.run(*words)[1] == "False\n"
        assert eventually(lambda: idle.log.count("yaml: loaded") > 1)


def test_parent_ends_with_who_has_started_it(tmp_path: Path) -> None:
    with warm_parent(BASE, tmp_path, 600.0) as variables:
        place = Path(variables[keeper.WARM])
        assert place.exists()
    assert not place.parent.exists()
