"""Drafting looks at a table as a person would: the smallest table of each kind, with its value or its sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trainer.contract import Contract, parse_contract
from trainer.draft import Draft, draft_schema
from trainer.errors import DataError
from trainer.tables import read_batches


class Drafter:
    """Drafts from a table's text, with the label "y"."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "a.csv"
        self.draft: Draft
        self.contract: Contract

    def __call__(self, content: str) -> Draft:
        self._file.write_text(content, encoding="utf-8")
        self.draft = draft_schema(str(self._file), "y")
        self.contract = parse_contract(self.draft.toml.encode(), "draft")
        return self.draft

    def column(self, cells: list[str], between: str = ";") -> Any:
        """The column "x" of a table that holds these cells, thrice, beside a plain number and two classes."""
        rows = [f"{cell}{between}{i % 7 / 4}{between}{'ab'[i % 2]}" for i, cell in enumerate(cells * 3)]
        self("\n".join([between.join(["x", "z", "y"]), *rows]) + "\n")
        return next(column for column in self.contract.columns if column.name == "x")

    def values(self) -> list[Any]:
        """What the model sees of the column "x"."""
        return [value for batch in read_batches([str(self._file)], self.contract) for value in batch.features["x"]]

    @property
    def told(self) -> str:
        return "\n".join(self.draft.guesses)


@pytest.fixture
def drafter(tmp_path: Path) -> Drafter:
    return Drafter(tmp_path)


@pytest.mark.parametrize(
    ("cells", "form", "values"),
    [
        (["$1,007", "$950.50"], "$1,234.5", [1007.0, 950.5]),
        (["12%", "7%"], "1234.5%", [12.0, 7.0]),
        (["12 kg", "7.5 kg"], "1234.5 kg", [12.0, 7.5]),
        (["1,250", "14,000"], "1,234.5", [1250.0, 14000.0]),
        (["(5.25)", "7"], "1234.5", [-5.25, 7.0]),
        (["\u22125", "3"], "1234.5", [-5.0, 3.0]),
        (["5-", "3"], "1234.5", [-5.0, 3.0]),
        (["1.234,5", "7,25"], "1.234,5", [1234.5, 7.25]),
        (["1,5", "2,75"], "1234,5", [1.5, 2.75]),
        (["1 234", "12 007"], "1 234.5", [1234.0, 12007.0]),
        (["1'234.5", "7"], "1'234.5", [1234.5, 7.0]),
        (["12,50 €", "1.000 €"], "1.234,5€", [12.5, 1000.0]),
        (["1,00,000", "25,000"], "1,234.5", [100000.0, 25000.0]),  # as India sets thousands apart
        (["R$ 5,5", "R$ 1,25"], "R$1234,5", [5.5, 1.25]),
    ],
)
def test_number_like_text_is_read_by_a_format(
    drafter: Drafter, cells: list[str], form: str, values: list[float]
) -> None:
    column = drafter.column(cells)
    assert (column.kind, column.format) == ("numeric", form)
    assert drafter.values() == values * 3
    assert f'Column "x" writes "{cells[0]}", read by format = "{form}"' in drafter.told


def test_a_comma_that_may_be_either_is_told_and_decided_by_other_columns(drafter: Drafter) -> None:
    assert drafter.column(["1,234", "2,500"], "\t").format == "1,234.5"
    assert 'If its "," stands before the fraction, write format = "1234,5".' in drafter.told
    drafter("x;z;y\n1,234;1,5;a\n2,500;2,25;b\n")
    assert [getattr(column, "format", None) for column in drafter.contract.features] == ["1234,5", "1234,5"]
    assert 'If its "," sets thousands apart, write format = "1,234.5".' in drafter.told


def test_numbers_without_a_comma_or_a_point_leave_no_doubt(drafter: Drafter) -> None:
    assert drafter.column(["12%", "7%"]).format == "1234.5%"
    assert "If its" not in drafter.told
    assert drafter.column(["12.500%", "7.250%"]).format == "1234.5%"
    assert 'If its "." sets thousands apart, write format = "1.234,5%".' in drafter.told


def test_points_that_may_set_thousands_apart_are_told_beside_decimal_commas(drafter: Drafter) -> None:
    drafter("x;z;y\n1.234;1,5;a\n2.500;2,25;b\n")
    assert (
        'Column "x" writes numbers such as "1.234" or "2.500", and other columns have decimal commas.' in drafter.told
    )


