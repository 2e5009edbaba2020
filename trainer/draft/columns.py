"""From what a column holds to what a contract should say of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from trainer.contract import MEAN
from trainer.contract.number_format import NumberFormat
from trainer.draft.evidence import LARGEST_EXACT, Evidence
from trainer.draft.format import TableFormat
from trainer.draft.gathering import Gathered
from trainer.draft.label import LabelDraft, draft_label
from trainer.draft.senses import Sense, make_sense
from trainer.errors import DataError, one_of, quoted
from trainer.tables.statistics import MOST_WORDS

Fields = dict[str, bool | str | tuple[str, ...] | dict[str, str]]

MOST_LISTED_WORDS = 50
_FEW_VALUES = 10
_ENOUGH_TO_COUNT = 10
_ENOUGH_TO_IDENTIFY = 20
# So many times as far as from one number to the next, on the average, is far.
_FAR = 5
_CALLED_LIKE_A_KEY = re.compile(r"(.*[_ -])?(id|uuid|guid|index|row|key)|unnamed: 0", re.IGNORECASE)
_THREE_DECIMALS = re.compile(r"[+-]?[1-9][0-9]{0,2}\.[0-9]{3}")


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


@dataclass(frozen=True)
class TableDraft:
    """What to say of a table.

    Attributes:
        columns: In their order.
        label: The label among them.
        missing: The words that mean a missing value in any column.
        senses: By position: how each feature was understood.
        used: Positions of the features that are not ignored.
    """

    columns: list[ColumnDraft]
    label: LabelDraft
    missing: tuple[str, ...]
    senses: Mapping[int, Sense]
    used: tuple[int, ...]


def draft_columns(url: str, form: TableFormat, gathered: Gathered) -> TableDraft:
    """Drafts all columns.

    Args:
        url: What messages call the file.
        form: How it is written.
        gathered: What it holds.

    Raises:
        DataError: There is nothing to learn from, or no class to learn.
    """
    label = draft_label(url, form.names[form.label], gathered.columns[form.label], form.classes)
    features = {i: column for i, column in enumerate(gathered.columns) if i != form.label}
    senses = make_sense(features)
    missing = tuple(dict.fromkeys(word for sense in senses.values() for word in sense.missing))
    ignored = _ignored(url, form, features, senses, gathered.giveaways)
    columns = []
    for i, (name, column) in enumerate(zip(form.names, gathered.columns, strict=True)):
        if i == form.label:
            columns.append(ColumnDraft(name, _label_fields(label), guesses=label.guesses))
        elif i in ignored:
            columns.append(ColumnDraft(name, {"kind": "ignored"}, "guessed", [f"{ignored[i]}: it is ignored"]))
        else:
            columns.append(_feature(name, column, senses[i], missing))
            if i in gathered.giveaways:
                columns[-1].guesses.append(_giveaway(gathered.giveaways[i]))
    return TableDraft(columns, label, missing, senses, tuple(i for i in features if i not in ignored))


def _ignored(
    url: str,
    form: TableFormat,
    features: Mapping[int, Evidence],
    senses: Mapping[int, Sense],
    giveaways: Mapping[int, Mapping[str, str] | None],
) -> dict[int, str]:
    """The features that teach a model nothing, and why."""
    reasons = {i: _reason_to_ignore(form.names[i], column, senses[i]) for i, column in features.items()}
    reasons |= {
        i: f"repeats the label {quoted(form.names[form.label])}"
        for i, words in giveaways.items()
        if words and all(word == name for word, name in words.items())
    }
    if all(reasons.values()):  # a table so small that no word occurs twice
        reasons = {i: "" if features[i].words or features[i].values else reason for i, reason in reasons.items()}
    if all(reasons.values()):
        told = "".join(f" Column {quoted(form.names[i])} {reason}." for i, reason in reasons.items())
        raise DataError([f"{url} holds no column to learn from beside {quoted(form.names[form.label])}.{told}"])
    return {i: reason for i, reason in reasons.items() if reason}


def _reason_to_ignore(name: str, column: Evidence, sense: Sense) -> str:
    """Why a column can teach a model nothing; empty if it may."""
    if not column.present:
        return "is blank in all rows"
    if sense.kind == "numeric" and sense.form is None:
        return _reason_of_numbers(name, column)
    if len(column.words) == 1 and column.complete:
        return f"holds {quoted(*column.words)} in all rows"
    return _reason_of_words(column, sense) if sense.kind == "categorical" else ""


def _reason_of_numbers(name: str, column: Evidence) -> str:
    unique = column.different >= min(column.present, MOST_WORDS)
    named = column.whole and unique and _CALLED_LIKE_A_KEY.fullmatch(name)
    if named or (column.counting and column.present >= _ENOUGH_TO_COUNT):
        return "seems to number the rows"
    return f"holds {column.low:g} in all rows" if column.low == column.high else ""


def _reason_of_words(column: Evidence, sense: Sense) -> str:
    present, different = column.present, len(column.words)
    if column.complete and different == present:
        return sense.doubt or "holds another word in every row"
    if different > MOST_WORDS or different > max(MOST_LISTED_WORDS, present / 2):
        return sense.doubt or f"holds {different} different words in {present} rows, such as {_examples(column)}"
    return ""


def _feature(name: str, column: Evidence, sense: Sense, missing: Sequence[str]) -> ColumnDraft:
    if sense.kind == "categorical":
        return _words(name, column, sense, missing)
    draft = _date(name, sense) if sense.kind == "date" else _number(name, column, sense)
    absent = column.blank + sense.absent
    if absent:
        noun = "date" if sense.kind == "date" else "number"
        draft.fields["impute"] = MEAN
        draft.guesses.append(f"lacks a {noun} in {absent} of {column.cells} rows: the mean stands in")
    return draft


def _number(name: str, column: Evidence, sense: Sense) -> ColumnDraft:
    low, high = sense.low, sense.high
    fields: Fields = {"kind": "numeric"}
    if isinstance(sense.form, NumberFormat):
        fields["format"] = sense.form.example
    fields["standardise"] = True
    draft = ColumnDraft(name, fields, f"seen: {low:g} to {high:g}; min and max would set limits")
    if sense.doubt:
        draft.guesses.append(sense.doubt)
    if sense.codes:
        draft.fields["missing"] = tuple(f"{code:.0f}" for code in sense.codes)
        counts = " and ".join(f"{code:.0f} in {count}" for code, count in sense.codes.items())
        draft.guesses.append(
            f"holds {counts} of {column.cells} rows, far from the others, {low:g} to {high:g}: taken for a missing "
            "value. If it is a number, take it out of missing"
        )
    if sense.form is None:
        draft.guesses.extend(_doubts_of_plain(column, sense))
    return draft


def _doubts_of_plain(column: Evidence, sense: Sense) -> list[str]:
    """What a person would ask of a column of plain numbers."""
    doubts = []
    if column.whole and column.different <= _FEW_VALUES:
        doubts.append(
            f"holds {column.different} different integers, taken as numbers. If they are codes, "
            'set kind = "categorical"'
        )
    elif column.whole and max(-column.low, column.high) > LARGEST_EXACT:
        doubts.append(
            f"holds integers as large as {max(-column.low, column.high):.0f}, which float32 rounds. If they are codes, "
            'set kind = "categorical", or "ignored" where they identify rows'
        )
    elif column.whole and column.different == column.present >= _ENOUGH_TO_IDENTIFY:
        doubts.append('holds another integer in every row. If it identifies them, set kind = "ignored"')
    spacing = (column.usual_high - column.usual_low) / max(1, len(column.values) - 1)
    zeros = column.codes[0.0]
    if zeros > 1 and len(column.values) > _FEW_VALUES and column.usual_low > _FAR * spacing:
        doubts.append(
            f"holds 0 in {zeros} of {column.cells} rows, and otherwise {column.usual_low:g} to "
            f'{column.usual_high:g}. If 0 means that nothing is known, write missing = ["0"] and impute = "mean"'
        )
    if sense.decimal_comma_elsewhere and not column.whole and all(map(_THREE_DECIMALS.fullmatch, column.words)):
        doubts.append(
            f"writes numbers such as {_examples(column)}, and other columns have decimal commas. If the point sets "
            'thousands apart, write format = "1.234,5"'
        )
    return doubts


def _date(name: str, sense: Sense) -> ColumnDraft:
    return ColumnDraft(name, {"kind": "date", "format": sense.written_form}, guesses=[sense.doubt])


def _words(name: str, column: Evidence, sense: Sense, missing: Sequence[str]) -> ColumnDraft:
    draft = ColumnDraft(name, {"kind": "categorical"})
    if sense.doubt:
        draft.guesses.append(f"{sense.doubt}: taken as words")
    closed = len(column.words) <= MOST_LISTED_WORDS
    if closed:
        draft.fields["vocabulary"] = tuple(sorted(column.words))
    else:
        draft.fields["encoding"] = "embedding"
        draft.guesses.append(
            f"holds {len(column.words)} different words: they are learned in training, a vector for each. "
            'encoding = "one-hot" gives each a column of its own'
        )
    absent = column.blank + (0 if closed else sum(column.words[word] for word in missing))
    if absent:
        usual = next(word for word, _ in column.words.most_common() if closed or word not in missing)
        draft.fields["impute"] = usual
        draft.guesses.append(f"lacks a word in {absent} of {column.cells} rows: {quoted(usual)} stands in")
    return draft


def _label_fields(label: LabelDraft) -> Fields:
    fields: Fields = {"kind": "label", "classes": label.classes}
    if label.values:
        fields["values"] = label.values
    if label.aliases:
        fields["aliases"] = label.aliases
    return fields


def _giveaway(words: Mapping[str, str] | None) -> str:
    if words is None:
        told = "tells the classes apart by itself: the numbers of each class lie apart"
    else:
        word = next(iter(words))
        told = f"gives the label away: each of its {len(words)} values goes with one class, {quoted(word)} with "
        told += quoted(words[word])
    return f'{told}. If it is not known before the label is, set kind = "ignored"'


def _examples(column: Evidence) -> str:
    return one_of(list(column.words)[:2])
