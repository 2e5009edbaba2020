from __future__ import annotations

from pathlib import Path

import pytest

from emulator.runner.public_uris import PublicUris
from emulator.runner.run_folder import RunFolder

URIS = RunFolder(Path("/state/runs/run-1")).public_uris("gs://bucket/root/run-1")
ROOT = "/state/runs/run-1/root"


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        (f"{ROOT}/run-1/train/model", "gs://bucket/root/run-1/train/model"),
        (f"file://{ROOT}/run-1/train/model", "gs://bucket/root/run-1/train/model"),
        (ROOT, "gs://bucket/root"),
        ("/data/rows.csv", "/data/rows.csv"),
        ("gs://bucket/rows.csv", "gs://bucket/rows.csv"),
        (f"/elsewhere{ROOT}/run-1/train/model", f"/elsewhere{ROOT}/run-1/train/model"),
        ("", ""),
    ],
)
def test_public_uris_tell_what_lies_in_the_run(path: str, uri: str) -> None:
    assert URIS.of(path) == uri


def test_public_uris_stand_in_messages() -> None:
    text = f"No file '{ROOT}/run-1/train/model.keras', nor {ROOT}/run-1/train/rows."
    assert URIS.in_text(text) == (
        "No file 'gs://bucket/root/run-1/train/model.keras', nor gs://bucket/root/run-1/train/rows."
    )


def test_public_uris_follow_links(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    uris = RunFolder(tmp_path / "link" / "run-1").public_uris("gs://b/run-1")
    assert uris.of(f"{tmp_path}/real/run-1/root/run-1/train/model") == "gs://b/run-1/train/model"


def test_public_uris_of_another_run_are_adopted() -> None:
    uris = PublicUris({})
    assert uris.of("/old/rows") == "/old/rows"
    uris.adopt("/old/rows", "gs://bucket/old/rows")
    assert uris.of("/old/rows") == "gs://bucket/old/rows"
    assert uris.in_text("/old/rows: empty") == "gs://bucket/old/rows: empty"
