"""Commands wait for no import of the whole SDK, which takes seconds, nor of what only reads tables."""

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
needless = {"google.cloud.aiplatform", "vertexai", "numpy", "pyarrow", "tensorflow"} & sys.modules.keys()
assert not needless, needless
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with local services, which know nothing, and a small pipeline."""
    from tests.pipeline.inspected_pipeline import compile_small

    place = Workplace(tmp_path_factory.mktemp("place"))
    compile_small(place.folder)
    yield place.folder
    place.emulator.close()


@pytest.mark.run
@pytest.mark.parametrize(
    "words",
    [
        ["submit", "--file", "small.yaml"],
        ["models"],
        ["endpoints"],
        ["predict", str(ROOT / "data" / "test.json")],
        ["promote", "1"],
        ["rollback"],
        ["undeploy", "--all", "--yes"],
        ["clean"],
    ],
)
def test_command_loads_nothing_needless(folder: Path, words: list[str]) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", SCRIPT, *words], cwd=folder, env=environment, check=True)
