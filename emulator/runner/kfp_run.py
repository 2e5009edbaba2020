"""Runs a pipeline with kfp.local, observes each of its tasks and mends what kfp.local gets wrong.

kfp.local has no hook for an observer. `_seams` is the one place that replaces functions of kfp.local, for as
long as a run lasts; the names are those of kfp 2.17.3, and a run on a kfp without them stops with a sentence.

Mended: each task has an artifact folder of its own, also where two tasks share a component; conditions on named
outputs, strings and NaN are decided as CEL decides them; an optional whole number may be left out; numbers in an
f-string of the pipeline are written as Kubeflow Pipelines writes them; the run's name and time are known.

As kfp.local has it: tasks run one after the other, those of a loop two at a time; nothing is cached; resources,
accelerators and images are not looked at; `packages_to_install` are installed into this very environment; numbers
inside lists and dicts arrive as floats; a loop over a named output fails; a task's inputs, metadata included, must
fit into one argument of a command (128 KiB on Linux).
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any

from emulator.runner.conditions import decide
from emulator.runner.errors import RunnerError
from emulator.runner.pipeline_spec import PipelineSpec
from emulator.runner.public_uris import PublicUris
from emulator.runner.recorder import Recorder
from emulator.runner.run_folder import RunFolder
from emulator.runner.task_handler import TaskHandler, TaskRun
from emulator.runner.task_processes import StoppedError, TaskProcesses
from emulator.runner.task_record import TaskPath, Values
from emulator.runner.task_values import given_by, own_component

Call = dict[str, Any]
Outcome = tuple[dict[str, Any], Any]
"""A task's outputs and its kfp.local.status.Status."""


def import_kfp() -> None:
    """Imports kfp without its client of Kubeflow Pipelines, which would load Kubernetes' for a second.

    `_KFP_RUNTIME` is the switch for that which kfp sets for its own components.
    """
    before = os.environ.get("_KFP_RUNTIME")
    os.environ["_KFP_RUNTIME"] = "true"
    try:
        import kfp  # noqa: F401
    finally:
        if before is None:
            del os.environ["_KFP_RUNTIME"]
        else:
            os.environ["_KFP_RUNTIME"] = before
    # kfp.local's own imports, in another order, would be circular.
    from kfp import dsl  # noqa: F401


