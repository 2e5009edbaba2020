"""How large a pipeline comes to be. Groups can stand in many places, so that a short text can tell of many tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Guesses: as many as can be held.
MOST_TASKS = 10_000
DEEPEST_GROUPS = 50


def size_fault(dag: Mapping[str, Any], components: Mapping[str, Any]) -> str:
    """What is wrong where groups hold themselves, or more tasks, or more groups in groups, than can be held.

    Args:
        dag: The pipeline's.
        components: Its components by name, groups among them.

    Returns:
        The rest of a sentence that begins with the pipeline; empty where nothing is wrong.
    """
    sizes: dict[str, tuple[int, int]] = {}
    under_way: list[str] = []

    def measure(tasks: Mapping[str, Any]) -> tuple[int, int]:
        """How many tasks there are, and how many groups lie in each other."""
        count, depth = len(tasks), 0
        for task in tasks.values():
            name = (task.get("componentRef") or {}).get("name", "")
            if name in under_way or len(under_way) > DEEPEST_GROUPS:
                return MOST_TASKS + 1, DEEPEST_GROUPS + 1
            if name not in sizes:
                under_way.append(name)
                below = (components.get(name, {}).get("dag") or {}).get("tasks") or {}
                found = measure(below)
                sizes[name] = (found[0], found[1] + bool(below))
                under_way.pop()
            count += sizes[name][0]
            depth = max(depth, sizes[name][1])
        return count, depth

    count, depth = measure(dag.get("tasks") or {})
    if depth > DEEPEST_GROUPS:
        return f"must not hold itself, nor more than {DEEPEST_GROUPS} groups of tasks within each other."
    if count > MOST_TASKS:
        return f"must hold at most {MOST_TASKS} tasks, those of groups counted in each place."
    return ""
