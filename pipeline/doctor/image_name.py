"""Images of Artifact Registry by their names."""

from __future__ import annotations

import re
from typing import NamedTuple

_IMAGE = re.compile(
    r"(?P<location>[a-z0-9-]+)-docker\.pkg\.dev/(?P<project>[^/]+)/(?P<repository>[^/]+)/(?P<name>[^:@]+)"
    r"(?::(?P<tag>[^@]+))?(?:@(?P<digest>sha256:[0-9a-f]+))?"
)


class ImageName(NamedTuple):
    """An image of Artifact Registry."""

    location: str
    project: str
    repository: str
    name: str
    tag: str
    digest: str

    @property
    def parent(self) -> str:
        """Its repository's resource name."""
        return f"projects/{self.project}/locations/{self.location}/repositories/{self.repository}"


def parse_image(image: str) -> ImageName | None:
    """The parts of REGION-docker.pkg.dev/PROJECT/REPOSITORY/NAME with tag or digest; None of another registry."""
    found = _IMAGE.fullmatch(image)
    return None if found is None else ImageName(**{name: part or "" for name, part in found.groupdict().items()})
