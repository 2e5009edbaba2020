from __future__ import annotations

import pytest

from benchmarks.environments import UnavailableError
from benchmarks.repeats import Entry, Result, in_turns
from benchmarks.series import Target


def test_contestants_run_in_turns() -> None:
    order: list[str] = []

    def entry(who: str) -> Entry:
        def run() -> Result:
            order.append(who)
            return {"s": len(order), "versions": {"kfp": "2"}}

        return Entry(who, run)

    bout = in_turns([entry("ours"), entry("theirs")], 2)
    assert order == ["ours", "theirs", "ours", "theirs"]
    assert bout.series("theirs", "s").values == (2.0, 4.0)
    assert bout.series("theirs", "s").versions == {"kfp": "2"}


def test_contestant_that_is_not_to_be_had_is_left_out_with_its_reason() -> None:
    def unavailable() -> Result:
        raise UnavailableError("it needs Python 3.11")

    bout = in_turns([Entry("ours", lambda: {"s": 1}), Entry("theirs", unavailable)], 3)
    found = bout.contest("a thing", "s", "s", [Target("at most", 1, "theirs")])
    assert [series.who for series in found.series] == ["ours"]
    assert found.absent == {"theirs": "it needs Python 3.11"}


def test_contest_is_between_those_that_have_the_number() -> None:
    bout = in_turns([Entry("ours", lambda: {"s": 1, "mib": 2}), Entry("theirs", lambda: {"s": 1})], 1)
    assert [series.who for series in bout.contest("a thing", "MiB", "mib").series] == ["ours"]
    assert [series.who for series in bout.contest("a thing", "s", "s", among=["theirs"]).series] == ["theirs"]


def test_contest_that_ours_has_not_measured_is_refused() -> None:
    bout = in_turns([Entry("ours", lambda: {"s": 1}), Entry("theirs", lambda: {"rows": 1})], 1)
    with pytest.raises(ValueError, match=r"ours has not measured rows\. Received: s"):
        bout.contest("a thing", "rows", "rows")
