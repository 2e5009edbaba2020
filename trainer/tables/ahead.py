"""Items prepared ahead of who takes them, by threads."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, Self, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
_END = object()


class Ahead(Generic[Item]):
    """The same items, up to `count` of them made in a thread before they are asked for, from now on.

    The thread ends when the items do, and at `close`.

    Args:
        items: Whatever raises while it is iterated raises here, in its turn.
        count: At least 1.
    """

    def __init__(self, items: Iterable[Item], count: int) -> None:
        self._made: queue.SimpleQueue[Item | BaseException | object] = queue.SimpleQueue()
        self._room = threading.Semaphore(count)
        self._closed = False
        self._thread = threading.Thread(target=self._make, args=[items], daemon=True)
        self._thread.start()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Item:
        item = _END if self._closed else self._made.get()
        if item is _END or isinstance(item, BaseException):
            self.close()
            raise StopIteration if item is _END else item  # type: ignore[misc] # what is no end is an error
        self._room.release()
        return item  # type: ignore[return-value] # what is left is an item

    def close(self) -> None:
        """Ends the thread, once the item at which it is, is made."""
        self._closed = True
        self._room.release()
        self._thread.join()

    def _make(self, items: Iterable[Item]) -> None:
        try:
            source = iter(items)
            item: Item | object = None
            while item is not _END and self._room.acquire() and not self._closed:
                item = next(source, _END)
                self._made.put(item)
        except BaseException as error:  # noqa: BLE001 - it is raised where the items are taken
            self._made.put(error)


def worked_on(work: Callable[[Item], Result], items: Iterable[Item], threads: int) -> Iterator[tuple[Item, Result]]:
    """Each item with the result of `work`, in order; `threads` threads work on the items that come next.

    Args:
        work: What is done to an item.
        items: Taken one by one by who takes the results.
        threads: At least 1.
    """
    waiting: deque[tuple[Item, Future[Result]]] = deque()
    source = iter(items)
    failure = None
    with ThreadPoolExecutor(threads) as pool:
        while failure is None:
            try:
                item = next(source)
            except Exception as error:  # noqa: BLE001 - it is raised behind the results of the items before it
                failure = error
            else:
                waiting.append((item, pool.submit(work, item)))
            while len(waiting) > (threads if failure is None else 0):
                first, result = waiting.popleft()
                yield first, result.result()
    if not isinstance(failure, StopIteration):
        raise failure
