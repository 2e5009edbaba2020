from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.api.errors import ApiError
from emulator.storage import listing
from emulator.storage.listing import Page, list_page
from emulator.storage.records import StoredObject

NAMES = st.lists(st.text("ab/.", min_size=1, max_size=5), unique=True, max_size=12)


def stored(name: str) -> StoredObject:
    return StoredObject("b", name, "f", 0, "", "", 1, 1, "", "", {})


def pages(names: list[str], **query: str) -> list[Page]:
    """All pages of a bucket that holds these names."""

    def read(first: str, limit: int) -> list[StoredObject]:
        return [stored(name) for name in sorted(names) if name >= first][:limit]

    found: list[Page] = []
    while not found or query["pageToken"]:
        page = list_page(read, query)
        found.append(page)
        query["pageToken"] = page.token
    return found


@given(NAMES, st.text("ab/", max_size=2), st.sampled_from(["", "/", "a/", "."]), st.integers(1, 4))
def test_pages_hold_every_object_or_its_folder_once_and_in_order(
    names: list[str], prefix: str, delimiter: str, size: int
) -> None:
    inside = [name for name in sorted(names) if name.startswith(prefix)]
    folders = {
        name: prefix + name[len(prefix) :].partition(delimiter)[0] + delimiter
        for name in inside
        if delimiter and delimiter in name[len(prefix) :]
    }
    found = pages(names, prefix=prefix, delimiter=delimiter, maxResults=str(size))
    assert [one.name for page in found for one in page.items] == [name for name in inside if name not in folders]
    assert [folder for page in found for folder in page.prefixes] == sorted(set(folders.values()))
    assert all(len(page.items) + len(page.prefixes) == size for page in found[:-1])
    assert all(page.token for page in found[:-1])


def test_a_large_folder_is_passed_over_without_being_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "LARGEST_PAGE", 5)
    names = [f"a/{number:03}" for number in range(100)] + ["b"]
    read_so_far = []

    def read(first: str, limit: int) -> list[StoredObject]:
        found = [stored(name) for name in names if name >= first][:limit]
        read_so_far.extend(found)
        return found

    page = list_page(read, {"delimiter": "/"})
    assert (page.prefixes, [one.name for one in page.items]) == (["a/"], ["b"])
    assert len(read_so_far) < 10


def test_offsets_globs_and_trailing_delimiters() -> None:
    names = ["a/", "a/1", "b", "c.csv", "d.csv"]
    (page,) = pages(names, startOffset="b", endOffset="d")
    assert [one.name for one in page.items] == ["b", "c.csv"]
    (page,) = pages(names, matchGlob="*.csv")
    assert [one.name for one in page.items] == ["c.csv", "d.csv"]
    (page,) = pages(names, delimiter="/", includeTrailingDelimiter="true")
    assert ([one.name for one in page.items], page.prefixes) == (["a/", "b", "c.csv", "d.csv"], ["a/"])


@pytest.mark.parametrize(
    "query", [{"maxResults": "-1"}, {"maxResults": "x"}, {"pageToken": "!"}, {"pageToken": "_w=="}, {"matchGlob": "{"}]
)
def test_what_makes_no_sense_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(ApiError, match="Invalid value for"):
        pages(["a"], **query)
