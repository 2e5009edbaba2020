from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

MAY_IMPORT = {
    "trainer": {"trainer"},
    "components": {"trainer", "components"},
    "pipeline": {"trainer", "components", "pipeline"},
    "compile": {"trainer", "components", "pipeline"},
    "emulator": {"emulator"},
}
ROOMS = {*MAY_IMPORT, "benchmarks", "tests"}
HEAVY = (
    "google.cloud",
    "google_cloud_pipeline_components",
    "keras",
    "kfp",
    "sklearn",
    "tensorflow",
)
# A component and a pipeline are what kfp's decorators make of a function.
DEFINED_WITH_KFP = (
    *(f"components/{path.name}" for path in (ROOT / "components").glob("[a-z]*_*.py")),
    "pipeline/definition.py",
    "pipeline/tuning.py",
)
# The whole SDK takes two seconds to load; google.cloud.aiplatform_v1, the generated part of it, takes a third of that.
EXPERIMENTS = "pipeline/vertex/experiments.py"
CLOUD = ("google.cloud", "google_cloud_pipeline_components", "kfp")

SOURCES = sorted(
    path.relative_to(ROOT).as_posix()
    for room in MAY_IMPORT
    for path in [*(ROOT / room).rglob("*.py"), ROOT / f"{room}.py"]
    if path.is_file()
)
MODULES = [source.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for source in SOURCES]


def imported(source: str, everywhere: bool) -> set[str]:
    """The absolute names that a file imports: `everywhere`, or only where importing the file runs them."""
    tree = ast.parse((ROOT / source).read_text(encoding="utf-8"))
    names: set[str] = set()
    for node in ast.walk(tree) if everywhere else _run_on_import(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def _run_on_import(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        if not is_function and not _is_for_types_alone(child):
            yield child
            yield from _run_on_import(child)


def _is_for_types_alone(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@pytest.mark.parametrize("source", SOURCES)
def test_room_imports_only_the_rooms_below_it(source: str) -> None:
    room = source.removesuffix(".py").split("/")[0]
    rooms = {name.split(".")[0] for name in imported(source, everywhere=True)} & ROOMS
    assert rooms <= MAY_IMPORT[room]


@pytest.mark.parametrize("source", SOURCES)
def test_importing_a_file_loads_nothing_heavy(source: str) -> None:
    allowed: tuple[str, ...] = ("kfp",) if source.startswith(DEFINED_WITH_KFP) else ()
    if source.startswith("emulator/"):  # it parses and writes bodies with the SDK's own types
        allowed += ("google.cloud.aiplatform_v1.types",)
    heavy = {name for name in imported(source, everywhere=False) if within(name, HEAVY)}
    assert {name for name in heavy if not within(name, allowed)} == set()


@pytest.mark.parametrize("source", [source for source in SOURCES if source.startswith("trainer/")])
def test_trainer_knows_nothing_of_the_cloud(source: str) -> None:
    assert {name for name in imported(source, everywhere=True) if within(name, CLOUD)} == set()


@pytest.mark.parametrize("source", [source for source in SOURCES if source != EXPERIMENTS])
def test_the_whole_sdk_is_loaded_for_experiments_alone(source: str) -> None:
    whole = {name for name in imported(source, everywhere=True) if within(name, ("google.cloud.aiplatform",))}
    assert whole == set()


@pytest.mark.parametrize("source", [source for source in SOURCES if source.startswith(DEFINED_WITH_KFP)])
def test_annotations_that_kfp_reads_are_values(source: str) -> None:
    assert "__future__.annotations" not in imported(source, everywhere=True)


@pytest.mark.run
def test_importing_every_module_loads_no_tensorflow() -> None:
    script = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]:\n"
        "    importlib.import_module(name)\n"
        "    assert 'tensorflow' not in sys.modules, f'{name} loads TensorFlow'\n"
    )
    importable = [name for name in MODULES if not name.endswith("__main__")]
    subprocess.run([sys.executable, "-c", script, *importable], cwd=ROOT, check=True)
