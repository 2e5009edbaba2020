from __future__ import annotations

import fcntl
from importlib import metadata
from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.config import RunConfig
from pipeline.doctor.local import (
    data_files,
    enough,
    find_installed,
    installed_packages,
    local_services,
    loopback,
    python_version,
    writable_folder,
)
from pipeline.doctor.report import Finding, State, report
from tests.conftest import IrisFiles

GIB = 1024**3


def version_of(name: str) -> str:
    known = {"kfp": "2.17.3", "numpy": "1.26.0"}
    if name not in known:
        raise metadata.PackageNotFoundError(name)
    return known[name]


def test_this_installation_is_what_the_project_asks_for() -> None:
    assert [finding.state for finding in find_installed()] == [State.OK, State.OK]


@pytest.mark.parametrize(
    ("version", "state"), [("3.11.7", State.OK), ("3.10.1", State.FAILED), ("3.14.0", State.FAILED)]
)
def test_python_is_one_of_those_that_serve(version: str, state: State) -> None:
    found = python_version(version, ">=3.11,<3.14")
    assert found.state is state
    assert found.remedy == ("" if state is State.OK else "make clean setup PYTHON=/path/to/python3.12")


def test_packages_that_are_missing_or_of_another_version_are_all_told() -> None:
    lines = ["kfp>=2.17,<3", "numpy>=2.1,<3", "tomlkit", "uvloop>=0.21; sys_platform == 'win32'"]
    assert installed_packages(lines, version_of) == Finding(
        "Packages", State.FAILED, "numpy is 1.26.0, and <3,>=2.1 is asked\ntomlkit is missing", "make setup"
    )
    assert installed_packages(lines[:1], version_of).state is State.OK


def test_folder_that_can_be_written_to_is_left_as_it_was(tmp_path: Path) -> None:
    assert writable_folder(tmp_path).state is State.OK
    assert list(tmp_path.iterdir()) == []
    found = writable_folder(tmp_path / "no")
    assert (found.state, found.detail) == (
        State.FAILED,
        f"{tmp_path / 'no'} cannot be written to: No such file or directory",
    )


def test_ports_of_this_machine_can_be_opened() -> None:
    assert loopback().state is State.OK


def test_too_little_room_is_told() -> None:
    assert enough("Disk", 3 * GIB, 2, "free", "Make room.") == Finding("Disk", State.OK, "3.0 GiB free")
    assert enough("Disk", GIB, 2, "free", "Make room.") == Finding(
        "Disk", State.FAILED, "1.0 GiB free, and a run may need 2", "Make room."
    )
    assert enough("Memory", None, 2, "", "").state is State.UNKNOWN


def test_data_is_told_or_what_is_wrong_with_it(iris_files: IrisFiles) -> None:
    config = RunConfig.model_validate({name: str(path) for name, path in iris_files._asdict().items()})
    assert data_files(config).state is State.OK
    found = data_files(config.model_copy(update={"schema_file": "no.toml"}))
    assert (found.state, "no.toml cannot be read" in found.detail) == (State.FAILED, True)


def test_report_has_a_line_for_each_and_the_remedy_below_it() -> None:
    findings = [
        Finding("Python", State.OK, "3.11.7"),
        Finding("Bucket role", State.FAILED, "one\ntwo", "do this\nand that"),
        Finding("Image", State.UNKNOWN, "cannot tell"),
        Finding("Services", State.NOTE, "down"),
    ]
    assert report(findings).plain.splitlines() == [
        "✓ Python       3.11.7",
        "✗ Bucket role  one",
        "               two",
        "               > do this",
        "               > and that",
        "? Image        cannot tell",
        "- Services     down",
        "",
        "1 of 4 prerequisites are not met. 1 could not be found out.",
    ]
    assert report(findings[:1]).plain.endswith("\nNothing stands in a run's way.")


def test_doctor_of_the_local_profile_changes_nothing(
    tmp_path: Path, iris_files: IrisFiles, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = [f"--param={name}={path}" for name, path in iris_files._asdict().items()]
    with pytest.raises(SystemExit) as ended:
        main(["doctor", *arguments])
    lines = [line for line in capsys.readouterr().out.splitlines() if line[:1] in ("✓", "✗", "?", "-")]
    names = ["Python", "Packages", "Folder", "Ports", "Disk", "Memory", "Data", "Services"]
    assert [line.split()[1] for line in lines] == names
    assert ended.value.code == (1 if any(line.startswith("✗") for line in lines) else 0)
    where = tmp_path / ".local/vertex"
    assert lines[7] == f"- Services  down in {where}; a run starts them, and so does `python -m pipeline up`"
    assert list(tmp_path.iterdir()) == []


def test_services_that_do_not_answer_are_no_services_that_are_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / ".local/vertex"
    folder.mkdir(parents=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        finding = local_services()
    assert finding.state is State.UNKNOWN
    assert finding.detail.startswith(f"The local services in {folder}, a process that cannot be seen from here, do not")


def test_doctor_fails_where_the_data_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["doctor"])
    assert ended.value.code == 1
    assert "✗ Data      3 problems:\n" in capsys.readouterr().out