@pytest.mark.parametrize("blank", ["\u2014", "n.a.", "#DIV/0!", "(blank)", "<NA>", "Unknown"])
def test_unusual_blanks_among_numbers_are_missing_values(drafter: Drafter, blank: str) -> None:
    assert drafter.column(["1.5", blank, "2.5"]).impute == "mean"
    assert drafter.column(["$1.5", blank, "$2.5"]).impute == "mean"
    assert drafter.contract.file.missing == (blank,)


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (["12 kg", "26 lb", "12 kg"], 'writes numbers in several ways, such as "12 kg" or "26 lb", where one would do'),
        (["1.5", "2,5", "1.5"], 'writes numbers in several ways, such as "1.5" or "2,5", where one would do'),
        (["$5", "€7", "$9"], 'writes numbers in several ways, such as "$5" or "€7", where one would do'),
        (["2024-01-05", "05.01.2024"], 'writes dates in several ways, such as "2024-01-05" or "05.01.2024"'),
        (["1", "2", "3", "<5", "6", ">9"], 'holds numbers in 12 of 18 rows, and words such as "<5": taken as words'),
        (["00501", "10001"], 'holds codes with zeros before them, such as "00501": taken as words'),
    ],
)
def test_what_is_no_number_of_one_kind_is_words_and_told(drafter: Drafter, cells: list[str], told: str) -> None:
    assert drafter.column(cells).kind == "categorical"
    assert f'Column "x" {told}' in drafter.told


def test_mixed_units_are_the_reason_to_ignore_a_column_of_different_words(drafter: Drafter) -> None:
    drafter("x,z,y\n" + "".join(f"{i} {'kg' if i % 2 else 'lb'},{i % 3},{'ab'[i % 2]}\n" for i in range(12)))
    assert (
        'Column "x" writes numbers in several ways, such as "0 lb" or "1 kg", where one would do: it is' in drafter.told
    )


@pytest.mark.parametrize(
    ("cells", "form", "days"),
    [
        (["2000-01-31", "2000-03-01"], "%Y-%m-%d", [30, 60]),
        (["31.01.2000", "1.3.2000"], "%d.%m.%Y", [30, 60]),
        (["01/31/2000", "3/1/2000"], "%m/%d/%Y", [30, 60]),
        (["31/01/2000", "1/3/2000"], "%d/%m/%Y", [30, 60]),
        (["Jan 31, 2000", "March 1, 2000"], "%b %d, %Y", [30, 60]),
        (["31-Jan-00", "01-Mar-00"], "%d-%b-%y", [30, 60]),
        (["2000-01-31T12:00:00Z", "2000-03-01T00:00:00Z"], "%Y-%m-%dT%H:%M:%S%z", [30.5, 60]),
        (["2000-01-31 12:00:00.123", "2000-03-01 00:00:00.5"], "%Y-%m-%d %H:%M:%S.%f", [30.5, 60]),
        (["1/31/2000 12:00 PM", "3/1/2000 12:00 AM"], "%m/%d/%Y %I:%M %p", [30.5, 60]),
        (["20000131", "20000301"], "%Y%m%d", [30, 60]),
        (["2000-01", "2000-02"], "%Y-%m", [0, 31]),
    ],
)
def test_dates_are_recognised(drafter: Drafter, cells: list[str], form: str, days: list[float]) -> None:
    from trainer.contract.date_format import DateFormat

    column = drafter.column(cells)
    assert (column.kind, column.format) == ("date", form)
    assert drafter.values() == cells * 3
    assert [DateFormat.of(form).days(cell) for cell in cells] == days
    assert f'read by format = "{form}"' in drafter.told


def test_a_day_that_may_be_the_month_is_told(drafter: Drafter) -> None:
    assert drafter.column(["01/02/2000", "03/04/2000"]).format == "%m/%d/%Y"
    assert 'If the other number is the month, write format = "%d/%m/%Y".' in drafter.told
    assert drafter.column(["2000-01-02", "2000-03-04"]).format == "%Y-%m-%d"
    assert "the month" not in drafter.told


def test_a_missing_date_is_imputed(drafter: Drafter) -> None:
    column = drafter.column(["2000-01-31", "", "0000-00-00", *["2000-03-01"] * 18])
    assert (column.kind, column.impute, drafter.contract.file.missing) == ("date", "mean", ("0000-00-00",))


