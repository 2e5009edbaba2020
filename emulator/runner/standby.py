"""Becomes a runner that has its libraries loaded: they take as long as a short task, and need not wait for a run.

    python -m emulator.runner.standby

Standard input tells it, in one line of JSON, what a runner is otherwise told by its surroundings; it ends where that
ends instead. Of this project it has nothing loaded before, so that a run is run by what is there by then.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

_RUNNER = "emulator.runner"


@dataclass(frozen=True)
class Call:
    """What a runner is told.

    Attributes:
        arguments: Those of its command line.
        variables: Environment variables besides its own.
        output: The file of its standard output and standard error, to be written anew.
    """

    arguments: Sequence[str]
    variables: Mapping[str, str]
    output: str

    @property
    def line(self) -> bytes:
        """The line that tells it."""
        return json.dumps(asdict(self)).encode() + b"\n"


def main() -> None:
    """Loads what every run needs, waits for the call, and is the runner then."""
    _load()
    line = sys.stdin.buffer.readline()
    if not line:
        return
    call = Call(**json.loads(line))
    os.environ.update(call.variables)
    with Path(call.output).open("wb") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    sys.argv = [_RUNNER, *call.arguments]
    for name in [name for name in sys.modules if name.startswith("emulator.")]:
        del sys.modules[name]
    runpy.run_module(_RUNNER, run_name="__main__", alter_sys=True)


def _load() -> None:
    from emulator.runner.kfp_seams import import_kfp

    import_kfp()
    import httpx  # noqa: F401
    import yaml  # noqa: F401
    from kfp.local import pipeline_orchestrator  # noqa: F401
    from kfp.local.orchestrator import enhanced_dag_orchestrator  # noqa: F401


if __name__ == "__main__":
    from emulator.garbage import search_seldom

    search_seldom()
    main()
