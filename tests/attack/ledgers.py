"""What a writer was answered, held against what is there after a kill: the old or the new, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

State = TypeVar("State")


class Ledger(Generic[State]):
    """The things that one writer alone changes, one request after the other.

    Attributes:
        settled: What was answered, by name.
        answered: How many writes were.
        landed: How many unanswered ones were there all the same.
        lost: How many unanswered ones were not.
    """

    def __init__(self) -> None:
        self.settled: dict[str, State] = {}
        self.answered = self.landed = self.lost = 0
        self._pending: Mapping[str, State | None] | None = None

    def write(self, changes: Mapping[str, State | None], request: Callable[[], Mapping[str, State | None]]) -> None:
        """Changes something.

        Args:
            changes: What the request makes of each name; None removes it.
            request: Sends it, and gives what the answer says. Where it raises, nobody knows what has happened.
        """
        self._pending = changes
        answer = request()
        self.settled = _after(self.settled, {**changes, **answer})
        self._pending = None
        self.answered += 1

    def reconcile(self, found: Mapping[str, State], agree: Callable[[State, State], bool]) -> None:
        """Takes what is there for what has happened, if it can have.

        Args:
            found: What is there.
            agree: Whether one that was found is one that was expected.
        """
        if _is(found, self.settled, agree):
            self.lost += self._pending is not None
        else:
            expected = _after(self.settled, self._pending or {})
            assert _is(found, expected, agree), f"found:\n{found}\nanswered:\n{self.settled}\nor:\n{expected}"
            self.landed += 1
        self.settled, self._pending = dict(found), None


def _after(settled: Mapping[str, State], changes: Mapping[str, State | None]) -> dict[str, State]:
    return {name: state for name, state in {**settled, **changes}.items() if state is not None}


def _is(found: Mapping[str, State], expected: Mapping[str, State], agree: Callable[[State, State], bool]) -> bool:
    return found.keys() == expected.keys() and all(agree(state, expected[name]) for name, state in found.items())


class Kept(NamedTuple):
    """An object as it must be there.

    Attributes:
        digest: Of all its bytes.
        mark: What its metadata says.
        generation: None where no answer has told it.
    """

    digest: str
    mark: str = ""
    generation: str | None = None


def agree(found: Kept, expected: Kept) -> bool:
    """Whether an object is one that was expected."""
    told = expected.generation in {None, found.generation}
    return told and (found.digest, found.mark) == (expected.digest, expected.mark)


@dataclass
class SharedLedger:
    """One name that many writers overwrite: what is there is the newest that was answered, or one that was not.

    Attributes:
        answered: Digests by generation.
        pending: Digests of what was not answered.
    """

    answered: dict[int, str] = field(default_factory=dict)
    pending: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self, digest: str, request: Callable[[], int]) -> None:
        """Overwrites it; the request gives the generation that it was answered."""
        with self.lock:
            self.pending.add(digest)
        generation = request()
        with self.lock:
            self.pending.discard(digest)
            self.answered[generation] = digest

    def reconcile(self, found: Kept | None) -> None:
        """Holds what is there against what was answered."""
        newest = max(self.answered, default=0)
        generation = int(found.generation or 0) if found else 0
        assert generation >= newest, f"generation {newest} was answered, and {generation} is there"
        if found is not None:
            known = self.answered.get(generation)
            assert found.digest == known or (known is None and found.digest in self.pending), (found, known)
            self.answered = {generation: found.digest}
        self.pending.clear()