def test_coded_missing_values_are_taken_out_of_the_numbers(drafter: Drafter) -> None:
    column = drafter.column(["1.5", "-999", "2.5", "3"])
    assert (column.missing, column.impute) == (("-999",), "mean")
    assert np.isnan(drafter.values()[1])
    assert "holds -999 in 3 of 12 rows, far from the others, 1.5 to 3: taken for a missing value." in drafter.told
    assert drafter.column(["1.5", "9999", "2.5", "3"]).missing == ("9999",)
    assert drafter.column(["5", "200", "-99", "30"]).missing == ("-99",)
    assert drafter.column([str(number) for number in range(80, 100)]).missing == ()  # 99 among its likes
    assert drafter.column(["5", "40", "99", "20"]).missing == ()  # it may be a price


def test_zeros_far_from_all_other_numbers_are_told(drafter: Drafter) -> None:
    column = drafter.column(["0", *(str(number) for number in range(60, 90, 2))])
    assert (column.kind, column.missing) == ("numeric", ())
    assert "holds 0 in 3 of 48 rows, and otherwise 60 to 88. If 0 means that nothing is known" in drafter.told


def test_integers_that_float32_rounds_and_integers_that_identify_are_told(drafter: Drafter) -> None:
    drafter.column([str(16_777_217 + 3 * i) for i in range(40)])
    assert "holds integers as large as 16777334, which float32 rounds." in drafter.told
    drafter("x,z,y\n" + "".join(f"{i * i + 5},{i % 3}.5,{'ab'[i % 2]}\n" for i in range(20)))
    assert 'Column "x" holds another integer in every row. If it identifies them, set kind = "ignored".' in drafter.told
    drafter("uuid,z,y\n" + "".join(f"{i * i + 5},{i % 3}.5,{'ab'[i % 2]}\n" for i in range(20)))
    assert 'Column "uuid" seems to number the rows: it is ignored.' in drafter.told


def test_constant_columns_are_ignored(drafter: Drafter) -> None:
    drafter("x,w,z,y\n5,s,1.5,a\n5.0,s,2.5,b\n")
    assert [column.name for column in drafter.contract.features] == ["z"]
    assert 'Column "x" holds 5 in all rows: it is ignored.' in drafter.told
    assert 'Column "w" holds "s" in all rows: it is ignored.' in drafter.told


def test_many_words_are_embedded_and_nearly_unique_ones_ignored(drafter: Drafter) -> None:
    rows = "".join(f"w{i % 60},u{i // 2 if i < 200 else i},{'ab'[i % 2]}\n" for i in range(300))
    drafter("x,u,y\n" + rows)
    assert [column.kind for column in drafter.contract.columns] == ["categorical", "ignored", "label"]
    assert 'encoding = "embedding"' in drafter.draft.toml
    assert 'Column "x" holds 60 different words: they are learned in training, a vector for each.' in drafter.told
    assert 'Column "u" holds 200 different words in 300 rows, such as "u0" or "u1": it is ignored.' in drafter.told


def test_spellings_of_one_class_are_one_class(drafter: Drafter) -> None:
    drafter("x,y\n1.5,Yes\n2,yes\n3,No\n4,NO \n5,No\n6,Yes\n")
    assert drafter.contract.label.classes == ("No", "Yes")
    assert drafter.contract.label.aliases == {"yes": "Yes", "NO": "No"}
    assert drafter.draft.class_counts == {"No": 3, "Yes": 3}
    assert 'Column "y" writes "Yes" also as "yes": taken for one class.' in drafter.told
    drafter("x,y\n1.5,1\n2,1.0\n3,0\n4,0\n")
    assert (drafter.contract.label.classes, drafter.contract.label.aliases) == (("0", "1"), {"1.0": "1"})


def test_a_rare_class_that_is_close_to_another_is_told(drafter: Drafter) -> None:
    drafter("x,y\n" + "".join(f"{i}.5,{'virginica' if i % 2 else 'setosa'}\n" for i in range(50)) + "1,virginca\n")
    assert 'holds "virginca" in 1 rows. Did you mean "virginica"? Then take it out of classes' in drafter.told
    assert 'holds the class "virginca" in one row only' in drafter.told


@pytest.mark.parametrize("unit", [0.25, 1000])
def test_a_label_of_quantities_looks_like_a_regression(drafter: Drafter, unit: float) -> None:
    with pytest.raises(
        DataError, match=r"20 different numbers in 20 rows, .* are no classes: it looks like a quantity"
    ):
        drafter("x,y\n" + "".join(f"{i % 3},{i * unit}\n" for i in range(20)))


def test_a_label_of_many_fractions_looks_like_a_regression_though_they_repeat(drafter: Drafter) -> None:
    with pytest.raises(DataError, match="a regression would predict, and this pipeline trains classifiers"):
        drafter("x,y\n" + "".join(f"{i % 3},{i % 25 + 0.5}\n" for i in range(100)))


