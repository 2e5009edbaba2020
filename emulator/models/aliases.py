"""Version aliases: unique in a model, and exactly one version is `default`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from emulator.api.errors import Violation, invalid_fields
from emulator.api.names import ALIAS

DEFAULT = "default"

Aliases = Mapping[str, Sequence[str]]


def alias_violations(aliases: Sequence[str], field: str) -> list[Violation]:
    """What is wrong with aliases: one violation for each malformed one."""
    return [
        Violation(
            field,
            "an alias must be 2 to 128 letters, digits and hyphens, start with a lowercase letter and end with a "
            f'lowercase letter or digit. Received: "{alias}".',
        )
        for alias in aliases
        if not ALIAS.fullmatch(alias)
    ]


def aliases_of_new_version(before: Aliases, version: str, asked: Sequence[str]) -> dict[str, list[str]]:
    """The aliases of all versions once a new one is there.

    Args:
        before: The aliases by version id, of the versions that exist.
        version: The new version's id.
        asked: The aliases it is to have. They move from other versions; the first version is always the
            default.

    Returns:
        The aliases by version id, the new one included.
    """
    added = list(dict.fromkeys(asked))
    if not before and DEFAULT not in added:
        added.append(DEFAULT)
    return _moved(before, version, added, set())


def merged(before: Aliases, version: str, changes: Sequence[str]) -> dict[str, list[str]]:
    """The aliases of all versions once `changes` are merged into one.

    Args:
        before: The aliases by version id.
        version: The version that they are merged into.
        changes: Aliases to add, and, with a hyphen before them, to remove. An alias in both ways is left as
            it is.

    Raises:
        ApiError: INVALID_ARGUMENT, where an alias is malformed, none is given, or `default` is to be removed.
    """
    added = [change for change in changes if not change.startswith("-")]
    removed = [change[1:] for change in changes if change.startswith("-")]
    violations = alias_violations([*added, *removed], "version_aliases")
    if not changes:
        violations.append(Violation("version_aliases", "is required."))
    both = set(added) & set(removed)
    added = [alias for alias in dict.fromkeys(added) if alias not in both]
    gone = set(removed) - both
    if DEFAULT in gone:
        violations.append(
            Violation(
                "version_aliases",
                "the alias default cannot be removed, only moved: add it to another version.",
            )
        )
    if violations:
        raise invalid_fields(violations)
    return _moved(before, version, added, gone)


def _moved(before: Aliases, version: str, added: Sequence[str], removed: Collection[str]) -> dict[str, list[str]]:
    moving = set(added)
    after = {name: [alias for alias in held if alias not in moving] for name, held in before.items()}
    kept = [alias for alias in before.get(version, ()) if alias not in removed]
    after[version] = list(dict.fromkeys([*kept, *added]))
    return after
