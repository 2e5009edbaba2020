from __future__ import annotations

import pytest

from pipeline.runs.staged_names import by_its_name, is_staged, name_and_sum

FOLDER = f"gs://bucket/data/{'0123456789abcdef' * 4}"


def test_file_of_a_staged_folder_is_called_without_its_number() -> None:
    folder = FOLDER
    assert by_its_name(f"{folder}/00001-b.csv, line 2", {"train_data": folder}) == "b.csv, line 2"
    assert by_its_name(f"{folder}/00001-b.csv, line 2", {"train_data": f"{folder}/x"}) == "00001-b.csv, line 2"
    assert by_its_name("gs://bucket/data/mine.csv", {"train_data": 3}) == "gs://bucket/data/mine.csv"


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        (f"{FOLDER}/iris.csv", "iris.csv (sha256 0123456789ab)"),
        (FOLDER, "several files (sha256 0123456789ab)"),
        ("gs://bucket/data/iris.csv", "gs://bucket/data/iris.csv"),
        ("data/iris.csv", "data/iris.csv"),
    ],
)
def test_staged_input_is_told_by_its_name_and_its_sum(uri: str, told: str) -> None:
    assert name_and_sum(uri) == told
    assert is_staged(uri) is (uri != told)