def test_a_label_that_identifies_rows_holds_no_classes(drafter: Drafter) -> None:
    with pytest.raises(DataError, match='20 different values in 20 rows, such as "u0", "u1" or "u2", are no classes'):
        drafter("x,y\n" + "".join(f"{i % 3},u{i}\n" for i in range(20)))


def test_one_class_in_two_spellings_is_one_class(drafter: Drafter) -> None:
    with pytest.raises(DataError, match='the rows hold only the class "Yes"'):
        drafter("x,y\n1,Yes\n2,yes\n3,Yes\n")


def test_columns_that_give_the_label_away_are_told(drafter: Drafter) -> None:
    rows = "".join(
        f"{'won' if i % 2 else 'lost'},{i % 2 * 10 + i % 5},{'ab'[i % 2]},{i * 7 % 11},{'ab'[i % 2]}\n"
        for i in range(40)
    )
    drafter("w,n,copy,z,y\n" + rows)
    assert 'Column "w" gives the label away: each of its 2 values goes with one class, "lost" with "a".' in drafter.told
    assert 'Column "n" tells the classes apart by itself: the numbers of each class lie apart.' in drafter.told
    assert 'Column "copy" repeats the label "y": it is ignored.' in drafter.told
    assert 'Column "z" tells' not in drafter.told


def test_too_few_rows_give_nothing_away(drafter: Drafter) -> None:
    drafter("w,n,y\nwon,1,a\nlost,9,b\nwon,2,a\nlost,8,b\n")
    assert "by itself" not in drafter.told
    assert "away" not in drafter.told


def test_header_and_rows_of_different_width_are_told_as_the_reader_tells_them(drafter: Drafter) -> None:
    with pytest.raises(DataError) as caught:
        drafter("a,b,y\n1,2,no,\n3,4,yes,\n")
    problem = 'holds 4 cells where the table has 3 columns. Received: "1,2,no,". Take the "," at its end out, or name'
    assert f"line 2: {problem}" in str(caught.value)
    with pytest.raises(DataError, match=r'line 3: holds 2 cells where the table has 3 columns. Received: "3,4"'):
        drafter("a,b,y\n1,2,no\n3,4\n5,6,yes\n")


def test_an_unclosed_quote_is_told_as_the_reader_tells_it(drafter: Drafter) -> None:
    with pytest.raises(DataError, match=r"line 2: a quote opens a cell here and nothing closes it"):
        drafter('a,y\n"1,no\n3,yes\n')


def test_rows_that_repeat_by_nature_are_foreseen(drafter: Drafter) -> None:
    drafter("id,x,w,y\n" + "".join(f"k{i},{i % 2},{'uv'[i % 2]},{'ab'[i % 2]}\n" for i in range(8)))
    assert "100% of the rows stand there more than once, as the model sees them." in drafter.told
    drafter("x,w,y\n" + "".join(f"{i},{'uv'[i % 2]},{'ab'[i % 2]}\n" for i in range(8)))
    assert "more than once" not in drafter.told


def test_the_largest_class_is_held_against_the_accuracy(drafter: Drafter) -> None:
    draft = drafter("x,y\n" + "".join(f"{i}.5,{'rare' if i % 10 == 0 else 'usual'}\n" for i in range(30)))
    assert 'is "usual" in 90% of the rows: a model that always says so is as accurate.' in drafter.told
    assert draft.summary == '30 rows of 2 classes: "usual" 27 (90%), "rare" 3 (10%).'


def test_a_kind_that_shows_late_is_seen_as_in_the_first_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer.draft.gathering.BLOCK_BYTES", 1024)
    monkeypatch.setattr("trainer.draft.gathering._FIRST_ROWS", 7)
    rows = [f"{10000 + i},{i}.5,{i / 8},{i % 5},{'ab'[i % 2]}" for i in range(200)]
    rows[150] = "00501,NA,nan,x,a"
    drafter = Drafter(tmp_path)
    drafter("zip,n,m,w,y\n" + "\n".join(rows) + "\n")
    kinds = {column.name: column.kind for column in drafter.contract.columns}
    assert kinds == {"zip": "ignored", "n": "numeric", "m": "numeric", "w": "numeric", "y": "label"}
    assert set(drafter.contract.file.missing) == {"NA", "nan", "x"}
    assert 'Column "zip" holds codes with zeros before them, such as "00501": it is ignored.' in drafter.told
    assert 'Column "n" lacks a number in 1 of 200 rows' in drafter.told
