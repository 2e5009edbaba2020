from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.conftest import IrisFiles
from tests.growth import assert_linear
from trainer.contract import Contract, load_contract, parse_contract
from trainer.errors import DataError
from trainer.serving.instances import MOST_INSTANCES, InstanceReader

FLOWER: dict[str, Any] = {"SepalLength": 5.9, "SepalWidth": 3, "PetalLength": 4.2, "PetalWidth": 1.5}
VALUES = st.floats(0.1, 7.9) | st.floats(allow_nan=False) | st.integers() | st.sampled_from([True, None, "", "1"])


def contract_of(features: int) -> Contract:
    columns = "".join(f'[[columns]]\nname = "feature {n}"\nkind = "numeric"\n' for n in range(features))
    label = '[[columns]]\nname = "y"\nkind = "label"\nclasses = ["a", "b"]\n'
    return parse_contract(f'name = "wide"\n{columns}{label}'.encode(), "wide.toml")


@pytest.fixture(scope="module")
def reader(iris_files: IrisFiles) -> InstanceReader:
    return InstanceReader(load_contract(str(iris_files.schema)))


def test_objects_and_texts_of_values_are_the_same(reader: InstanceReader) -> None:
    arrays = reader.read([FLOWER, "5.9,3,4.2,1.5\n", ' 5.9 ,"3" ,4.2e0,+1.5'])
    assert list(arrays) == ["SepalLength", "SepalWidth", "PetalLength", "PetalWidth"]
    for name, values in arrays.items():
        np.testing.assert_array_equal(values, np.full(3, FLOWER[name], np.float32))
        assert values.dtype == np.float32


@given(st.lists(VALUES, min_size=4, max_size=4))
@example([5.9, 3, 4.2, 1.5])
@example([5.9, 10**400, 4.2, 1.5])
def test_an_instance_is_read_alike_alone_and_beside_a_text(reader: InstanceReader, values: list[Any]) -> None:
    """Whole columns of numbers are read another way than cells."""
    instance = dict(zip(FLOWER, values, strict=True))

    def read(*instances: Any) -> dict[str, bytes] | str:
        try:
            return {name: column[:1].tobytes() for name, column in reader.read(list(instances)).items()}
        except DataError as error:
            return str(error)

    assert read(instance) == read(instance, "5.9,3,4.2,1.5")


@pytest.mark.parametrize("instances", [None, [], {}, "5.9,3,4.2,1.5", 5, True])
def test_instances_must_be_a_list_of_some(reader: InstanceReader, instances: object) -> None:
    with pytest.raises(DataError, match=r"`instances` must be a list of at least one instance. Received: "):
        reader.read(instances)


def test_too_many_instances_are_refused(reader: InstanceReader) -> None:
    with pytest.raises(DataError, match=r"at most 100000 instances. Received: 100001. Send fewer"):
        reader.read([FLOWER] * (MOST_INSTANCES + 1))


@pytest.mark.parametrize(
    ("instance", "sentence"),
    [
        (5, r"instance 2: received 5\. Send an object with SepalLength, .*, or a text of 4 values\."),
        (None, r"instance 2: received null\."),
        ([5.9, 3, 4.2, 1.5], r"instance 2: received \[5\.9, 3, 4\.2, 1\.5\]\. Send an object"),
        ({**FLOWER, "PetalWidht": 1}, r'instance 2: "PetalWidht" is no feature .* Did you mean "PetalWidth"\? Leave'),
        ({**FLOWER, "Species": 1}, r'instance 2: "Species" is no feature of the contract'),
        ({"SepalLength": 5.9, "SepalWidth": 3, "PetalLength": 4.2}, r'instance 2: column "PetalWidth" is missing'),
        ({**FLOWER, "PetalWidth": None}, r'instance 2: column "PetalWidth": is blank'),
        ({**FLOWER, "PetalWidth": "1.5"}, r'instance 2: column "PetalWidth": received "1.5"\. Send a number'),
        ({**FLOWER, "PetalWidth": True}, r'instance 2: column "PetalWidth": received true\. Send a number'),
        ({**FLOWER, "PetalWidth": [1.5]}, r'instance 2: column "PetalWidth": received \[1\.5\]\. Send a number'),
        ({**FLOWER, "PetalWidth": math.nan}, r'instance 2: column "PetalWidth": received "nan", which is no number'),
        ({**FLOWER, "PetalWidth": math.inf}, r'instance 2: column "PetalWidth": received "inf", which is not finite'),
        ({**FLOWER, "PetalWidth": -5}, r'instance 2: column "PetalWidth": received "-5", which lies below min = 0\.1'),
        ({**FLOWER, "PetalWidth": 10**400}, r'instance 2: column "PetalWidth": received "1000.*above max = 30\.0 cm'),
        ("5.9,3,4.2", r'instance 2: received 3 values in "5\.9,3,4\.2"\. Send 4: SepalLength,SepalWidth,'),
        ("", r'instance 2: received 0 values in ""'),
        ("5.9,3,4.2,", r'instance 2: column "PetalWidth": is blank'),
        ("5.9,3,4.2,abc", r'instance 2: column "PetalWidth": received "abc", which is no number'),
        (
            '5.9,3,4.2,"1.5',
            r"instance 2: received .* which is no row of values: a quote opens a cell and nothing closes",
        ),
        (
            "5.9,3,4.2,1.5\n5.9",
            r"instance 2: received .* which is no row of values: a line break stands outside of quot",
        ),
    ],
)
def test_what_cannot_be_answered_is_named(reader: InstanceReader, instance: object, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence) as caught:
        reader.read([FLOWER, instance, FLOWER])
    assert caught.value.total == 1


