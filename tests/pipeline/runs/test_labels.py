from __future__ import annotations

import re

import pytest

from pipeline.git_commit import Commit
from pipeline.runs.labels import run_labels, shown_labels

IMAGE = "us-docker.pkg.dev/p/r/trainer:0.1.0"
DIGEST = "0123456789abcdef" * 4


def labels(
    commit: Commit = Commit("a" * 40, is_dirty=False),  # noqa: B008 - frozen
    data: tuple[str, ...] = ("/data/1/a.csv", "/data/2/b.csv"),
    image: str = IMAGE,
    **effective: object,
) -> dict[str, str]:
    return run_labels(commit, data, {"steps": 5, "rate": 0.5, **effective}, image)


def test_labels_tell_commit_data_configuration_and_image() -> None:
    told = labels()
    assert list(told) == ["managed-by", "git-sha", "git-dirty", "data-sha", "config-sha", "image-tag"]
    assert (told["managed-by"], told["git-sha"], told["git-dirty"]) == ("dnn-pipeline", "a" * 40, "false")
    assert all(re.fullmatch(r"[a-z0-9_-]{1,63}", value) for value in told.values())


@pytest.mark.parametrize(
    ("image", "label", "value"),
    [
        (f"{IMAGE}@sha256:{DIGEST}", "image-digest", DIGEST[:63]),
        (IMAGE, "image-tag", "0-1-0"),
        ("host:5000/a/b:V1", "image-tag", "v1"),
    ],
)
def test_image_is_told_by_digest_or_else_by_tag(image: str, label: str, value: str) -> None:
    told = labels(image=image)
    assert {name: told[name] for name in told if name.startswith("image-")} == {label: value}


def test_what_is_not_known_is_left_out() -> None:
    assert "git-dirty" not in labels(Commit("abc"))
    assert not {"git-sha", "git-dirty"} & labels(Commit("")).keys()
    assert "data-sha" not in labels(data=())


def test_data_and_configuration_are_told_apart() -> None:
    before, other_data = labels(train_data="gs://b/1"), labels(data=("/data/3/a.csv",), train_data="gs://b/3")
    assert before["data-sha"] != other_data["data-sha"]
    assert before["config-sha"] == other_data["config-sha"]
    other_steps = labels(steps=6)
    assert before["data-sha"] == other_steps["data-sha"]
    assert before["config-sha"] != other_steps["config-sha"]


def test_labels_are_shown_short_and_without_those_that_every_run_has() -> None:
    noted = {"vertex-ai-pipelines-run-billing-id": "1", "managed-by": "dnn-pipeline", "git-sha": "a" * 40, "team": "b"}
    assert shown_labels(noted) == "git-sha=aaaaaaaaaaaa, team=b"
