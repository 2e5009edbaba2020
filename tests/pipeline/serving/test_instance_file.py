from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline.serving.instance_file import Instances, ModelColumns, _is_number, _named, read_instances
from tests.growth import assert_linear
from trainer.errors import DataError, ProjectError, UsageError

FLOWER = {"SepalLength": 5.9, "SepalWidth": 3.0, "PetalLength": 4.2, "PetalWidth": 1.5}
LINE = '{"SepalLength": 5.9, "SepalWidth": 3.0, "PetalLength": 4.2, "PetalWidth": 1.5}'
TYPES = ModelColumns({**dict.fromkeys(FLOWER, "number"), "Colour": "string"})
IRIS = ModelColumns(
    dict.fromkeys(FLOWER, "number"), [*FLOWER, "Species"], "Species", {"0": "setosa", "1": "versicolor"}
)
ROOT = Path(__file__).resolve().parents[3]


def unasked() -> ModelColumns | None:
    pytest.fail("The model's columns are asked for only for CSV.")


def read(folder: Path, data: str | bytes, types: Any = unasked) -> Instances:
    file = folder / "asked"
    file.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_instances(str(file), types)


def refusal(folder: Path, data: str | bytes, types: Any = unasked) -> str:
    with pytest.raises(ProjectError) as raised:
        read(folder, data, types)
    return str(raised.value).replace(str(folder / "asked"), "FILE")


@pytest.mark.parametrize(
    "text",
    [
        LINE,
        f"{LINE}\n",
        f"\n\n  {LINE}\n\n",
        f"\ufeff{LINE}\r\n",
        f"[{LINE}]",
        f'{{"instances": [{LINE}]}}',
        f'{{\r\n  "instances": [\r\n    {LINE}\r\n  ]\r\n}}\r\n',
        LINE.replace(", ", ",\n  "),
    ],
)
def test_one_instance_in_each_form_of_json(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) == Instances([FLOWER])


def test_request_of_the_tutorial_is_read() -> None:
    assert read_instances(str(ROOT / "data" / "test.json"), unasked) == Instances([FLOWER])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_json_lines_are_an_instance_each(tmp_path: Path, end: str) -> None:
    assert read(tmp_path, end.join([LINE, "", LINE, ""])).values == [FLOWER, FLOWER]


def test_json_texts_are_rows(tmp_path: Path) -> None:
    assert read(tmp_path, '"5.9,3.0,4.2,1.5"\n"a \\"b\\", 1"\n').values == ["5.9,3.0,4.2,1.5", 'a "b", 1']


def test_instances_of_any_kind_are_left_to_the_model(tmp_path: Path) -> None:
    assert read(tmp_path, '[null, true, {"a": null}, [], "x", {"instances": 3}]').values == [
        None,
        True,
        {"a": None},
        [],
        "x",
        {"instances": 3},
    ]


def test_feature_named_instances_is_no_request(tmp_path: Path) -> None:
    assert read(tmp_path, '{"instances": 3.0}').values == [{"instances": 3.0}]


def test_rows_without_names_are_sent_as_texts(tmp_path: Path) -> None:
    text = "\ufeff5.9,3.0,4.2,1.5\r\n\r\n 5,3,4,1 \r\n"
    for columns in (None, IRIS):
        assert read(tmp_path, text, lambda columns=columns: columns).values == ["5.9,3.0,4.2,1.5", "5,3,4,1"]


def test_label_of_named_columns_is_kept_apart(tmp_path: Path) -> None:
    text = "Species,SepalLength,SepalWidth,PetalLength,PetalWidth\n1,5.9,3.0,4.2,1.5\n7,5.9,3.0,4.2,1.5\n"
    assert read(tmp_path, text, lambda: IRIS) == Instances([FLOWER, FLOWER], ["Species"], ("versicolor", ""))


@pytest.mark.parametrize("first", ["", "2,4,setosa,versicolor\n"])
def test_table_as_the_training_files_have_it_needs_no_names(tmp_path: Path, first: str) -> None:
    text = f'{first}5.9,3.0,4.2,1.5,1\n5.9,3.0,4.2,"1.5",0\n'
    assert read(tmp_path, text, lambda: IRIS) == Instances([FLOWER, FLOWER], ["Species"], ("versicolor", "setosa"))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_named_columns_are_mapped_by_name(tmp_path: Path, delimiter: str) -> None:
    rows = [
        ["Species", "Colour", "PetalWidth", "SepalLength", "SepalWidth", "PetalLength"],
        ["?", "7", "1.5", "5.9", "3.0", "4.2"],
    ]
    asked = read(tmp_path, "\n".join(map(delimiter.join, rows)), lambda: TYPES)
    assert asked == Instances([{**FLOWER, "Colour": "7"}], ["Species"])


