from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from components.upload_data import upload_data
from emulator.runner import executor_start
from emulator.runner.task_processes import with_executor_start
from emulator.warm.program import Program, program_of

OWN = {"PATH": str(Path(sys.executable).parent)}
PYTHON3 = str(Path(sys.executable).with_name("python3"))
EXECUTOR = "kfp.dsl.executor_main"


def container(component: Any) -> list[str]:
    spec = component.component_spec.implementation.container
    return [*map(str, spec.command), "--executor_input", "{}"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["python3", "-m", "trainer.serve", "--port", "1"], Program(PYTHON3, "trainer.serve", "", ["--port", "1"])),
        ([sys.executable, "-u", "-m", "json.tool"], Program(sys.executable, "json.tool", "", [])),
        (["python3", "/a/b.py", "-c"], Program(PYTHON3, "", "/a/b.py", ["-c"])),
    ],
)
def test_module_or_file_of_this_python_is_a_program(words: list[str], expected: Program) -> None:
    assert program_of(words, OWN) == expected


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["python3"],
        ["python3", "-c", "print(1)"],
        ["python3", "-I", "-m", "json.tool"],
        ["python3", "script"],
        ["sh", "-c", "python3 -m json.tool"],
        ["sh", "-c"],
        ["true"],
    ],
)
def test_what_does_more_is_none(words: list[str]) -> None:
    assert program_of(words, OWN) is None


def test_another_python_of_the_same_file_is_none(tmp_path: Path) -> None:
    (tmp_path / "python3").symlink_to(Path(sys.executable).resolve())
    assert program_of(["python3", "-m", "json.tool"], {"PATH": f"{tmp_path}{os.pathsep}{OWN['PATH']}"}) is None


def test_component_is_a_program_with_its_source() -> None:
    command = container(upload_data)
    program = program_of(command, OWN)
    assert program is not None
    assert (program.module, program.source) == (EXECUTOR, command[3])
    assert program.arguments == ["--executor_input", "{}"]


def test_component_that_a_file_starts_keeps_that_file() -> None:
    program = program_of(with_executor_start(container(upload_data)), OWN)
    assert program is not None
    assert (program.file, program.module) == (executor_start.__file__, "")
    assert program.arguments == (EXECUTOR, "--executor_input", "{}")


def test_folder_of_that_file_may_have_any_name() -> None:
    command = with_executor_start(container(upload_data))
    command[2] = command[2].replace(executor_start.__file__, "'/a  b/$c'\"'\"'d/executor_start.py'")
    program = program_of(command, OWN)
    assert program is not None
    assert program.file == "/a  b/$c'd/executor_start.py"


def test_component_that_installs_packages_is_none() -> None:
    command = container(upload_data)
    command[2] = "python3 -m pip install six\n" + command[2]
    assert program_of(command, OWN) is None
