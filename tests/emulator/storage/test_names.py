from __future__ import annotations

import pytest

from emulator.api.errors import ApiError
from emulator.storage.names import require_bucket_name, require_object_name


@pytest.mark.parametrize("name", ["abc", "a-b_c.d", "0" * 63, f"{'a' * 63}.{'b' * 63}", "my-goog-bucket"])
def test_names_of_buckets_that_google_takes(name: str) -> None:
    require_bucket_name(name)


@pytest.mark.parametrize(
    "name",
    ["", "ab", "A-bucket", "a b", "-abc", "abc-", "a" * 64, "a..b", ".abc", "..", "1.2.3.4", "a/b", "ä-b", "abc\n"],
)
def test_names_of_buckets_that_google_refuses(name: str) -> None:
    with pytest.raises(ApiError, match="Invalid bucket name"):
        require_bucket_name(name)


@pytest.mark.parametrize("name", ["google-bucket", "goog-bucket", "my-google"])
def test_names_of_googles_own_are_reserved(name: str) -> None:
    with pytest.raises(ApiError, match="reserved"):
        require_bucket_name(name)


@pytest.mark.parametrize("name", ["a", "a//b", "../a", "a/.", "a\\b", "CON", "A", "é", "\u0065\u0301", "x" * 1024, " "])
def test_names_of_objects_that_google_takes(name: str) -> None:
    require_object_name(name)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("", "Required"),
        (".", "Invalid object name"),
        ("..", "Invalid object name"),
        ("a\nb", "Invalid object name"),
        ("a\rb", "Invalid object name"),
        (".well-known/acme-challenge/x", "Invalid object name"),
        ("é" * 513, "maximum object length is 1024 bytes. Received: 1026"),
        ("\ud800", "Disallowed unicode"),
    ],
)
def test_names_of_objects_that_google_refuses(name: str, told: str) -> None:
    with pytest.raises(ApiError, match=told):
        require_object_name(name)
