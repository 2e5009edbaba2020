"""Runs a pipeline with kfp.local, observes each of its tasks and mends what kfp.local gets wrong.

kfp.local has no hook for an observer. `_seams` is the one place that replaces functions of kfp.local, for as
long as a run lasts; the names are those of kfp 2.17.3, and a run on a kfp without them stops with a sentence.

Mended: each task has an artifact folder of its own, also where two tasks share a component; conditions on named
outputs, strings and NaN are decided as CEL decides them; an optional whole number may be left out; numbers in an
f-string of the pipeline are written as Kubeflow Pipelines writes them; the run's name and time are known; exit
tasks are told how their group has ended; inputs with a default stand in for those of a task that has failed.

Added: tasks that need nothing of each other run side by side, as many of a run at once as the options say, and so do
the iterations of a loop, up to its own limit; tasks are cached as cache.py tells, and kfp.local's own cache is off;
what runs after a failure is up to the failure policy, in pipelines with groups and in those without.

As kfp.local has it: exit tasks begin when all else of their group has ended, one after the other; resources,
accelerators and images are not looked at; `packages_to_install` are installed into this very environment; numbers
inside lists and dicts arrive as floats; a loop over a named output fails; a task that waits for a group whose gate
stays closed runs; a task's inputs, metadata included, must fit into one argument of a command (128 KiB on Linux).
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from emulator.api.names import new_id
from emulator.runner.gates import Gates
from emulator.runner.job_handler import JobHandler
from emulator.runner.kfp_seams import import_kfp, replaced
from emulator.runner.launcher_handler import LauncherHandler
from emulator.runner.launchers import AS_GOOGLE, CHOICE, JOBS, launcher_of
from emulator.runner.options import FailurePolicy, Options
from emulator.runner.pipeline_spec import Kind, PipelineSpec
from emulator.runner.public_uris import PublicUris
from emulator.runner.ready_tasks import ReadyTasks, needed_by
from emulator.runner.recorder import Recorder
from emulator.runner.run_folder import RunFolder
from emulator.runner.task_component import own_component, with_executor_input
from emulator.runner.task_handler import TaskHandler, TaskRun
from emulator.runner.task_memory import TaskMemory
from emulator.runner.task_processes import StoppedError, TaskProcesses
from emulator.runner.task_record import TaskPath
from emulator.runner.task_values import Call, given_by, given_to_group

Result = TypeVar("Result")
Outcome = tuple[dict[str, Any], Any]
"""A task's outputs and its kfp.local.status.Status."""


