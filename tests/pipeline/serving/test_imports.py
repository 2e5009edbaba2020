"""The commands that read or move traffic wait for no import of the whole SDK, which takes seconds."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipeline.workplaces import Workplace

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = """
import sys
from pipeline.cli import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
assert "google.cloud.aiplatform_v1" in sys.modules
whole = {"google.cloud.aiplatform", "vertexai"} & sys.modules.keys()
assert not whole, whole
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with local services, which know nothing."""
    place = Workplace(tmp_path_factory.mktemp("place"))
    yield place.folder
    place.emulator.close()


@pytest.mark.run
@pytest.mark.parametrize(
    "words",
    [
        ["models"],
        ["endpoints"],
        ["predict", str(ROOT / "data" / "test.json")],
        ["promote", "1"],
        ["rollback"],
        ["undeploy", "--all", "--yes"],
        ["clean"],
    ],
)
def test_command_loads_no_whole_sdk(folder: Path, words: list[str]) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", SCRIPT, *words], cwd=folder, env=environment, check=True)
