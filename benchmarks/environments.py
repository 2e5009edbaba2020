"""The virtual environments of the peers: made when first needed, from requirements with hashes, and kept."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PEERS = Path(__file__).resolve().parent / "peers"
MADE = ROOT / "build" / "benchmarks" / "environments"


class UnavailableError(Exception):
    """A peer's environment cannot be made here. The sentence says why."""


@dataclass(frozen=True)
class Environment:
    """A peer's environment.

    Attributes:
        peer: The folder below peers/ that holds its requirements.
        python: The version of Python that they were locked for, or "" for this project's.
        borrows: Whether it sees this project's packages behind its own, so that both run the very same TensorFlow.
    """

    peer: str
    python: str = ""
    borrows: bool = False

    @property
    def requirements(self) -> Path:
        """What it holds."""
        return PEERS / self.peer / "requirements.txt"

    def interpreter(self) -> Path:
        """Its Python, made first if need be.

        Raises:
            UnavailableError: That version of Python is not here, or the packages cannot be had.
        """
        folder = MADE / self.peer
        stamp = folder / "made-of"
        wanted = f"{hashlib.sha256(self.requirements.read_bytes()).hexdigest()} {folder} {sys.prefix} {self.python}"
        if not stamp.is_file() or stamp.read_text(encoding="utf-8") != wanted:
            print(f"  making the environment of {self.peer}, which takes a minute", file=sys.stderr, flush=True)
            shutil.rmtree(folder, ignore_errors=True)
            self._make(folder)
            stamp.write_text(wanted, encoding="utf-8")
        return folder / "bin" / "python"

    def _make(self, folder: Path) -> None:
        base = _python(self.python) if self.python else sys.executable
        _call([base, "-m", "venv", str(folder)], f"the environment of {self.peer} cannot be made")
        install = [str(folder / "bin" / "python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        _call(
            [*install, "--require-hashes", "-r", str(self.requirements)],
            f"the packages of {self.peer} cannot be installed",
        )
        if self.borrows:
            (packages,) = folder.glob("lib/python*/site-packages")
            (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")


def _python(version: str) -> str:
    """A Python of that version that works."""
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in [sys.executable] if here == version else [f"python{version}"]:
        found = shutil.which(candidate)
        # The path may hold a stub of a version manager that leads nowhere.
        if found and _works([found, "-c", "import ensurepip, venv"]):
            return found
    raise UnavailableError(f"it needs Python {version}, and no python{version} is here")


def _works(command: list[str]) -> bool:
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def _call(command: list[str], fault: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no word"])[-1]
        raise UnavailableError(f"{fault}: {last}")