class KfpRun:
    """One run of a pipeline.

    Args:
        spec: The pipeline.
        folder: Where the run's files lie.
        recorder: Is told of every task.
        uris: Tells artifacts' public URIs.
        processes: Runs the tasks' commands.
    """

    def __init__(
        self,
        spec: PipelineSpec,
        folder: RunFolder,
        recorder: Recorder,
        uris: PublicUris,
        processes: TaskProcesses,
    ) -> None:
        self._spec = spec
        self._folder = folder
        self._recorder = recorder
        self._uris = uris
        self._processes = processes
        self._thread = threading.local()

    def execute(self, parameters: Mapping[str, Any]) -> None:
        """Runs the pipeline to its end; the recorder knows how the tasks fared.

        Args:
            parameters: The value of every parameter of the pipeline.

        Raises:
            StoppedError: The run was stopped.
            Exception: Whatever kfp.local raises, also where a task failed.
        """
        import_kfp()
        from google.protobuf import json_format
        from kfp import local
        from kfp.local import pipeline_orchestrator
        from kfp.pipeline_spec import pipeline_spec_pb2

        workspace = self._folder.path / "workspace"
        workspace.mkdir()
        local.init(
            local.SubprocessRunner(use_venv=False),
            pipeline_root=str(self._folder.root),
            workspace_root=str(workspace),
        )
        message = json_format.ParseDict(dict(self._spec.document), pipeline_spec_pb2.PipelineSpec())
        with self._seams():
            pipeline_orchestrator.run_local_pipeline(message, dict(parameters))

    @contextlib.contextmanager
    def _seams(self) -> Iterator[None]:
        from kfp.local import logging_utils, subprocess_task_handler
        from kfp.local.orchestrator import enhanced_dag_orchestrator, task_executor

        with contextlib.ExitStack() as stack:
            for module, name, replacement in (
                (subprocess_task_handler, "SubprocessTaskHandler", self._make_handler),
                (task_executor, "execute_single_task", self._execute_task),
                (enhanced_dag_orchestrator, "execute_task", self._execute_member),
                (enhanced_dag_orchestrator, "_run_parallel_for_task", self._execute_loop),
                (enhanced_dag_orchestrator, "ConditionEvaluator", self._make_evaluator),
                (logging_utils, "color_text", _without_colour),
            ):
                stack.enter_context(_replaced(module, name, replacement))
            yield

    def _make_handler(self, _original: Any, **given: Any) -> TaskHandler:
        return TaskHandler(self._thread.task, self._recorder, self._uris, self._processes, **given)

    def _make_evaluator(self, _original: Any) -> _Evaluator:
        return _Evaluator(self._spec)

    def _execute_task(self, original: Callable[..., Outcome], **call: Any) -> Outcome:
        """A task that is no group, whichever orchestrator kfp.local has chosen."""
        path = (*_scope(call), call["task_name"])
        self._stop_if_asked()
        with self._recorder.change() as (state, now):
            state.task_started(path, now)
            folder, placeholders = state.folder(path), state.placeholders()
        task = self._thread.task = TaskRun(path, self._folder.task_log(folder))
        call["pipeline_resource_name"] = self._folder.run_id
        return self._observed(task, lambda: original(**call | own_component(call, folder, placeholders)))

    def _execute_member(self, original: Callable[..., Outcome], **call: Any) -> Outcome:
        """A task or a group in a pipeline that has groups."""
        path = (*_scope(call), call["task_name"])
        self._stop_if_asked()
        if call["components"][call["task_spec"].component_ref.name].WhichOneof("implementation") != "dag":
            return original(**call)
        with self._recorder.change() as (state, now):
            state.task_started(path, now)
        # kfp.local adds an iteration's name to this one; with those of other groups it tells a task's path.
        if "-iteration-" not in call["task_name"]:
            call["pipeline_resource_name"] += f"/{call['task_name']}"
        return self._observed(TaskRun(path, self._folder.runner_log), functools.partial(original, **call))

    def _execute_loop(self, original: Callable[..., bool], **call: Any) -> bool:
        """All iterations of a loop. True where one has failed."""
        path = (*_scope(call), call["task_name"])
        self._stop_if_asked()
        with self._recorder.change() as (state, now):
            state.task_started(path, now)
        failed = original(**call)
        with self._recorder.change() as (state, now):
            if failed:
                state.task_failed(path, "", now)
            else:
                state.task_succeeded(path, Values(), now)
        return failed

    def _observed(self, task: TaskRun, execute: Callable[[], Outcome]) -> Outcome:
        from kfp.local.status import Status

        try:
            outputs, status = execute()
        except StoppedError:
            raise
        except Exception as error:  # of what kfp.local cannot do, the task has to tell
            logging.getLogger(__name__).exception("Task %s", ".".join(task.path))
            outputs, status, task.error = {}, Status.FAILURE, str(error) or type(error).__name__
        with self._recorder.change() as (state, now):
            if status == Status.SUCCESS:
                state.task_succeeded(task.path, given_by(outputs, self._uris), now)
            else:
                state.task_failed(task.path, self._uris.in_text(task.error), now)
        return outputs, status

    def _stop_if_asked(self) -> None:
        if self._processes.is_stopped:
            raise StoppedError


class _Evaluator:
    """Stands in for kfp.local's ConditionEvaluator."""

    def __init__(self, spec: PipelineSpec) -> None:
        self._spec = spec

    def evaluate_condition(self, condition: str, io_store: Any) -> bool:
        """Whether a condition holds, given the values that its group of tasks has so far."""
        return decide(condition, lambda name: self._value(condition, name, io_store))

    def _value(self, condition: str, name: str, io_store: Any) -> Any:
        sources = [task.inputs.get(name, {}) for task in self._spec.walk() if task.condition == condition]
        for source in sources:
            # The store raises a ValueError where it has no such value.
            with contextlib.suppress(ValueError):
                if "taskOutputParameter" in source:
                    output = source["taskOutputParameter"]
                    return io_store.get_task_output(output["producerTask"], output["outputParameterKey"])
                if "componentInputParameter" in source:
                    return io_store.get_parent_input(source["componentInputParameter"])
                return source["runtimeValue"]["constant"]
        raise RunnerError(f"The condition {condition} cannot be decided: the task behind {name} gave no such output.")


@contextlib.contextmanager
def _replaced(module: ModuleType, name: str, replacement: Callable[..., Any]) -> Iterator[None]:
    """Puts a function, which is given the original first, in the place of a function of kfp.local."""
    if not hasattr(module, name):
        import kfp

        raise RunnerError(
            f"kfp {kfp.__version__} has no {module.__name__}.{name}, which the runner needs. Install kfp 2.17.3."
        )
    original = getattr(module, name)
    setattr(module, name, functools.partial(replacement, original))
    try:
        yield
    finally:
        setattr(module, name, original)


def _without_colour(_original: Any, text: str, color: Any) -> str:
    del color
    return text


def _scope(call: Call) -> TaskPath:
    """The names of the groups around a task, which follow the pipeline's in its resource name."""
    return tuple(call["pipeline_resource_name"].split("/")[1:])
