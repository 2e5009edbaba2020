"""Reads what is to be searched, held against what the trainer's flags take."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import get_args

from pydantic import ValidationError

from trainer.config import TrainingConfig
from trainer.errors import UsageError, listing, nearest, quoted
from trainer.flag_values import choices_of, number_kind, real_number, whole_number
from trainer.search.space import Interval, Numbers, Parameter, Scale, SearchSpace, Words, number_text

# The ancestor's three, at its ranges, and the learning rate; of its up to 15 layers, more than 6 seldom learn.
DEFAULT_SEARCH = "first_layer_size=50..500 num_layers=1..6 scale_factor=0.1..1 learning_rate=0.01..0.3:log"
SEPARATOR = ".."
# What a search must leave alone: each trial is to be measured on the same rows.
_MEASURE = ("validation_fraction", "eval_steps", "eval_batch_size")
_FORM = "Write NAME=LOW..HIGH or NAME=A,B, such as learning_rate=0.01..0.3:log or optimizer=adagrad,adam"
_MOST_VALUES = 1000
_SCALES: tuple[Scale, ...] = get_args(Scale)


class _FaultError(Exception):
    """What is wrong with a parameter, behind its name, without a full stop."""


def searchable() -> list[str]:
    """The fields of the trainer's configuration that can be searched."""
    fields = TrainingConfig.model_fields
    return [name for name in fields if name not in _MEASURE and (number_kind(name) or choices_of(name))]


def read_search(text: str) -> SearchSpace:
    """What a text such as `learning_rate=0.01..0.3:log num_layers=1..6 optimizer=adagrad,adam` asks for.

    Args:
        text: Parameters between spaces, each a flag of the trainer, spelled with `_` or `-`, with its values: an
            interval LOW..HIGH, both of which may be taken, or a list A,B,C. Numbers may be followed by their scale,
            :log, :reverse_log or :linear.

    Raises:
        UsageError: There is no parameter, or some make no sense: all of them are told.
    """
    parts = text.split()
    read = [_read(part) for part in parts]
    problems = [one for one in read if isinstance(one, str)]
    parameters = tuple(one for one in read if not isinstance(one, str))
    counts = Counter(parameter.name for parameter in parameters)
    problems += [f"`{name}` is searched {count} times. Give it once." for name, count in counts.items() if count > 1]
    if not parts:
        problems = [f"There is nothing to search. {_FORM}."]
    if problems:
        raise UsageError(listing(problems, len(problems)))
    return SearchSpace(parameters)


def _read(part: str) -> Parameter | str:
    """A parameter, or what is wrong with it."""
    spelled, _, values = part.partition("=")
    name = spelled.removeprefix("--").replace("-", "_")
    try:
        _require_searchable(name)
        _require_values(values)
        return _words(name, values) if choices_of(name) else _numbers(name, values)
    except _FaultError as fault:
        return f"`{spelled}` {fault}{'' if str(fault).endswith('?') else '.'}"


def _require_values(text: str) -> None:
    if not text:
        raise _FaultError(f"has no values. {_FORM}")


def _require_searchable(name: str) -> None:
    known = searchable()
    if name in known:
        return
    if name in _MEASURE:
        raise _FaultError("cannot be searched: all trials are measured on the same rows")
    if name in TrainingConfig.model_fields:
        raise _FaultError(f"is neither a number nor a choice, and cannot be searched. Known: {', '.join(known)}")
    hint = nearest(name, known) or f" Known: {', '.join(known)}"
    raise _FaultError(f"is no flag of the trainer.{hint}")


def _words(name: str, text: str) -> Words:
    words, known = tuple(text.split(",")), choices_of(name)
    for word in words:
        if word not in known:
            raise _FaultError(f"takes no {quoted(word)}.{nearest(word, known)} Known: {', '.join(known)}")
    _require_different(words)
    return Words(name, words)


def _numbers(name: str, text: str) -> Interval | Numbers:
    text, colon, told = text.partition(":")
    scale = next((one for one in _SCALES if one == told), None)
    if colon and scale is None:
        raise _FaultError(f"has no scale {quoted(told)}.{nearest(told, _SCALES)} Known: {', '.join(_SCALES)}")
    is_whole = number_kind(name) is int
    read: Callable[[str], float] = whole_number if is_whole else real_number
    try:
        numbers = [read(number) for number in text.split(SEPARATOR if SEPARATOR in text else ",")]
    except ValueError as error:
        raise _FaultError(str(error).removesuffix(".")) from error
    for number in numbers:
        _require_taken(name, number)
    _require_different([number_text(number) for number in numbers])
    if scale in ("log", "reverse_log") and min(numbers) <= 0:
        raise _FaultError(
            f"cannot have the scale {scale} with {number_text(min(numbers))}: it needs numbers above 0. Begin "
            "above it, or leave the scale out"
        )
    if SEPARATOR not in text:
        if len(numbers) > _MOST_VALUES:
            raise _FaultError(f"has {len(numbers)} values; {_MOST_VALUES} are the most")
        return Numbers(name, tuple(sorted(map(float, numbers))), scale or "linear")
    if len(numbers) != 2:
        raise _FaultError(f"must have two ends. Received: {quoted(text)}. {_FORM}")
    low, high = numbers
    if low > high:
        raise _FaultError(f"ends below its beginning. Received: {text}. Write {number_text(high)}..{number_text(low)}")
    return Interval(name, low, high, scale or "linear", is_whole)


def _require_different(values: Sequence[str]) -> None:
    if len(values) == 1 or len(set(values)) == 1:
        raise _FaultError(f"has one value alone, {values[0]}. Give it as an option of the run instead, or more values")
    twice = [value for value, count in Counter(values).items() if count > 1]
    if twice:
        raise _FaultError(f"has {', '.join(twice)} twice. Give each value once")


def _require_taken(name: str, number: float) -> None:
    try:
        TrainingConfig.model_validate({name: number})
    except ValidationError as error:
        # Others are missing, which is no fault here.
        for item in error.errors():
            if item["loc"] == (name,):
                taken = str(item["msg"]).replace("Input should", "must")
                raise _FaultError(f"{taken}. Received: {number_text(number)}") from error


def require_feasible(space: SearchSpace, algorithm: str, trials: int, parallel_trials: int) -> None:
    """Refuses a search that no tuning job could make.

    Args:
        space: What is searched.
        algorithm: How: default, grid or random.
        trials: How many values are tried, at most.
        parallel_trials: How many of them at a time.

    Raises:
        UsageError: There are fewer trials than run at a time, or a grid has no end.
    """
    if parallel_trials > trials:
        raise UsageError(
            f"`parallel_trials` must be at most `trials`. Received: {parallel_trials} and {trials}. Lower the one or "
            "raise the other."
        )
    endless = [one for one in space.parameters if isinstance(one, Interval) and math.isinf(one.points)]
    if algorithm == "grid" and endless:
        raise UsageError(
            f"`search_algorithm` grid tries every value, and {endless[0]} has no end of them. Give it a list, "
            "A,B,C, or take another algorithm."
        )
