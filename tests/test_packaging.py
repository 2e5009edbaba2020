"""What the image is built from: the packages that are installed, and the locks."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
HOUSES = ("components", "emulator", "pipeline", "trainer")


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def locked(name: str) -> dict[str, str]:
    """The version of each package of a lock file."""
    pins = re.findall(r"^([a-z0-9._-]+)==([^\s;]+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
    return dict(pins)


def test_every_folder_with_code_is_installed() -> None:
    from setuptools import find_packages

    found = find_packages(str(ROOT), include=project()["tool"]["setuptools"]["packages"]["find"]["include"])
    files = [path for house in HOUSES for path in (ROOT / house).rglob("*.py")]
    assert sorted(found) == sorted({".".join(path.relative_to(ROOT).parts[:-1]) for path in files})


def test_lock_for_accelerators_adds_the_libraries_of_cuda_and_changes_nothing() -> None:
    plain, gpu = locked("requirements.lock"), locked("requirements-gpu.lock")
    assert plain.items() <= gpu.items()
    added = gpu.keys() - plain.keys()
    assert {"nvidia-cudnn-cu12", "nvidia-nccl-cu12"} <= added
    assert all(name.startswith("nvidia-") for name in added)


def test_lock_of_the_search_adds_to_what_is_installed_and_changes_nothing() -> None:
    plain, tuning, dev = (locked(f"requirements{name}.lock") for name in ("", "-tuning", "-dev"))
    for others in (plain, dev):
        assert all(others[name] == version for name, version in tuning.items() if name in others)
    assert "optuna" in tuning
    assert "optuna" not in plain


def test_every_line_of_a_lock_has_a_hash_and_no_address() -> None:
    for name in ("requirements.lock", "requirements-gpu.lock", "requirements-tuning.lock"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert len(re.findall(r"^[a-z0-9._-]+==.* \\\n    --hash=sha256:", text, re.MULTILINE)) == len(locked(name))
        assert "://" not in text


def test_image_can_be_built_from_either_lock() -> None:
    wanted = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert "ARG LOCK=requirements.lock\n" in text
    for name in ("requirements.lock", "requirements-gpu.lock"):
        assert f"!{name}" in wanted