def test_cell_that_is_no_number_is_left_to_the_model(tmp_path: Path) -> None:
    text = 'SepalLength,Colour\n,\n?,red\n1e999,\'\n+.5e1, 2 \n"1,5","a ""b"""\n'
    assert read(tmp_path, text, lambda: TYPES).values == [
        {"SepalLength": None, "Colour": None},
        {"SepalLength": "?", "Colour": "red"},
        {"SepalLength": "1e999", "Colour": "'"},
        {"SepalLength": 5.0, "Colour": " 2 "},
        {"SepalLength": "1,5", "Colour": 'a "b"'},
    ]


def test_rows_are_taken_apart_as_those_of_tables(tmp_path: Path) -> None:
    text = 'SepalLength,Colour\n"1.5" ,"pale\n\nred"\n5"\x1f,5" pipe\n'
    assert read(tmp_path, text, lambda: TYPES).values == [
        {"SepalLength": 1.5, "Colour": "pale\n\nred"},
        {"SepalLength": '5"\x1f', "Colour": '5" pipe'},
    ]
    assert read(tmp_path, '1,"pale\nred"\n\n2,x\n', lambda: None).values == ['1,"pale\nred"', "2,x"]


def test_first_row_of_words_that_are_no_features_is_a_row(tmp_path: Path) -> None:
    assert read(tmp_path, "red,small\nblue,large\n", lambda: TYPES).values == ["red,small", "blue,large"]


def test_single_row_of_words_is_a_row_where_the_columns_are_not_known(tmp_path: Path) -> None:
    assert read(tmp_path, "red,small\n", lambda: None).values == ["red,small"]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ("", "FILE holds no instances. Write one a line: a JSON object, or comma-separated values."),
        ("\ufeff \r\n\t\n", "FILE holds no instances. Write one a line"),
        ("[]", "FILE holds no instances, only their frame. Add at least one."),
        ('{"instances": []}', "FILE holds no instances, only their frame."),
        (
            '{"instances": [1], "parameters": {}}',
            'FILE holds "parameters" beside "instances". Leave it out.',
        ),
        (
            f'{LINE}\n{{"a": \n',
            "FILE, line 2, column 7: expecting value. Write one JSON value a line, or one list.",
        ),
        ('[\n  {"a": 1},\n  {"a" 1}\n]', "FILE, line 3, column 8: expecting ':' delimiter. Write"),
        ('{"a": NaN}', "FILE: the number NaN is not JSON. Write one"),
        (f"{LINE}\n[Infinity]", "FILE, line 2: the number Infinity is not JSON."),
        ('{"a": 1e400}', 'FILE: the number "1e400" is too large.'),
        (f'{{"a": 1{"0" * 400}}}', 'FILE: the number "1000000000'),
        ("[" * 100_000, "FILE: lists or objects are nested too deeply."),
        (b"\xff\xfe{\x00", "FILE is not UTF-8: 'utf-8' codec can't decode byte 0xff in position 0"),
        ('1,2\n"a', None),
    ],
)
def test_what_is_no_instance_is_refused(tmp_path: Path, data: str | bytes, sentence: str | None) -> None:
    if sentence is None:
        assert read(tmp_path, data, lambda: None).values == ["1,2", '"a']
    else:
        assert refusal(tmp_path, data).startswith(sentence)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ("SepalLength,Colour\n1\n", "FILE, line 2: received 1 cells. Write 2, one for each column name."),
        ("SepalLength,SepalLength\n1,1\n", 'FILE names column "SepalLength" twice. Name each column once.'),
        ('SepalLength,Colour\n1,"a\n', "FILE, line 2: a quote opens a cell and nothing closes it. Write one row"),
        ("SepalLength,Colour\n", "FILE holds no instances, only their frame."),
    ],
)
def test_table_with_names_that_does_not_fit_is_refused(tmp_path: Path, data: str, sentence: str) -> None:
    assert refusal(tmp_path, data, lambda: TYPES).startswith(sentence)


def test_names_are_refused_where_the_columns_are_not_known(tmp_path: Path) -> None:
    assert refusal(tmp_path, "a,b\n1,2\n", lambda: None) == (
        "FILE begins with column names, and what the model's columns hold is not known here. "
        "Send JSON, or rows without names in the order of the training files."
    )


def test_absent_file_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no\.json cannot be read: No such file or directory\. Give the path of"):
        read_instances(str(tmp_path / "no.json"), unasked)


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LINE.encode())))
    assert read_instances("-", unasked).values == [FLOWER]


def test_empty_standard_input_is_called_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    with pytest.raises(DataError, match="standard input holds no instances"):
        read_instances("-", unasked)


def test_reading_json_loads_no_library_of_google() -> None:
    script = (
        "import sys; from pipeline.serving.instance_file import read_instances\n"
        "read_instances('data/test.json', None)\n"
        "assert not {'gcsfs', 'google.auth', 'numpy', 'pyarrow'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)


def test_a_wide_header_and_a_long_number_are_read_once() -> None:
    header = [f"column {number}" for number in range(4000)]
    assert_linear(lambda names: _named([], names, ",", "x", ModelColumns({})), lambda size: header[:size], 800)
    assert_linear(_is_number, lambda size: "1" * size + "x", 1500)
