"""The label of a draft: its classes, other spellings of them, and what is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from trainer.draft.evidence import MOST_CLASSES, Evidence
from trainer.errors import DataError, nearest, one_of, quoted
from trainer.tables.cells import is_number

_ENOUGH_ROWS = 10
_FEW_NUMBERS = 20
# A class of so few rows beside another may be a slip of the pen.
_SLIP_SHARE = 0.05
# A class that so large a part of the rows is of is told.
_LARGE_SHARE = 0.8
_PURPOSE = (
    "it looks like a quantity, which a regression would predict, and this pipeline trains classifiers. Choose another "
    'label, or write classes into the column, such as "low" and "high"'
)


@dataclass(frozen=True)
class LabelDraft:
    """What to say of the label.

    Attributes:
        classes: Names, in the order of their ids.
        values: How the files write them, where that is another way; otherwise empty.
        aliases: Other spellings, and the class of each.
        counts: Rows of each class.
        guesses: What a person should check, to stand behind the column's name.
    """

    classes: tuple[str, ...]
    values: tuple[str, ...]
    aliases: dict[str, str]
    counts: dict[str, int]
    guesses: list[str] = field(default_factory=list)


def draft_label(url: str, name: str, column: Evidence, counted: tuple[str, ...]) -> LabelDraft:
    """Drafts the label.

    Args:
        url: What messages call the file.
        name: The column's name.
        column: What it holds.
        counted: The classes that a count line names; empty if there is none.

    Raises:
        DataError: There are no classes to learn.
    """
    where = f"{url}, column {quoted(name)}"
    if problem := _no_classes(column):
        raise DataError([f"{where}: {problem}."])
    if counted:
        classes, values = _named(where, _ordered(column.words), counted)
        counts = {name: column.words[word] for name, word in zip(classes, values or classes, strict=True)}
        return LabelDraft(classes, values, {}, counts, _guesses(counts, {}))
    counts, aliases = _merged(column.words)
    if len(counts) == 1:
        raise DataError([f"{where}: the rows hold only the class {quoted(*counts)}. {_GIVE_ROWS}."])
    ordered = {word: counts[word] for word in _ordered(counts)}
    return LabelDraft(tuple(ordered), (), aliases, ordered, _guesses(ordered, aliases))


_GIVE_ROWS = "Give a table with rows of at least two classes"


def _no_classes(column: Evidence) -> str:
    """Why the cells of a label are no classes; empty if they are."""
    words, rows = column.words, column.cells - column.blank
    if len(words) < 2:
        held = f"only the class {quoted(*words)}" if words else "no class"
        return f"the rows hold {held}. {_GIVE_ROWS}"
    many = not column.complete or len(words) > MOST_CLASSES or (rows >= _ENOUGH_ROWS and len(words) > rows / 2)
    told = f"{'more than ' * (not column.complete)}{len(words)} different"
    if not column.strays and (many or (not column.whole and len(words) > _FEW_NUMBERS)):
        return f"{told} numbers in {rows} rows, such as {_some(words)}, are no classes: {_PURPOSE}"
    if many:
        return f"{told} values in {rows} rows, such as {_some(words)}, are no classes. Choose another label"
    return ""


def _some(words: Mapping[str, int]) -> str:
    return one_of(list(words)[:3])


def _ordered(words: Mapping[str, int]) -> list[str]:
    return sorted(words, key=float) if all(map(is_number, words)) else sorted(words)


def _named(where: str, written: Sequence[str], counted: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The classes that a count line names, and how cells write them; empty where as it does."""
    if set(written) <= set(counted):
        return counted, ()
    ids = tuple(str(class_id) for class_id in range(len(counted)))
    values = tuple(written) if len(written) == len(counted) else ids
    if set(written) <= set(values):
        return counted, values
    problem = f"{where}: the cells hold {len(written)} values, but the first line names {len(counted)} classes"
    raise DataError([f"{problem}. Correct the line, or choose another label."])


def _merged(words: Counter[str]) -> tuple[Counter[str], dict[str, str]]:
    """Classes with their rows, spellings of one class taken together, and the class of each rarer spelling."""
    usual: dict[object, str] = {}
    counts: Counter[str] = Counter()
    aliases = {}
    for word, count in words.most_common():
        key: object = float(word) if is_number(word) else " ".join(word.casefold().split())
        name = usual.setdefault(key, word)
        counts[name] += count
        if name != word:
            aliases[word] = name
    return counts, aliases


def _guesses(counts: Mapping[str, int], aliases: Mapping[str, str]) -> list[str]:
    rows = sum(counts.values())
    guesses = [f"is the label, with {len(counts)} classes"]
    guesses += [
        f"writes {quoted(name)} also as {one_of([alias for alias in aliases if aliases[alias] == name])}: taken for "
        "one class. If they are two, list both in classes and take them out of aliases"
        for name in dict.fromkeys(aliases.values())
    ]
    for word, count in counts.items():
        others = [other for other in counts if count <= _SLIP_SHARE * counts[other] and not is_number(other)]
        if meant := nearest(word, others):
            guesses.append(
                f"holds {quoted(word)} in {count} rows.{meant} Then take it out of classes and write it under aliases"
            )
    if single := [word for word, count in counts.items() if count == 1]:
        guesses.append(
            f"holds the class {one_of(single)} in one row only, which cannot be learned and measured both: add "
            "rows, or take the row out"
        )
    largest = max(counts, key=lambda word: counts[word])
    if counts[largest] >= _LARGE_SHARE * rows and len(counts) > 1:
        guesses.append(
            f"is {quoted(largest)} in {counts[largest] / rows:.0%} of the rows: a model that always says so is as "
            "accurate. Look at more than the accuracy"
        )
    if len(counts) > _FEW_NUMBERS and all(map(is_number, counts)):
        guesses.append(f"holds {len(counts)} different integers, taken as classes. If they are a quantity, {_PURPOSE}")
    return guesses
