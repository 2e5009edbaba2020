"""The content of objects, as far as a page can show it."""

from __future__ import annotations

import json


def readable_text(content: bytes, is_whole: bool) -> str | None:
    """Content as text, JSON indented; None where it is no text.

    Args:
        content: The bytes.
        is_whole: Whether they are all of the object's.
    """
    try:
        # A cut may go through the middle of a character.
        text = content.decode("utf-8") if is_whole else content.decode("utf-8", "ignore")
    except UnicodeDecodeError:
        return None
    if "\0" in text:
        return None
    if is_whole and text.lstrip().startswith(("{", "[")):
        try:
            return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
        except (ValueError, RecursionError):
            return text
    return text


def size_text(size: int) -> str:
    """`812 B`, `4.2 kB`, `1.3 MB`."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} B"
