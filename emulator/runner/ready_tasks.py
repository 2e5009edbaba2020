"""Lets a group's tasks that need nothing of each other run side by side: kfp.local takes one after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter
from typing import Any, TypeVar

Result = TypeVar("Result")


class ReadyTasks:
    """Stands in for the stack of names that kfp.local's orchestrator works off, in the one thread that does so.

    At each name the orchestrator looks whether the task may run, runs it and keeps its outputs. Here a name comes up
    once all that it needs is done; the task then begins in a thread of its own, and the orchestrator goes on as if it
    had given nothing. When the task has ended, its name comes up again, and the orchestrator gets what came of it.

    Args:
        needs: The names of the group's tasks, each with those of the tasks that it needs.
        most: How many of them run at once.

    Raises:
        graphlib.CycleError: Tasks need each other.
    """

    def __init__(self, needs: Mapping[str, Iterable[str]], most: int) -> None:
        self._sorter = TopologicalSorter(needs)
        self._sorter.prepare()
        self._pool = ThreadPoolExecutor(most)
        self._next: deque[str] = deque()
        self._begun: dict[str, Future[Any]] = {}
        self._turn = ""

    def __bool__(self) -> bool:
        """Whether a name is to come up yet."""
        self._end_turn()
        is_left = self._sorter.is_active()
        if not is_left:
            self._pool.shutdown(wait=False)
        return is_left

    def pop(self) -> str:
        """The next name; waits for one of the tasks that have begun where no other can begin."""
        self._end_turn()
        self._next += sorted(self._sorter.get_ready())
        if not self._next:
            ended = wait(self._begun.values(), return_when=FIRST_COMPLETED).done
            self._next += [name for name, future in self._begun.items() if future in ended]
        self._turn = self._next.popleft()
        return self._turn

    def run(self, name: str, work: Callable[[], Result], meanwhile: Result) -> Result:
        """Begins a task when its name has come up first, and tells what came of it the second time.

        Args:
            name: The task's. One whose name has not come up runs here and now: an exit task, a loop's iteration.
            work: Runs it.
            meanwhile: What is told as it begins.

        Raises:
            BaseException: What `work` raises, once no other task is at work; none begins any more.
        """
        if name != self._turn:
            return work()
        begun = self._begun.pop(name, None)
        if begun is None:
            self._begun[name] = self._pool.submit(work)
            return meanwhile
        if begun.exception() is not None:
            self._pool.shutdown(cancel_futures=True)
        result: Result = begun.result()
        return result

    def _end_turn(self) -> None:
        if self._turn and self._turn not in self._begun:
            self._sorter.done(self._turn)
        self._turn = ""


def needed_by(task: Any) -> set[str]:
    """The tasks that one needs: those it waits for, and those whose outputs it takes.

    Args:
        task: A PipelineTaskSpec of kfp.
    """
    parameters, artifacts = task.inputs.parameters.values(), task.inputs.artifacts.values()
    producers = {source.task_output_parameter.producer_task for source in parameters}
    producers |= {source.task_output_artifact.producer_task for source in artifacts}
    return {*task.dependent_tasks, *producers} - {""}
