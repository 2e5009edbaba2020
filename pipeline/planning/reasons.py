"""Why a task is not taken from an earlier run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.planning.values import Document, Unknown, Values, equal
from pipeline.runs.staged_names import is_staged
from pipeline.runs.worker_pools import machines_text, read_pools
from trainer.errors import shown


@dataclass(frozen=True)
class Earlier:
    """A task of an earlier run that has put something out, or one that would run.

    Attributes:
        run: The run's id.
        name: The task's name.
        has_run: Whether it has run there, and was not itself taken from another run.
        is_kept: Whether what it has put out may be taken by others.
        key: The cache key that the pipeline gives it; empty where it gives none.
        program: What tells its component from others.
        definitions: The definitions of its outputs.
        inputs: What it was given.
        outputs: What it has put out.
    """

    run: str
    name: str
    has_run: bool
    is_kept: bool
    key: str
    program: Document
    definitions: Document
    inputs: Values
    outputs: Values


def why_not(wanted: Earlier, earlier: Sequence[Earlier]) -> str:
    """Why none of the earlier tasks of the same name, the newest first, has put out what is wanted."""
    own = [name for name, value in wanted.inputs.unknown() if not value.maker]
    if own:
        return f"{_listed(own)} {'tells' if len(own) == 1 else 'tell'} of the run itself"
    if not earlier:
        return "no earlier run is known to have done it"
    made_anew = [name for name, value in wanted.inputs.unknown() if value.is_new]
    return f"{_listed(made_anew)} would be made anew" if made_anew else _difference(wanted, earlier[0])


def _difference(wanted: Earlier, newest: Earlier) -> str:
    if not equal(wanted.program.get("image"), newest.program.get("image")):
        return f"its image is another than in run {newest.run}"
    if not equal(wanted.program, newest.program) or wanted.definitions != newest.definitions:
        return f"its code is another than in run {newest.run}"
    changes = [*_changes(wanted.inputs, newest.inputs)]
    if changes:
        return f"{'; '.join(changes)} (compared with run {newest.run})"
    return f"run {newest.run} has left nothing for others"


def _changes(now: Values, before: Values) -> Iterator[str]:
    for name in sorted({*now.parameters, *before.parameters}):
        new, old = now.parameters.get(name), before.parameters.get(name)
        if equal(new, old):
            continue
        if isinstance(new, Unknown):
            yield f"{name} is not known yet"
        elif isinstance(new, str) and is_staged(new):
            yield f"{name} has changed"
        elif pools := read_pools(new):
            machines, former = machines_text(pools), machines_text(read_pools(old))
            yield f"{name} is {machines} and was {former}" if machines != former else f"{name} runs another program"
        else:
            yield f"{name} is {shown(_whole(new))} and was {shown(_whole(old))}"
    others = [name for name, uris in now.artifacts.items() if not equal(uris, before.artifacts.get(name))]
    if others:
        yield f"{_listed(others)} {'is another' if len(others) == 1 else 'are others'}"


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