class KfpRun:
    """One run of a pipeline.

    Args:
        spec: The pipeline.
        folder: Where the run's files lie.
        recorder: Is told of every task.
        uris: Tells artifacts' public URIs.
        processes: Runs the tasks' commands.
        options: Tell of the cache, of how many tasks run at once and of what a failure means for the rest.
    """

    def __init__(
        self,
        spec: PipelineSpec,
        folder: RunFolder,
        recorder: Recorder,
        uris: PublicUris,
        processes: TaskProcesses,
        options: Options,
    ) -> None:
        self._spec = spec
        self._folder = folder
        self._recorder = recorder
        self._uris = uris
        self._processes = processes
        self._location = options.location
        self._memory = TaskMemory(spec, options, uris)
        self._fails_fast = options.failure_policy is FailurePolicy.FAST
        self._failed = threading.Event()
        self._most = options.max_concurrent_tasks
        self._places = threading.Semaphore(self._most)
        self._gates = Gates(spec)
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
        from kfp.local import graph_utils, logging_utils, subprocess_task_handler
        from kfp.local.orchestrator import dag_orchestrator, enhanced_dag_orchestrator, task_executor

        # What each task of kfp.local sets up for itself and takes down belongs to the whole process: here, to the run.
        with contextlib.ExitStack() as stack, logging_utils.local_logger_context():
            for module, name, replacement in (
                (subprocess_task_handler, "SubprocessTaskHandler", self._make_handler),
                (task_executor, "execute_single_task", self._execute_task),
                (dag_orchestrator, "run_dag", _run_dag),
                (enhanced_dag_orchestrator, "execute_task", self._execute_member),
                (enhanced_dag_orchestrator, "_run_parallel_for_task", self._execute_loop),
                (enhanced_dag_orchestrator, "ConditionEvaluator", lambda _original: self._gates),
                (enhanced_dag_orchestrator, "ParallelExecutor", self._make_loop_executor),
                (graph_utils, "topological_sort_tasks", self._make_order),
                (logging_utils, "local_logger_context", _no_context),
                (logging_utils, "indented_print", _no_context),
                (logging_utils, "color_text", _without_colour),
            ):
                stack.enter_context(replaced(module, name, replacement))
            yield

    def _make_handler(self, _original: Any, **given: Any) -> TaskHandler:
        return _handler(self._thread.task.launcher)(
            self._thread.task, self._recorder, self._uris, self._processes, **given
        )

    def _make_order(self, _original: Any, tasks: Mapping[str, Any]) -> ReadyTasks:
        needs = {name: needed_by(task) & tasks.keys() for name, task in tasks.items()}
        order = self._thread.order = ReadyTasks(needs, self._most)
        return order

    def _in_turn(self, name: str, work: Callable[[], Result], meanwhile: Result) -> Result:
        order: ReadyTasks | None = getattr(self._thread, "order", None)
        return work() if order is None else order.run(name, work, meanwhile)

    def _make_loop_executor(self, original: Callable[[], Any]) -> Any:
        """Lets a loop without a limit of its own have as many iterations at work as a run may have tasks."""
        executor = original()
        executor.max_workers = executor.conservative_max = self._most
        return executor

    def _execute_member(self, original: Callable[..., Outcome], **call: Any) -> Outcome:
        """A task or a group."""
        from kfp.local.status import Status

        # It is this thread that has decided the condition.
        fault = self._gates.take_fault()
        nothing: Outcome = {}, Status.SUCCESS
        return self._in_turn(call["task_name"], lambda: self._run_member(original, call, fault), meanwhile=nothing)

    def _run_member(self, original: Callable[..., Outcome], call: Call, fault: str) -> Outcome:
        is_group = call["components"][call["task_spec"].component_ref.name].WhichOneof("implementation") == "dag"
        # A group takes no place from the tasks in it.
        with contextlib.nullcontext() if is_group else self._places:
            return self._begin(original, call, fault, is_group=is_group)

    def _begin(self, original: Callable[..., Outcome], call: Call, fault: str, *, is_group: bool) -> Outcome:
        from kfp.local.status import Status

        path = (*_scope(call), call["task_name"])
        self._stop_if_asked()
        if not self._may_begin(path):
            return {}, Status.FAILURE
        group = TaskRun(path, self._folder.runner_log, error=fault)
        if fault:
            return self._observed(group, lambda: ({}, Status.FAILURE))
        if not is_group:
            return original(**call)
        with self._recorder.change() as (state, now):
            state.task_started(path, now)
        # kfp.local adds an iteration's name to this one; with those of other groups it tells a task's path.
        if "-iteration-" not in call["task_name"]:
            call["pipeline_resource_name"] += f"/{call['task_name']}"
        return self._observed(group, lambda: self._run_group(path, original, call))

    def _run_group(self, path: TaskPath, original: Callable[..., Outcome], call: Call) -> Outcome:
        inputs = given_to_group(call)
        with self._recorder.change() as (state, now):
            state.task_given(path, inputs.with_uris(self._uris.of), now)
        return original(**call)

    def _execute_loop(self, original: Callable[..., bool], **call: Any) -> bool:
        """All iterations of a loop. True where one has failed."""
        return self._in_turn(call["task_name"], lambda: self._run_loop(original, call), meanwhile=False)

    def _run_loop(self, original: Callable[..., bool], call: Call) -> bool:
        from kfp.local.status import Status

        path = (*_scope(call), call["task_name"])
        self._stop_if_asked()
        if not self._may_begin(path):
            return True
        with self._recorder.change() as (state, now):
            state.task_started(path, now)

        def iterate() -> Outcome:
            return {}, Status.FAILURE if original(**call) else Status.SUCCESS

        return self._observed(TaskRun(path, self._folder.runner_log), iterate)[1] is Status.FAILURE

    def _execute_task(self, original: Callable[..., Outcome], **call: Any) -> Outcome:
        """A task that is no group."""
        path = (*_scope(call), call["task_name"])
        with self._recorder.look() as state:
            log = self._folder.task_log(state.folder(path))
        task = self._thread.task = TaskRun(path, log)
        call["pipeline_resource_name"] = self._folder.run_id
        return self._observed(task, lambda: self._run_or_recall(task, original, call))

    def _run_or_recall(self, run: TaskRun, original: Callable[..., Outcome], call: Call) -> Outcome:
        from kfp.local.status import Status

        task = self._spec.along(run.path)[-1]
        call |= self._own_component(run.path, call)
        label = call["components"][call["task_spec"].component_ref.name].executor_label
        container = self._spec.document["deploymentSpec"]["executors"][label].get("container", {})
        run.launcher = launcher_of(container)
        if run.launcher:
            call["executors"] = with_executor_input(call["executors"], label)
        found = self._memory.recall(task, call)
        if found.outputs is not None:
            run.cached_inputs = found.inputs
            return found.outputs, Status.SUCCESS
        with self._recorder.change() as (state, now):
            job = f"{self._location}/customJobs/{new_id()}" if task.kind is Kind.CONTAINER else ""
            state.task_started(run.path, now, job)
        outputs, status = original(**call)
        if status == Status.SUCCESS:
            self._memory.keep(found.key, run.path, outputs)
        return outputs, status

    def _own_component(self, path: TaskPath, call: Call) -> Call:
        with self._recorder.look() as state:
            return own_component(
                call,
                name=state.folder(path),
                placeholders=state.placeholders(),
                final_status=lambda name: state.final_status((*path[:-1], name)),
            )

    def _observed(self, task: TaskRun, execute: Callable[[], Outcome]) -> Outcome:
        from kfp.local.status import Status

        try:
            outputs, status = execute()
        except StoppedError:
            raise
        except Exception as error:  # of what kfp.local cannot do, the task has to tell
            logging.getLogger(__name__).exception("Task %s", ".".join(task.path))
            outputs, status, task.error = {}, Status.FAILURE, str(error) or type(error).__name__
        if status != Status.SUCCESS:
            # kfp.local takes a member that was stopped for one that has failed.
            self._stop_if_asked()
            self._failed.set()
        given = given_by(outputs).with_uris(self._uris.of)
        with self._recorder.change() as (state, now):
            if status != Status.SUCCESS:
                state.task_failed(task.path, self._uris.in_text(task.error), now)
            elif task.cached_inputs is not None:
                state.task_skipped(task.path, task.cached_inputs, given, now)
            else:
                state.task_succeeded(task.path, given, now)
        return outputs, status

    def _may_begin(self, path: TaskPath) -> bool:
        """Whether the failure policy lets a task or group begin. Exit tasks, and what is in them, always may."""
        if not (self._fails_fast and self._failed.is_set()):
            return True
        return any(task.runs_after_failures for task in self._spec.along(path))

    def _stop_if_asked(self) -> None:
        if self._processes.is_stopped:
            raise StoppedError


def _handler(launcher: str) -> type[TaskHandler]:
    """What runs a task, by the launcher that it is."""
    if not launcher:
        return TaskHandler
    as_it_is = os.environ.get(CHOICE) == AS_GOOGLE
    return JobHandler if launcher in JOBS and not as_it_is else LauncherHandler


def _run_dag(_original: Any, **call: Any) -> Outcome:
    """Gives a pipeline without groups to the orchestrator of those with groups: its own stops at a failure."""
    from kfp.local.orchestrator import enhanced_dag_orchestrator

    outcome: Outcome = enhanced_dag_orchestrator.run_enhanced_dag(**call)
    return outcome


def _no_context(_original: Any) -> contextlib.AbstractContextManager[None]:
    return contextlib.nullcontext()


def _without_colour(_original: Any, text: str, color: Any) -> str:
    del color
    return text


def _scope(call: Call) -> TaskPath:
    """The names of the groups around a task, which follow the pipeline's in its resource name."""
    return tuple(call["pipeline_resource_name"].split("/")[1:])
