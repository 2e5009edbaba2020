"""Values of the trainer's flags as texts, which a command line, a search and a record of a trial have of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

from trainer.config import TrainingConfig, build_config, flag
from trainer.errors import UsageError, listing, nearest, quoted


def whole_number(text: str) -> int:
    """The whole number that a text tells, also as `32.0` or `1e3`, which a search may write.

    Raises:
        ValueError: It tells none.
    """
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = float(text)
        if number.is_integer():
            return int(number)
    except ValueError:
        pass
    raise ValueError(f"must be a whole number, such as 32. Received: {quoted(text)}.")


def real_number(text: str) -> float:
    """The number that a text tells.

    Raises:
        ValueError: It tells none.
    """
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"must be a number, such as 0.5. Received: {quoted(text)}.") from None


def number_kind(name: str) -> type[int | float] | None:
    """Whether a field of the trainer's configuration is a whole number or a number; None where it is neither."""
    annotation = TrainingConfig.model_fields[name].annotation
    kinds = {annotation, *get_args(annotation), *(kind for one in get_args(annotation) for kind in get_args(one))}
    return int if int in kinds else float if float in kinds else None


def choices_of(name: str) -> tuple[str, ...]:
    """The words that a field of the trainer's configuration takes; none where it is no choice."""
    annotation = TrainingConfig.model_fields[name].annotation
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def read_flags(texts: Mapping[str, str]) -> dict[str, Any]:
    """Values of numbers and choices by name, as `build_config` takes them.

    Args:
        texts: The same as texts.

    Raises:
        UsageError: A name is not known, or a text is no number; all of them are told.
    """
    values, problems = dict[str, Any](), list[str]()
    for name, text in texts.items():
        if name not in TrainingConfig.model_fields:
            problems.append(f"`{name}` is not known.{nearest(name, TrainingConfig.model_fields)}")
            continue
        kind = number_kind(name)
        try:
            values[name] = text if kind is None else whole_number(text) if kind is int else real_number(text)
        except ValueError as error:
            problems.append(f"`{flag(name)}` {error}")
    if problems:
        raise UsageError(listing(problems, len(problems)))
    return values


def with_flags(config: TrainingConfig, texts: Mapping[str, str]) -> TrainingConfig:
    """A configuration with other values of some numbers and choices.

    Args:
        config: The others' values.
        texts: The values, by the fields' names, as the command line has them.

    Raises:
        UsageError: They make no sense.
    """
    return build_config(**(config.model_dump() | read_flags(texts)))
