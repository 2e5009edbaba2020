"""What is loaded to speak to Vertex AI: its services' clients, and neither the whole SDK nor TensorFlow."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
import textwrap

import pytest

from tests.components.all_components import NAMES, component
from tests.emulator.vertex_emulator import ROOT

pytestmark = pytest.mark.run

NO_WHOLE_SDK = """
import sys
whole = {"google.cloud.aiplatform", "vertexai", "tensorflow"} & sys.modules.keys()
assert not whole, whole
"""
ROLLED_OUT = """
from tests.components.vertex.registered import answered_share, register, rolled_back, rolled_out
for share in (0.9, 0.8):
    rolled_out(register(share))
rolled_back()
assert answered_share() == 0.9
"""


@pytest.mark.usefixtures("vertex")
def test_rollout_and_its_way_back_load_no_whole_sdk() -> None:
    subprocess.run([sys.executable, "-c", ROLLED_OUT + NO_WHOLE_SDK], cwd=ROOT, check=True)


@pytest.mark.parametrize("name", NAMES)
def test_component_imports_no_whole_sdk(name: str) -> None:
    tree = ast.parse(textwrap.dedent(inspect.getsource(component(name).python_func)))
    imports = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom | ast.Import)]
    subprocess.run([sys.executable, "-c", "\n".join(imports) + NO_WHOLE_SDK], cwd=ROOT, check=True)
