"""Whole columns of numbers that are written in a format of their own."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from pyarrow import compute

from trainer.contract.number_format import NumberFormat


def plain_numbers(texts: Any, form: NumberFormat) -> Any:
    """Texts as `NumberFormat.plain` writes them, a whole column at once.

    Args:
        texts: Arrow array of trimmed strings.
        form: How they write numbers.

    Returns:
        An arrow array of strings; null where a text is not in the format.
    """
    plain = pa.nulls(len(texts), pa.string())
    for whole, digits in form.rewritings:
        fits = compute.match_substring_regex(texts, whole)
        plain = compute.if_else(fits, compute.replace_substring_regex(texts, whole, digits), plain)
    if form.separators:
        plain = compute.replace_substring_regex(plain, form.separators, "")
    return compute.replace_substring(plain, form.decimal, ".")
