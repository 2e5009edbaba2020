"""Who stands on whom: the picture at the head of CONTRIBUTING.md, and the imports that must keep to it."""

from __future__ import annotations

import ast
import re
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
GUIDE = "CONTRIBUTING.md"
HOUSES = ("pipeline", "components", "trainer", "emulator")
# In the picture, this stands for all components.
COMPONENT = "verb_noun"


def drawn() -> dict[str, list[list[str]]]:
    """The floors of each house, the top one first, with the names of the rooms."""
    picture = (ROOT / GUIDE).read_text(encoding="utf-8").partition("```text\n")[2].partition("```")[0]
    houses: dict[str, list[list[str]]] = {}
    for line in picture.splitlines():
        floor = line.partition("#")[0].split()
        if floor and floor[0].endswith("/"):
            houses[floor.pop(0).removesuffix("/")] = []
        if floor:
            houses[[*houses][-1]].append(floor)
    return houses


def modules(house: str) -> dict[str, Path]:
    """The files of a house by the names that imports give them."""
    paths = (ROOT / house).rglob("*.py")
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in paths}
    return {name.removesuffix(".__init__"): path for name, path in names.items()}


@cache
def imports(house: str) -> dict[str, set[str]]:
    """Which modules of its house each one imports, wherever it does."""
    known = modules(house)
    found: dict[str, set[str]] = {name: set() for name in known}
    for name, path in known.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found[name].update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                found[name].update(_meant(node.module, alias.name, known) for alias in node.names)
        found[name] = {other for other in found[name] & known.keys() if other != name}
    return found


def _meant(module: str, name: str, known: dict[str, Path]) -> str:
    return f"{module}.{name}" if f"{module}.{name}" in known else module


def room_of(house: str, module: str) -> str:
    """The room that a module is in; none for that of the house itself."""
    room = module.removeprefix(house).removeprefix(".").split(".")[0]
    is_component = house == "components" and re.fullmatch(r"[a-z]+_[a-z_]+", room)
    return COMPONENT if is_component else room


@pytest.mark.parametrize("house", HOUSES)
def test_picture_shows_every_room_once(house: str) -> None:
    shown = [room for floor in drawn()[house] for room in floor]
    there = {room_of(house, module) for module in modules(house)} - {""}
    assert sorted(shown) == sorted(there), f"{GUIDE} draws the rooms of {house}/: draw those that are there, each once."


@pytest.mark.parametrize("house", HOUSES)
def test_imports_run_downwards(house: str) -> None:
    floors = {room: number for number, floor in enumerate(reversed(drawn()[house])) for room in floor}
    wrong = [
        f"{module} imports {other}"
        for module, others in imports(house).items()
        for other in others
        if not _runs_downwards(floors, room_of(house, module), room_of(house, other))
    ]
    assert wrong == [], f"A room of {house}/ imports from the floors below it alone, as {GUIDE} draws them."


def _runs_downwards(floors: dict[str, int], room: str, other: str) -> bool:
    return room == other or not room or not other or floors[room] > floors[other]


@pytest.mark.parametrize("house", HOUSES)
def test_no_file_imports_itself_by_way_of_others(house: str) -> None:
    try:
        TopologicalSorter(imports(house)).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


@pytest.mark.parametrize("room", sorted(path.parent.name for path in (ROOT / "emulator").glob("*/service.py")))
def test_room_of_a_service_says_what_it_is_and_how_to_read_it(room: str) -> None:
    told = ast.get_docstring(ast.parse((ROOT / "emulator" / room / "__init__.py").read_text(encoding="utf-8")))
    assert told
    named = set(re.findall(r"[a-z_]+", told.partition("Read ")[2]))
    files = {path.stem for path in (ROOT / "emulator" / room).glob("[a-z]*.py")}
    assert named >= {"service"}
    assert {word for word in named if "_" in word} <= files


def test_every_service_has_its_line() -> None:
    from emulator.services import SERVICES

    rooms = {path.parent.name for path in (ROOT / "emulator").glob("*/service.py")}
    assert {service.__module__.split(".")[1] for service in SERVICES} - {"services"} == rooms
