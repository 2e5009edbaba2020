"""Bodies that no server should answer, as many as asked for."""

from __future__ import annotations

import copy
import json
import random
import string
from collections.abc import Callable, Iterator
from typing import Any

FLOWER = {"SepalLength": 5.9, "SepalWidth": 3.0, "PetalLength": 4.2, "PetalWidth": 1.5}
TEXT = "5.9,3.0,4.2,1.5"
# Of another type than a number, or far out of its column's range.
WRONG: list[Any] = [None, True, False, "", "x", "1.5", [], [1.5], {}, {"a": 1}, -5, 1e9, 10**30, -0.0, 1e-300]
# What JSON has no word for, what no number can hold, and what is no JSON.
TOKENS = [
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    "-1e999",
    "9" * 400,
    "9" * 5000,
    "0x1",
    "01",
    "+1",
    ".5",
    "1,",
    "nul",
]
KEYS = ["instance", "Instances", "inputs", "", "signature_name"]


def malformed_bodies(count: int, seed: int = 1) -> Iterator[tuple[bytes, str]]:
    """Bodies with their content types."""
    chance = random.Random(seed)  # noqa: S311 - bodies for a test keep no secret
    for number in range(count):
        body, *content_type = KINDS[number % len(KINDS)](chance)
        yield body, content_type[0] if content_type else "application/json"


Body = tuple[bytes] | tuple[bytes, str]


def _wrong_value(chance: random.Random) -> Body:
    return _json([{**FLOWER, chance.choice(list(FLOWER)): chance.choice(WRONG)}], chance)


def _missing(chance: random.Random) -> Body:
    gone = chance.sample(list(FLOWER), chance.randint(1, 4))
    return _json([{name: value for name, value in FLOWER.items() if name not in gone}], chance)


def _unknown(chance: random.Random) -> Body:
    name = "".join(chance.choices(string.printable + "äß√\U0001f337", k=chance.randint(0, 12)))
    return _json([{**FLOWER, f"{name}?": chance.choice(WRONG)}], chance)


def _no_instance(chance: random.Random) -> Body:
    return _json(
        [chance.choice([None, True, 5, 5.9, [], [5.9, 3.0, 4.2, 1.5], "", "x", "1,2,3", '"', f"{TEXT},1"])], chance
    )


def _token(chance: random.Random) -> Body:
    return (json.dumps({"instances": [FLOWER]}).replace("4.2", chance.choice(TOKENS)).encode(),)


def _bad_text(chance: random.Random) -> Body:
    cells = TEXT.split(",")
    cells[chance.randrange(4)] = chance.choice(
        ["", "x", "NaN", "inf", "1e999", "1.5 cm", "--1", "٣", "\0", "\ud800", "9" * 400]
    )
    return _json([",".join(cells)], chance)


def _no_list(chance: random.Random) -> Body:
    return (json.dumps({"instances": chance.choice([*WRONG, {"0": FLOWER}, TEXT])}).encode(),)


def _other_keys(chance: random.Random) -> Body:
    return (json.dumps({chance.choice(KEYS): [FLOWER]}).encode(),)


def _no_object(chance: random.Random) -> Body:
    return (
        json.dumps(
            chance.choice([*(value for value in WRONG if not isinstance(value, dict)), [FLOWER], TEXT])
        ).encode(),
    )


def _truncated(chance: random.Random) -> Body:
    whole = json.dumps({"instances": [FLOWER, TEXT]}).encode()
    return (whole[: chance.randrange(len(whole))],)


def _noise(chance: random.Random) -> Body:
    return (b"\xff" + chance.randbytes(chance.randint(0, 200)),)


def _bad_utf8(chance: random.Random) -> Body:
    whole = json.dumps({"instances": [FLOWER]}).encode()
    place = chance.randrange(len(whole))
    return (whole[:place] + chance.choice([b"\xff", b"\xc3", b"\xed\xa0\x80", b"\0"]) + whole[place:],)


def _other_encoding(chance: random.Random) -> Body:
    return (json.dumps({"instances": [FLOWER]}).encode(chance.choice(["utf-16", "utf-32", "utf-8-sig"])),)


def _deep(chance: random.Random) -> Body:
    depth = chance.choice([5, 100, 300, 700, 900, 950, 990, 1_000, 5_000, 100_000])
    opening, closing = chance.choice([("[", "]"), ('{"a":', "}")])
    nest = opening * depth + "1" + closing * depth
    body = chance.choice(['{"instances": @}', '{"instances": [@]}', '{"instances": [{"SepalLength": @}]}', "@"])
    return (body.replace("@", nest).encode(),)


def _surrogate(chance: random.Random) -> Body:
    half = chance.choice(["\\ud800", "\\udfff", "\\uDBFFx"])
    return (
        chance.choice(
            [f'{{"instances": ["{half}"]}}', f'{{"instances": [{{"{half}": 1}}]}}', f'{{"{half}": 1}}']
        ).encode(),
    )


def _twice(chance: random.Random) -> Body:
    name = chance.choice(list(FLOWER))
    return (
        json.dumps({"instances": [FLOWER]})
        .replace("{", f'{{"{name}": 1, ', 2)
        .replace(f'{{"{name}": 1, ', "{", 1)
        .encode(),
    )


def _content_type(chance: random.Random) -> Body:
    kind = chance.choice(["text/plain", "text/csv", "application/x-www-form-urlencoded", "application/jsonl", ";", "ä"])
    return json.dumps({"instances": [FLOWER]}).encode(), kind


def _json(instances: list[Any], chance: random.Random) -> Body:
    """Puts what is wrong among instances that are right."""
    around: list[Any] = [copy.copy(FLOWER), TEXT] * chance.randint(0, 3)
    around[chance.randint(0, len(around)) : 0] = instances
    return (json.dumps({"instances": around}).encode(),)


KINDS: list[Callable[[random.Random], Body]] = [
    _wrong_value, _missing, _unknown, _no_instance, _token, _bad_text, _no_list, _other_keys, _no_object, _truncated,
    _noise, _bad_utf8, _other_encoding, _deep, _surrogate, _twice, _content_type,
]  # fmt: skip
