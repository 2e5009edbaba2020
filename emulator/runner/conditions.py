"""Decides the conditions of a compiled pipeline, which kfp writes in a small part of Google's CEL.

kfp.local 2.17.3 cannot be trusted with them: it never finds the value of a named output, so that
a gate on one stays closed, and it splices strings into the text that it then evaluates.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from emulator.runner.errors import RunnerError, UsageError

# Guesses: a hundred branches of one choice, each of which asks for the failure of all before it.
LONGEST = 20_000
DEEPEST = 50
_LONGEST_SHOWN = 100
_TOKEN = re.compile(
    r"""\s*(?:
        inputs\.parameter_values\['(?P<input>[^']+)'\]
      | (?P<string>'[^']*'|"[^"]*")
      | (?P<number>-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)
      | (?P<word>true|false|null|int|double)\b
      | (?P<operator>&&|\|\||==|!=|<=|>=|<|>|!|\(|\))
    )""",
    re.VERBOSE,
)
_PYTHON = {
    "true": "True",
    "false": "False",
    "null": "None",
    "double": "float",
    "&&": "and",
    "||": "or",
    "!": "not",
}


def check_condition(condition: str) -> None:
    """Finds whether a condition can be decided at all.

    Raises:
        UsageError: It is written in another way than kfp 2 writes conditions, or too long, or nested too deeply.
    """
    if len(condition) > LONGEST:
        raise UsageError(f"A condition must be at most {LONGEST} characters long. Received: {len(condition)}.")
    open_at: list[str] = []
    for token in _tokens(condition):
        sign = token["operator"]
        if sign == ")":
            while open_at and open_at.pop() != "(":
                pass
        elif sign in {"(", "!"}:
            open_at.append(sign)
        if len(open_at) > DEEPEST:
            raise UsageError(f"The condition {condition:.80}... is nested more than {DEEPEST} deep.")
        if sign not in {"(", "!"}:
            while open_at and open_at[-1] == "!":
                open_at.pop()


def decide(condition: str, value_of: Callable[[str], Any]) -> bool:
    """Whether a condition holds.

    Args:
        condition: Such as `inputs.parameter_values['pipelinechannel--train-loss'] < 0.5`.
        value_of: Gives the value of an input by its name.

    Raises:
        UsageError: As `check_condition`.
        RunnerError: It compares what cannot be compared.
    """
    check_condition(condition)
    values: dict[str, Any] = {}
    words = [_word(token, values, value_of) for token in _tokens(condition)]
    names = {"__builtins__": {}, "int": int, "float": float, **values}
    try:
        return bool(eval(" ".join(words), names))  # noqa: S307 - nothing but the tokens can stand in it
    except (SyntaxError, TypeError, ValueError, OverflowError) as error:
        shown = ", ".join(f"{value!r:.{_LONGEST_SHOWN}}" for value in values.values())
        raise RunnerError(f"The condition {condition} cannot be decided for {shown}: {error}.") from error


def _tokens(condition: str) -> Iterator[re.Match[str]]:
    position, end = 0, len(condition.rstrip())
    while position < end:
        token = _TOKEN.match(condition, position)
        if token is None:
            raise UsageError(
                f"The condition {condition} cannot be read from `{condition[position:].strip()}` on. "
                "A text in it must hold no quote."
            )
        position = token.end()
        yield token


def _word(token: re.Match[str], values: dict[str, Any], value_of: Callable[[str], Any]) -> str:
    if token["input"]:
        name = f"value_{len(values)}"
        values[name] = value_of(token["input"])
        return name
    if token["string"]:
        return repr(token["string"][1:-1])
    text = token["number"] or token["word"] or token["operator"]
    return _PYTHON.get(text, text)
