"""Tells where artifacts lie in the words of a user: by public URIs in the place of paths of this machine."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping


class PublicUris:
    """Public URIs by local paths. It may be used from any thread.

    Args:
        known: URIs by paths. What lies below a path is known too: it lies as far below the URI.
    """

    def __init__(self, known: Mapping[str, str]) -> None:
        self._lock = threading.Lock()
        self._known = dict(known)
        self._path = _pattern(self._known)

    def adopt(self, path: str, uri: str) -> None:
        """Makes one more path known."""
        with self._lock:
            self._known[path] = uri
            self._path = _pattern(self._known)

    def of(self, location: str) -> str:
        """The public URI of an artifact, given the path or URI that a component knows it by."""
        with self._lock:
            found = self._path.match(location)
            return self._known[found["path"]] + location[found.end() :] if found else location

    def in_text(self, text: str) -> str:
        """A message with public URIs in the place of paths."""
        with self._lock:
            return self._path.sub(lambda found: self._known[found["path"]], text)


def _pattern(known: Mapping[str, str]) -> re.Pattern[str]:
    # No path at all makes a pattern that matches nothing.
    paths = "|".join(re.escape(path) for path in sorted(known, key=len, reverse=True)) or "(?!)"
    return re.compile(rf"(?:file://|(?<![\w./-]))(?P<path>{paths})")
