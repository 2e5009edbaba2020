"""Labels as Vertex AI takes them."""

from __future__ import annotations

import re
from collections.abc import Mapping

MANAGED_BY = {"managed-by": "dnn-pipeline"}
LONGEST = 63


def label_value(text: str) -> str:
    """`text` as a label's value: lower case, at most 63 characters, any but letters, digits, _ and - as hyphens."""
    return re.sub(r"[^a-z0-9_-]", "-", text.lower())[:LONGEST]


def filter_for(labels: Mapping[str, str], display_name: str) -> str:
    """The list filter for resources of this name that carry these labels."""
    parts = [f'labels.{key}="{value}"' for key, value in labels.items()]
    return " AND ".join([*parts, f'display_name="{display_name}"'])
