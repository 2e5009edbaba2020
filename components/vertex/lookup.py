"""Resources found by label and display name, of which neither is unique."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from components.vertex.errors import RegistryError

Resource = TypeVar("Resource")


def filter_for(labels: Mapping[str, str], display_name: str = "") -> str:
    """The list filter for resources that carry these labels, and this name if one is given."""
    parts = [f'labels.{key}="{value}"' for key, value in labels.items()]
    return " AND ".join([*parts, f'display_name="{display_name}"'] if display_name else parts)


def the_only(found: Sequence[Resource], names: Sequence[str], kind: str, display_name: str) -> Resource | None:
    """The one resource that was found, or None where there is none.

    Args:
        found: What a list call returned.
        names: Their full names.
        kind: What they are: models, endpoints.
        display_name: The name they share.

    Raises:
        RegistryError: There are several; none is taken by chance.
    """
    if len(found) > 1:
        raise RegistryError(
            f'There are {len(found)} {kind} named "{display_name}": {", ".join(sorted(names))}. '
            "Delete or rename all but one."
        )
    return found[0] if found else None