def test_all_problems_are_told_in_order(reader: InstanceReader) -> None:
    with pytest.raises(DataError, match="3 problems:") as caught:
        reader.read([{**FLOWER, "PetalWidth": "x", "SepalLength": "y"}, 7])
    numbers = [problem.split(":")[0] for problem in caught.value.problems]
    assert numbers == ["instance 1", "instance 1", "instance 2"]


def test_missing_values_are_taken_where_the_contract_imputes(mixed_contract: Contract) -> None:
    reader = InstanceReader(mixed_contract)
    arrays = reader.read([{"Town": "Ulm"}, {"Town": "Ulm", "Colour of it": None, "Size (cm)": None}, ",,Ulm"])
    assert np.isnan(arrays["Size (cm)"]).all()
    assert arrays["Colour of it"].tolist() == ["", "", ""]
    with pytest.raises(DataError, match=r'column "Town" is missing'):
        reader.read([{}])


def test_a_text_that_means_a_missing_number_is_taken_as_in_a_table() -> None:
    schema = b'name = "m"\nfile.missing = [" NA "]\n[[columns]]\nname = "x"\nkind = "numeric"\nimpute = 1.0\n'
    schema += b'[[columns]]\nname = "y"\nkind = "label"\nclasses = ["a", "b"]\n'
    reader = InstanceReader(parse_contract(schema, "missing.toml"))
    assert np.isnan(reader.read([{"x": "NA"}, {"x": " NA"}, {"x": ""}, "NA"])["x"]).all()
    with pytest.raises(DataError, match=r'column "x": received "1"\. Send a number'):
        reader.read([{"x": "1"}])


def test_words_are_held_to_the_vocabulary(mixed_contract: Contract) -> None:
    reader = InstanceReader(mixed_contract)
    with pytest.raises(DataError, match=r'column "Colour of it": received "pink", which is not in the vocabulary'):
        reader.read([{"Town": "Ulm", "Colour of it": "pink"}])
    with pytest.raises(DataError, match=r'column "Town": received 5\. Send a text'):
        reader.read([{"Town": 5}])


def test_instances_of_a_wide_contract_are_as_few_as_can_be_checked() -> None:
    wide = contract_of(1000)
    with pytest.raises(DataError, match=r"at most 2000 instances of 1000 features\. Received: 2001\. Send fewer\."):
        InstanceReader(wide).read([{}] * 2001)


@pytest.mark.parametrize(
    "instance", [{}, 1, "1,2", {"feature 7": "x"}, {"x" * 100_000: 1}, "x" * 100_000, {"y": [0] * 9999}]
)
def test_what_is_told_of_instances_is_short(instance: Any) -> None:
    with pytest.raises(DataError) as caught:
        InstanceReader(contract_of(300)).read([instance] * 30)
    assert len(str(caught.value)) < 20_000


@pytest.mark.parametrize(("cell", "is_one"), [("1", True), ("1,", False), ({}, False)])
def test_instances_are_refused_in_the_time_that_their_length_takes(cell: Any, is_one: bool) -> None:
    def instances(size: int) -> list[Any]:
        return [f"{cell * size}x"] if is_one else [cell] * size

    assert_linear(InstanceReader(contract_of(1)).read, instances, 1500, refusal=DataError)
