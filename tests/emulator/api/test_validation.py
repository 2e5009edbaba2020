from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.api.validation import display_name_violations, label_violations, service_account_violations

LOWER = st.characters(categories=["Ll", "Lo", "Nd"])


@given(st.dictionaries(st.text(LOWER, min_size=1, max_size=31), st.text(LOWER, max_size=31), max_size=64))
def test_labels_of_lowercase_letters_and_digits_are_right(labels: dict[str, str]) -> None:
    short = {key: value for key, value in labels.items() if max(len(key.encode()), len(value.encode())) < 128}
    assert label_violations(short, "labels") == []


@given(st.text(min_size=1, max_size=10))
def test_labels_that_are_right_hold_nothing_uppercase_or_blank(text: str) -> None:
    if label_violations({text: text}, "labels") == []:
        assert not any(character.isupper() or character.isspace() for character in text)


def test_each_faulty_label_is_told() -> None:
    violations = label_violations({"Bad": "x", "ok": "Bad", "fine": "x"}, "endpoint.labels")
    assert [violation.field for violation in violations] == ["endpoint.labels"] * 2
    assert 'Received key: "Bad"' in violations[0].description
    assert 'Received value: "Bad" of key "ok"' in violations[1].description


def test_more_than_64_labels_are_too_many() -> None:
    labels = {f"k{number}": "" for number in range(65)}
    (violation,) = label_violations(labels, "labels")
    assert "no more than 64 labels. Received: 65" in violation.description


def test_display_names_have_1_to_128_characters() -> None:
    assert display_name_violations("x" * 128, "f") == []
    assert display_name_violations("", "f")[0].description == "is required."
    assert "Received: 129 characters" in display_name_violations("x" * 129, "f")[0].description


@pytest.mark.parametrize("account", ["me", "me@", "@p.iam", "a b@p.iam", "me@host"])
def test_a_service_account_looks_like_an_address(account: str) -> None:
    assert "must be the e-mail address" in service_account_violations(account, "f")[0].description
    assert service_account_violations("me@p.iam.gserviceaccount.com", "f") == []
    assert service_account_violations("", "f") == []


@pytest.mark.parametrize("account", ["", "a@b.c", "a.b@c.d.e", "é@b.c"])
def test_a_service_account_is_an_address(account: str) -> None:
    assert service_account_violations(account, "field") == []


@pytest.mark.parametrize("account", ["a", "a@b", "@b.c", "a@.c", "a@b.", "a@b@c.d", "a b@c.d", "a@b.c\n"])
def test_refuses_a_service_account_that_is_none(account: str) -> None:
    ((_, sentence),) = service_account_violations(account, "field")
    assert sentence.startswith("must be the e-mail address of a service account.")


def test_refuses_a_service_account_by_its_length() -> None:
    sentence = "must be at most 254 characters long. Received: 1000002."
    assert service_account_violations("a@" + "." * 1_000_000, "field") == [("field", sentence)]
