"""The packages of a pythonPackageSpec: taken from the object store and installed for one job, without a network."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from emulator.api.errors import ApiError, precondition
from emulator.storage.object_store import ObjectStore


def install(uris: Iterable[str], storage: ObjectStore, folder: Path) -> Path:
    """Installs packages into a folder of their own; what they depend on is the emulator's own environment's to have.

    Args:
        uris: gs:// URIs of source or built distributions.
        storage: The object store.
        folder: The job's folder.

    Returns:
        The folder that a Python finds them in.

    Raises:
        ApiError: FAILED_PRECONDITION, where one is not there or cannot be installed.
    """
    target, files = folder / "site-packages", folder / "packages"
    files.mkdir(parents=True, exist_ok=True)
    paths = [_fetched(uri, storage, files) for uri in uris]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"]
    done = subprocess.run(
        [*pip, "--no-build-isolation", "--upgrade", "--target", str(target), *map(str, paths)],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        told = done.stderr.strip()[-2000:]
        raise precondition(f"The packages of the job's pythonPackageSpec cannot be installed. pip says:\n{told}")
    return target


def _fetched(uri: str, storage: ObjectStore, folder: Path) -> Path:
    bucket, _, name = uri.removeprefix("gs://").partition("/")
    path = folder / name.rpartition("/")[2]
    try:
        found = storage.objects.find(bucket, name)
        with open(storage.objects.open(found), "rb") as source, path.open("wb") as target:
            shutil.copyfileobj(source, target)
    except (ApiError, FileNotFoundError) as error:
        raise precondition(f"The package {uri} of the job's pythonPackageSpec is not in the object store.") from error
    return path
