"""The labels that tell where a run comes from: commit, data, configuration, image."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from components.vertex.labels import MANAGED_BY, label_value
from pipeline.digests import shortened
from pipeline.git_commit import Commit

# How labels begin that Vertex AI adds by itself, another one for each run among them.
VERTEX_AI = "vertex-ai-"
# What is told by a label of its own.
_NOT_CONFIGURATION = ("train_data", "eval_data", "schema", "git_sha")


def run_labels(commit: Commit, data: Sequence[str], effective: Mapping[str, Any], image: str) -> dict[str, str]:
    """The labels of a run; one whose value is not known is left out.

    Args:
        commit: The commit that it is made from.
        data: What its inputs are: places named after their content, the same in each bucket, or the users' URLs.
        effective: The values of its parameters, and what its compiled file fixes.
        image: The image of its tasks.
    """
    settings = {name: value for name, value in effective.items() if name not in _NOT_CONFIGURATION}
    dirty = {} if commit.is_dirty is None else {"git-dirty": str(commit.is_dirty).lower()}
    known = {
        "git-sha": commit.sha,
        **dirty,
        "data-sha": _sha256("\n".join(data)) if data else "",
        "config-sha": _sha256(json.dumps(settings, sort_keys=True, ensure_ascii=False)),
        **_image(image),
    }
    return {**MANAGED_BY, **{key: label_value(value) for key, value in known.items() if value}}


def shown_labels(labels: Mapping[str, str]) -> str:
    """Where a run comes from, as its labels tell: `git-sha=0123456789ab, git-dirty=true`."""
    own = {key: value for key, value in labels.items() if key not in MANAGED_BY and not key.startswith(VERTEX_AI)}
    return shortened(", ".join(f"{key}={value}" for key, value in sorted(own.items())))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _image(image: str) -> dict[str, str]:
    name, _, digest = image.partition("@sha256:")
    return {"image-digest": digest} if digest else {"image-tag": name.rpartition("/")[2].partition(":")[2]}
