"""From what a column holds to what a contract should say of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from trainer.contract import MEAN
from trainer.draft.evidence import MOST_CLASSES, Evidence
from trainer.draft.format import TableFormat
from trainer.errors import DataError, quoted
from trainer.tables.cells import LOOKS_MISSING, is_decimal_comma
from trainer.tables.statistics import MOST_WORDS

Fields = dict[str, bool | str | tuple[str, ...]]

MOST_LISTED_WORDS = 50
_MOST_STRAY_WORDS = 5
_MOST_STRAY_CELLS = 0.1
_FEW_VALUES = 10
_ENOUGH_TO_COUNT = 10
_CALLED_LIKE_A_KEY = re.compile(r"(.*[_ -])?(id|index|row|key)|unnamed: 0", re.IGNORECASE)


@dataclass(frozen=True)
class ColumnDraft:
    """What to say of a column.

    Attributes:
        name: The column's name.
        fields: The keys of its table in the contract.
        note: What to remark behind its kind.
        guesses: What a person should check, to stand behind the column's name.
    """

    name: str
    fields: Fields
    note: str = ""
    guesses: list[str] = field(default_factory=list)


def draft_columns(
    url: str, form: TableFormat, evidence: Sequence[Evidence]
) -> tuple[list[ColumnDraft], tuple[str, ...]]:
    """Drafts all columns.

    Args:
        url: What messages call the file.
        form: How it is written.
        evidence: What each column holds.

    Returns:
        The columns, and the words that mean a missing value in any of them.

    Raises:
        DataError: There is nothing to learn from, or no class to learn.
    """
    features = {i: column for i, column in enumerate(evidence) if i != form.label}
    commas = [
        f"{url}, column {quoted(form.names[i])}: numbers are written with a comma, such as "
        f"{quoted(_commas(column)[0])}. Write decimal points, and no thousands separators."
        for i, column in features.items()
        if _commas(column)
    ]
    if commas:
        raise DataError(commas)
    numeric = {i for i, column in features.items() if _is_numeric(column)}
    missing = tuple(dict.fromkeys(word for i in sorted(numeric) for word in features[i].strays))
    ignored = _ignored(url, form, features, numeric)
    columns = []
    for i, (name, column) in enumerate(zip(form.names, evidence, strict=True)):
        if i == form.label:
            columns.append(_label(url, name, column, form.classes))
        elif i in ignored:
            columns.append(ColumnDraft(name, {"kind": "ignored"}, "guessed", [f"{ignored[i]}: it is ignored"]))
        else:
            columns.append(_number(name, column) if i in numeric else _words(name, column, missing))
    return columns, missing


def _ignored(url: str, form: TableFormat, features: dict[int, Evidence], numeric: set[int]) -> dict[int, str]:
    """The features that teach a model nothing, and why."""
    reasons = {i: _reason_to_ignore(form.names[i], column, i in numeric) for i, column in features.items()}
    if all(reasons.values()):  # a table so small that no word occurs twice
        reasons = {i: "" if features[i].words else reason for i, reason in reasons.items()}
    if all(reasons.values()):
        raise DataError([f"{url} holds no column to learn from beside {quoted(form.names[form.label])}."])
    return {i: reason for i, reason in reasons.items() if reason}


def _is_numeric(column: Evidence) -> bool:
    """Whether a column holds numbers, apart from some words that must mean missing values."""
    odd = {word: count for word, count in column.strays.items() if word.lower() not in LOOKS_MISSING}
    few = len(odd) <= _MOST_STRAY_WORDS and sum(odd.values()) <= _MOST_STRAY_CELLS * column.cells
    return column.numbers > 0 and few


def _commas(column: Evidence) -> list[str]:
    """The numbers with commas in a column that holds numbers only."""
    odd = [word for word in column.strays if word.lower() not in LOOKS_MISSING]
    return odd if all(map(is_decimal_comma, odd)) else []


def _reason_to_ignore(name: str, column: Evidence, numeric: bool) -> str:
    """Why a column can teach a model nothing; empty if it may."""
    present, different = column.cells - column.blank, len(column.words)
    if not present:
        return "is blank in all rows"
    if numeric:
        unique = different >= min(present, MOST_WORDS)
        named = column.whole and unique and _CALLED_LIKE_A_KEY.fullmatch(name)
        counts = column.counting and present >= _ENOUGH_TO_COUNT
        return "seems to number the rows" if named or counts else ""
    if different == present:
        return "holds another word in every row"
    if different > MOST_WORDS or different > max(MOST_LISTED_WORDS, present / 2):
        return "holds too many different words"
    return ""


def _number(name: str, column: Evidence) -> ColumnDraft:
    draft = ColumnDraft(
        name,
        {"kind": "numeric", "standardise": True},
        f"seen: {column.low:g} to {column.high:g}; min and max would set limits",
    )
    if column.whole and len(column.words) <= _FEW_VALUES:
        draft.guesses.append(
            f"holds {len(column.words)} different integers, taken as numbers. "
            'If they are codes, set kind = "categorical"'
        )
    absent = column.blank + sum(column.strays.values())
    if absent:
        draft.fields["impute"] = MEAN
        draft.guesses.append(f"lacks a number in {absent} of {column.cells} rows: the mean stands in")
    return draft


def _words(name: str, column: Evidence, missing: Sequence[str]) -> ColumnDraft:
    draft = ColumnDraft(name, {"kind": "categorical"})
    closed = len(column.words) <= MOST_LISTED_WORDS
    if closed:
        draft.fields["vocabulary"] = tuple(sorted(column.words))
    else:
        draft.guesses.append(f"holds {len(column.words)} different words: they are learned in training")
    absent = column.blank + (0 if closed else sum(column.words[word] for word in missing))
    if absent:
        usual = next(word for word, _ in column.words.most_common() if closed or word not in missing)
        draft.fields["impute"] = usual
        draft.guesses.append(f"lacks a word in {absent} of {column.cells} rows: {quoted(usual)} stands in")
    return draft


def _label(url: str, name: str, column: Evidence, counted: tuple[str, ...]) -> ColumnDraft:
    where, words = f"{url}, column {quoted(name)}", list(column.words)
    if len(words) > MOST_CLASSES:
        raise DataError([f"{where}: more than {MOST_CLASSES} different values are no classes. Choose another label."])
    if len(words) < 2:
        held = f"only the class {quoted(words[0])}" if words else "no class"
        raise DataError([f"{where}: the rows hold {held}. Give a table with rows of at least two classes."])
    whole = not column.strays and column.whole
    written = tuple(sorted(words, key=float) if whole else sorted(words))
    fields = _classes(where, written, counted)
    return ColumnDraft(name, fields, guesses=[f"is the label, with {len(written)} classes"])


def _classes(where: str, written: tuple[str, ...], counted: tuple[str, ...]) -> Fields:
    """The label's keys, from what its cells hold and what a count line calls the classes."""
    if not counted:
        return {"kind": "label", "classes": written}
    if set(written) <= set(counted):
        return {"kind": "label", "classes": counted}
    ids = tuple(str(class_id) for class_id in range(len(counted)))
    values = written if len(written) == len(counted) else ids
    if set(written) <= set(values):
        return {"kind": "label", "classes": counted, "values": values}
    problem = f"{where}: the cells hold {len(written)} values, but the first line names {len(counted)} classes"
    raise DataError([f"{problem}. Correct the line, or choose another label."])
