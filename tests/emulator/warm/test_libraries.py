from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.warm.libraries import RECENT_S, Libraries, Watch

pytestmark = pytest.mark.usefixtures("installed")


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of packages: `cinder`, and `shared.ember`, whose first part has no file of its own."""
    folder = tmp_path / "site"
    for package in ("cinder", "shared/ember"):
        (folder / package).mkdir(parents=True)
        (folder / package / "__init__.py").write_text("heat = 1\n")
    monkeypatch.syspath_prepend(folder)
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] in ("cinder", "shared")]:
        del sys.modules[name]


@pytest.fixture
def libraries(tmp_path: Path, installed: Path) -> Libraries:
    return Libraries(tmp_path / "warm.json", [str(installed)])


def test_installed_packages_alone_are_noted(libraries: Libraries) -> None:
    names = ["cinder", "json", "tests", "shared", "shared.ember", "absent", "cinder"]
    assert libraries.note(names) == ["cinder", "shared.ember"]


def test_what_is_noted_is_loaded_by_the_next_process(libraries: Libraries, tmp_path: Path, installed: Path) -> None:
    libraries.note(["cinder"])
    after = Libraries(tmp_path / "warm.json", [str(installed)])
    assert after.recent() == ["cinder"]
    after.load("cinder")
    assert after.loaded == ["cinder"]
    assert sys.modules["cinder"].heat == 1
    assert after.note(["cinder"]) == []


def test_what_was_needed_long_ago_is_not(tmp_path: Path, installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Libraries(tmp_path / "warm.json", [str(installed)]).note(["cinder"])
    now = os.stat(tmp_path / "warm.json").st_mtime
    monkeypatch.setattr("time.time", lambda: now + RECENT_S + 60)
    assert Libraries(tmp_path / "warm.json", [str(installed)]).recent() == []


@pytest.mark.parametrize("text", ["", "[]", "{", '{"cinder": "soon"}'])
def test_record_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "warm.json").write_text(text)
    assert Libraries(tmp_path / "warm.json").recent() == []


def test_library_that_is_shunned_is_not_loaded_again(libraries: Libraries) -> None:
    libraries.note(["cinder"])
    libraries.shun("cinder")
    assert libraries.recent() == []
    assert libraries.note(["cinder"]) == []


def test_library_that_fails_to_load_is_left_out(libraries: Libraries, installed: Path) -> None:
    (installed / "cinder" / "__init__.py").write_text("import absent_of_all\n")
    libraries.load("cinder")
    libraries.load("gone_by_now")
    assert libraries.loaded == []


@pytest.mark.parametrize("change", ["file", "gone", "package"])
def test_change_of_what_is_installed_is_seen(libraries: Libraries, installed: Path, change: str) -> None:
    libraries.load("cinder")
    libraries.settle()
    assert not libraries.have_changed()
    match change:
        case "file":
            (installed / "cinder" / "__init__.py").write_text("heat = 22\n")
        case "gone":
            (installed / "cinder" / "__init__.py").unlink()
        case "package":
            (installed / "another").mkdir()
            os.utime(installed, ns=(1, 1))
    assert libraries.have_changed()


def test_watch_tells_of_packages_that_are_not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    reports, report = os.pipe()
    Watch(report)
    import cinder  # type: ignore[import-not-found] # noqa: F401
    import shared.ember  # type: ignore[import-not-found] # noqa: F401

    os.close(report)
    with os.fdopen(reports) as told:
        assert told.read().split() == ["cinder", "shared", "shared.ember"]
