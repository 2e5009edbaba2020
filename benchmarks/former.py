"""The project as it was before anything started warm: a checkout of that commit, with its packages, kept once made."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.environments import MADE, ROOT, UnavailableError
from benchmarks.series import OURS

COMMIT = "7e44532"
FORMER = f"this project at {COMMIT}"


@dataclass(frozen=True)
class Build:
    """A checkout and the Python that its packages are installed for.

    Attributes:
        who: Its name in the report.
        root: Its folder.
        python: The interpreter.
    """

    who: str
    root: Path
    python: str


NOW = Build(OURS, ROOT, sys.executable)


def former() -> Build:
    """That build, made first if need be by its own `make setup`.

    Raises:
        UnavailableError: Its commit is not in this clone, or its packages cannot be had.
    """
    root = MADE / f"former-{COMMIT}"
    build = Build(FORMER, root, str(root / ".venv" / "bin" / "python"))
    if not (root / ".venv" / "installed").is_file():
        print(f"  making {FORMER}, which takes minutes", file=sys.stderr, flush=True)
        shutil.rmtree(root, ignore_errors=True)
        check_out(COMMIT, root)
        make(root, "setup")
    return build


def check_out(commit: str, folder: Path) -> None:
    """Writes the files of a commit of this clone into a new folder.

    Raises:
        UnavailableError: It is not in this clone.
    """
    folder.mkdir(parents=True)
    git = shutil.which("git") or "git"
    files = subprocess.run([git, "archive", commit], check=False, cwd=ROOT, capture_output=True)
    if files.returncode:
        raise UnavailableError(f"{commit} is not in this clone: {files.stderr.decode().strip()}")
    with tarfile.open(fileobj=io.BytesIO(files.stdout)) as archive:
        archive.extractall(folder, filter="data")


def make(root: Path, target: str) -> None:
    """`make TARGET` in a checkout, with this Python.

    Raises:
        UnavailableError: It failed.
    """
    command = [shutil.which("make") or "make", "-C", str(root), target, f"PYTHON={sys.executable}"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no word"])[-1]
        raise UnavailableError(f"`make {target}` of {root.name} failed: {last}")
