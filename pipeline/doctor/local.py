"""What this machine must have for a run."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import tempfile
import tomllib
from collections.abc import Callable, Iterable
from importlib import metadata
from pathlib import Path

from pipeline.config import RunConfig
from pipeline.doctor.report import Finding, State
from trainer.errors import ProjectError, UsageError

_PROJECT = Path(__file__).parent.parent.parent / "pyproject.toml"
_GIB = 1024**3
_DISK_GIB = 2
_MEMORY_GIB = 3


def find_on_this_machine(config: RunConfig) -> list[Finding]:
    """The prerequisites of a run with the local services."""
    return [
        *find_installed(),
        writable_folder(Path.cwd()),
        loopback(),
        enough("Disk", shutil.disk_usage(Path.cwd()).free, _DISK_GIB, "free in this folder", "Make room."),
        enough("Memory", _memory(), _MEMORY_GIB, "in this machine", "Close other programs, or use a larger machine."),
        data_files(config),
        local_services(),
    ]


def find_installed() -> list[Finding]:
    """Python and the packages, as the project's own file asks for them."""
    try:
        project = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]
    except (OSError, ValueError, KeyError) as error:
        return [Finding("Packages", State.UNKNOWN, f"{_PROJECT} cannot be read: {error}.")]
    return [
        python_version(platform.python_version(), project["requires-python"]),
        installed_packages(project["dependencies"], metadata.version),
    ]


def python_version(version: str, wanted: str) -> Finding:
    """Whether a version of Python is one of those that the project takes.

    Args:
        version: Such as `3.11.7`.
        wanted: Such as `>=3.11,<3.14`.
    """
    from packaging.specifiers import SpecifierSet

    if SpecifierSet(wanted).contains(version):
        return Finding("Python", State.OK, version)
    remedy = "make clean setup PYTHON=/path/to/python3.12"
    return Finding("Python", State.FAILED, f"{version}, and the project takes {wanted}", remedy)


def installed_packages(requirements: Iterable[str], version_of: Callable[[str], str]) -> Finding:
    """Whether packages are installed in versions that serve.

    Args:
        requirements: Lines such as `kfp>=2.17,<3`.
        version_of: Tells the installed version of a package.
    """
    from packaging.requirements import Requirement

    wanted = [Requirement(line) for line in requirements]
    asked = [one for one in wanted if one.marker is None or one.marker.evaluate()]
    problems = []
    for one in asked:
        try:
            version = version_of(one.name)
        except metadata.PackageNotFoundError:
            problems.append(f"{one.name} is missing")
            continue
        if not one.specifier.contains(version, prereleases=True):
            problems.append(f"{one.name} is {version}, and {one.specifier} is asked")
    if problems:
        return Finding("Packages", State.FAILED, "\n".join(problems), "make setup")
    return Finding("Packages", State.OK, f"all {len(asked)} that the project asks for")


def writable_folder(folder: Path) -> Finding:
    """Whether files can be made in a folder, where the local services keep their state."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return Finding("Folder", State.OK, f"{folder} can be written to")
    except OSError as error:
        detail = f"{folder} cannot be written to: {error.strerror}"
        return Finding("Folder", State.FAILED, detail, "Work in a folder of yours.")


def loopback() -> Finding:
    """Whether a port of this machine can be opened and reached, for the local services."""
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            socket.create_connection(server.getsockname(), timeout=5).close()
    except OSError as error:
        detail = f"127.0.0.1 cannot be used: {error.strerror or error}"
        return Finding("Ports", State.FAILED, detail, "Let processes open ports on 127.0.0.1.")
    return Finding("Ports", State.OK, "can be opened on 127.0.0.1")


def enough(what: str, has: int | None, needed_gib: float, where: str, remedy: str) -> Finding:
    """Whether there is enough of something.

    Args:
        what: Its name.
        has: How many bytes there are. None where that is not known.
        needed_gib: How many GiB a run may need.
        where: Says of which bytes this tells.
        remedy: What to do if they do not suffice.
    """
    if has is None:
        return Finding(what, State.UNKNOWN, "this system does not tell")
    told = f"{has / _GIB:.1f} GiB {where}"
    if has >= needed_gib * _GIB:
        return Finding(what, State.OK, told)
    return Finding(what, State.FAILED, f"{told}, and a run may need {needed_gib:g}", remedy)


def data_files(config: RunConfig) -> Finding:
    """Whether the files that a run reads from this machine are there, and its data contract makes sense."""
    from pipeline.runs.inputs import check_inputs

    try:
        check_inputs(config)
    except UsageError as error:
        return Finding("Data", State.FAILED, str(error))
    return Finding("Data", State.OK, f"{config.train_data}, {config.eval_data} and {config.schema_file}")


def local_services() -> Finding:
    """Whether the local services are up; a run starts them if they are not."""
    from pipeline.services import STATE_DIR, find_running, why_none
    from pipeline.state_folder import is_held, place

    try:
        running = find_running()
    except ProjectError as error:
        return Finding("Services", State.NOTE, f"{error} So does a run.")
    if running is None and is_held(STATE_DIR):
        return Finding("Services", State.UNKNOWN, why_none())
    if running is None:
        where = f"down in {place(STATE_DIR)}"
        return Finding("Services", State.NOTE, f"{where}; a run starts them, and so does `python -m pipeline up`")
    return Finding(
        "Services", State.OK, f"up: Vertex AI at {running.api_host}, Cloud Storage at {running.storage_host}"
    )


def _memory() -> int | None:
    """The bytes of memory of this machine. None where the system does not tell."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # there is no such call, or no such name
        return None
