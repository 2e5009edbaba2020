from __future__ import annotations

import pytest

from emulator.api_errors import ApiError
from emulator.guard import is_loopback, require_local


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "localhost", "LOCALHOST", "::1", "[::1]"])
def test_is_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "::", "10.0.0.1", "localhost.attacker.example", "127.0.0.1.example"])
def test_is_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1:8470", None),
        ("localhost", None),
        ("[::1]:8470", None),
        (None, None),
        ("localhost:8470", "http://localhost:8470"),
    ],
)
def test_require_local_lets_programs_and_the_own_page_in(host: str | None, origin: str | None) -> None:
    require_local(host, origin)


@pytest.mark.parametrize(
    ("host", "origin", "sentence"),
    [
        ("attacker.example:8470", None, "answers only to loopback names"),
        ("[::1", None, "answers only to loopback names"),
        ("", None, "answers only to loopback names"),
        ("127.0.0.1:8470", "https://attacker.example", "answers no page of another site"),
        ("127.0.0.1:8470", "null", "answers no page of another site"),
        ("127.0.0.1:8470", "http://127.0.0.1:3000", "answers no page of another port"),
        ("127.0.0.1:8470", "http://localhost:8470", "answers no page of another port"),
    ],
)
def test_require_local_keeps_pages_out(host: str, origin: str | None, sentence: str) -> None:
    with pytest.raises(ApiError, match=sentence) as caught:
        require_local(host, origin)
    assert caught.value.http_status == 403
