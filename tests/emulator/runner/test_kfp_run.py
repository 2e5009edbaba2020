from __future__ import annotations

import importlib
import inspect
import math
import types
from typing import Any

import pytest

from emulator.runner.errors import RunnerError
from emulator.runner.kfp_run import _replaced

NEEDED = {
    "kfp.local.subprocess_task_handler:SubprocessTaskHandler": {"full_command", "env_vars"},
    "kfp.local.orchestrator.task_executor:execute_single_task": {
        "task_name",
        "task_spec",
        "components",
        "io_store",
        "pipeline_resource_name",
    },
    "kfp.local.orchestrator.enhanced_dag_orchestrator:execute_task": {
        "task_name",
        "task_spec",
        "components",
        "pipeline_resource_name",
    },
    "kfp.local.orchestrator.enhanced_dag_orchestrator:_run_parallel_for_task": {
        "task_name",
        "pipeline_resource_name",
    },
    "kfp.local.orchestrator.enhanced_dag_orchestrator:ConditionEvaluator.evaluate_condition": {
        "condition",
        "io_store",
    },
    "kfp.local.logging_utils:color_text": {"text", "color"},
}


@pytest.mark.run
@pytest.mark.parametrize("seam", NEEDED)
def test_seams_are_where_kfp_has_them(seam: str) -> None:
    module, _, name = seam.partition(":")
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    assert inspect.signature(found).parameters.keys() >= NEEDED[seam]


def test_replaced_gives_the_original_to_its_replacement_and_puts_it_back() -> None:
    module = types.ModuleType("module")
    module.__dict__["root"] = math.sqrt
    with _replaced(module, "root", lambda original, x: original(x) + 1):
        assert module.root(4) == 3
    assert module.root is math.sqrt


@pytest.mark.run
def test_replaced_names_the_seam_that_kfp_has_lost() -> None:
    with (
        pytest.raises(
            RunnerError, match=r"^kfp .* has no math\.cubic, which the runner needs\. Install kfp 2\.17\.3\.$"
        ),
        _replaced(math, "cubic", len),
    ):
        pass
