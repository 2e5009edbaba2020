"""What a fork can run of a command: a module or a file of Python, as `python3 -m MODULE` and `python3 FILE` do."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# The shell's script of kfp's lightweight components, where it installs nothing: it writes the component's source, which
# is $0, to a file of a new folder, and starts kfp's executor on it, by itself or through a file.
_COMPONENT = re.compile(
    r'program_path=\$\(mktemp -d\)\s+printf "%s" "\$0" > "\$program_path/ephemeral_component\.py"\s+'
    r"_KFP_RUNTIME=true python3 (?:-m |(?P<file>.+) )kfp\.dsl\.executor_main\s+"
    r'--component_module_path\s+"\$program_path/ephemeral_component\.py"\s+"\$@"\s*'
)
_EXECUTOR = "kfp.dsl.executor_main"


@dataclass(frozen=True)
class Program:
    """A program of Python.

    Attributes:
        python: The Python that it names.
        module: What `-m` names; empty where a file is run.
        file: The file.
        arguments: What follows it.
        source: That of a lightweight component, which is written to a file that the arguments then name first.
    """

    python: str
    module: str
    file: str
    arguments: Sequence[str]
    source: str | None = None


def program_of(words: Sequence[str], environment: Mapping[str, str]) -> Program | None:
    """The program that a command starts with this process's own Python, if it does nothing else.

    Args:
        words: The command.
        environment: Its environment, whose PATH says where its programs are.
    """
    match words:
        case [shell, "-c" | "-ec", script, source, *arguments] if Path(shell).name == "sh":
            found = _COMPONENT.fullmatch(script)
            own = _own("python3", environment)
            if found is None or not own:
                return None
            if found["file"]:
                files = shlex.split(found["file"])
                return Program(own, "", files[0], (_EXECUTOR, *arguments), source) if len(files) == 1 else None
            return Program(own, _EXECUTOR, "", arguments, source)
        case [python, "-u", *rest] | [python, *rest] if own := _own(python, environment):
            return _of_python(own, rest)
    return None


def _of_python(own: str, words: Sequence[str]) -> Program | None:
    match words:
        case ["-m", module, *arguments]:
            return Program(own, module, "", arguments)
        case [file, *arguments] if file.endswith(".py"):
            return Program(own, "", file, arguments)
    return None


def _own(name: str, environment: Mapping[str, str]) -> str:
    """The path of a program that is this process's Python; empty if it is another one.

    It is known by its place: the Pythons of all environments may be links to the same file.
    """
    found = shutil.which(name, path=environment.get("PATH"))
    if found is None or Path(found).parent != Path(sys.executable).parent or not Path(found).samefile(sys.executable):
        return ""
    return found
