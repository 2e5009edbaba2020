from __future__ import annotations

import importlib
import inspect
from typing import Any

import pytest

NEEDED = {
    "kfp.local.subprocess_task_handler:SubprocessTaskHandler": {"full_command", "env_vars"},
    "kfp.local.orchestrator.task_executor:execute_single_task": {
        "task_name",
        "task_spec",
        "components",
        "io_store",
        "pipeline_resource_name",
    },
    "kfp.local.orchestrator.dag_orchestrator:run_dag": {"dag_arguments", "fail_stack"},
    "kfp.local.orchestrator.enhanced_dag_orchestrator:execute_task": {
        "task_name",
        "task_spec",
        "components",
        "pipeline_resource_name",
    },
    "kfp.local.orchestrator.enhanced_dag_orchestrator:run_enhanced_dag": {"dag_arguments", "fail_stack"},
    "kfp.local.orchestrator.task_spec_utils:build_nested_dag_arguments": {"component_spec", "io_store"},
    "kfp.local.executor_input_utils:construct_executor_input": {"arguments", "task_root", "block_input_artifact"},
    "kfp.local.executor_input_utils:executor_input_to_dict": {"executor_input", "component_spec"},
    "kfp.local.placeholder_utils:replace_placeholders": {"full_command", "executor_input_dict"},
    "kfp.dsl.executor:create_artifact_instance": {"runtime_artifact"},
    "kfp.local.orchestrator.enhanced_dag_orchestrator:_run_parallel_for_task": {
        "task_name",
        "pipeline_resource_name",
    },
    "kfp.local.orchestrator.enhanced_dag_orchestrator:ConditionEvaluator.evaluate_condition": {
        "condition",
        "io_store",
    },
    "kfp.local.orchestrator.enhanced_dag_orchestrator:ParallelExecutor.execute_parallel_tasks": {"parallelism_limit"},
    "kfp.local.graph_utils:topological_sort_tasks": {"tasks"},
    "kfp.local.logging_utils:local_logger_context": set(),
    "kfp.local.logging_utils:indented_print": set(),
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
