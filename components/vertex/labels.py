"""Labels as Vertex AI takes them."""

from __future__ import annotations

import re

MANAGED_BY = {"managed-by": "dnn-pipeline"}
LONGEST = 63


def label_value(text: str) -> str:
    """`text` as a label's value: lower case, at most 63 characters, any but letters, digits, _ and - as hyphens."""
    return re.sub(r"[^a-z0-9_-]", "-", text.lower())[:LONGEST]
