from __future__ import annotations

import numpy as np
import pytest

from trainer.contract import Contract, parse_contract
from trainer.model.features import FeatureEncoder
from trainer.model.fitted_columns import FittedCategorical, FittedNumeric, fit_columns
from trainer.tables.profile import profile_table

pytestmark = pytest.mark.tensorflow


def test_columns_are_fitted_to_the_training_rows_and_sorted(
    mixed_contract: Contract, mixed_files: dict[str, str]
) -> None:
    profile = profile_table([mixed_files["train.csv"]], mixed_contract, role="training")
    colour, size, town = fit_columns(mixed_contract, profile)
    sizes = np.array([1.0, 2.0, 3.5, 4.0, 6.0])
    assert colour == FittedCategorical("Colour of it", ("red", "green", "blue"), False, "red", 0)
    assert isinstance(size, FittedNumeric)
    assert (size.fill, size.shift, size.scale) == pytest.approx((sizes.mean(), sizes.mean(), sizes.std()))
    assert town == FittedCategorical("Town", ("Bad Orb, Spessart", "Bonn", "Ulm"), True, None, 2)


def test_a_constant_column_can_be_standardised(tmp_path: object) -> None:
    schema = b'name = "c"\n[[columns]]\nname = "x"\nkind = "numeric"\nstandardise = true\n'
    schema += b'[[columns]]\nname = "y"\nkind = "label"\nclasses = ["a", "b"]\n'
    contract = parse_contract(schema, "c.toml")
    path = f"{tmp_path}/c.csv"
    with open(path, "w", encoding="utf-8") as file:
        file.write("x,y\n3,a\n3,b\n")
    [fitted] = fit_columns(contract, profile_table([path], contract, role="training"))
    assert fitted == FittedNumeric("x", None, shift=3.0, scale=1.0)
    np.testing.assert_array_equal(FeatureEncoder([fitted])({"x": np.array([3.0], np.float32)})["dense"], [[0.0]])


def test_encoder_lays_numbers_and_one_hot_words_side_by_side() -> None:
    encoder = FeatureEncoder(
        [FittedCategorical("c", ("x", "y"), True, None, 0), FittedNumeric("n", 7.0, shift=1.0, scale=2.0)]
    )
    raw = {"c": np.array(["y", "x", "never seen"]), "n": np.array([3.0, np.nan, 1.0], np.float32)}
    encoded = encoder(raw)
    assert encoder.width == 4
    np.testing.assert_array_equal(encoded["dense"], [[0, 1, 0, 1.0], [1, 0, 0, 3.0], [0, 0, 1, 0.0]])
    assert "ids" not in encoded


def test_encoder_of_embedded_words_alone_has_no_dense_numbers() -> None:
    encoder = FeatureEncoder([FittedCategorical("c", ("x", "y"), True, "y", 3)])
    encoded = encoder({"c": np.array(["x", "", "z"])})
    assert encoded["dense"].shape == (3, 0)
    np.testing.assert_array_equal(encoded["ids"], [[0], [1], [2]])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_encoder_refuses_a_number_that_is_not_finite(value: float) -> None:
    import tensorflow as tf

    encoder = FeatureEncoder([FittedNumeric("n", None)])
    with pytest.raises(tf.errors.InvalidArgumentError, match='Column "n" holds a missing or non-finite value'):
        encoder({"n": np.array([1.0, value], np.float32)})


def test_encoder_names_the_first_column_at_fault_among_many() -> None:
    import tensorflow as tf

    numbers = FeatureEncoder([FittedNumeric("filled", 0.0), FittedNumeric("m", None), FittedNumeric("n", None)])
    gap = np.array([np.nan], np.float32)
    with pytest.raises(tf.errors.InvalidArgumentError, match='Column "m" holds a missing'):
        numbers({"filled": gap, "m": gap, "n": gap})
    words = FeatureEncoder(
        [FittedCategorical(name, ("x",), is_open, None, 0) for name, is_open in (("c", True), ("d", False))]
    )
    with pytest.raises(tf.errors.InvalidArgumentError, match='Column "d" holds no value, or a word'):
        words({"c": np.array(["z"]), "d": np.array(["z"])})


def test_encoder_keeps_the_words_of_columns_apart() -> None:
    encoder = FeatureEncoder([FittedCategorical(str(place), ("x", "1:x"), True, None, 1) for place in range(12)])
    ids = encoder({str(place): np.array(["x", "1:x", "2:x"]) for place in range(12)})["ids"]
    np.testing.assert_array_equal(ids, np.repeat([[0], [1], [2]], 12, axis=1))


@pytest.mark.parametrize(("word", "open_vocabulary"), [("", True), ("", False), ("z", False)])
def test_encoder_refuses_a_word_that_the_contract_does_not_list(word: str, open_vocabulary: bool) -> None:
    import tensorflow as tf

    encoder = FeatureEncoder([FittedCategorical("c", ("x", "y"), open_vocabulary, None, 0)])
    with pytest.raises(tf.errors.InvalidArgumentError, match='Column "c" holds no value, or a word'):
        encoder({"c": np.array(["x", word])})
