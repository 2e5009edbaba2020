from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.schedules.cron import Cron, CronError


def runs(cron: str, after: str, count: int) -> list[str]:
    """The next times of an expression on its own clock: day, time, offset."""
    parsed, moment, found = Cron.parse(cron), datetime.fromisoformat(after), []
    for _ in range(count):
        later = parsed.next_after(moment)
        assert later is not None
        found.append(later.astimezone(parsed.zone).strftime("%d %H:%M%z"))
        moment = later
    return found


@pytest.mark.parametrize(
    ("cron", "after", "expected"),
    [
        ("0 3 * * *", "2026-01-01T03:00Z", ["02 03:00+0000", "03 03:00+0000"]),
        ("*/15 9-17 * * MON-FRI", "2026-01-02T17:40Z", ["02 17:45+0000", "05 09:00+0000"]),
        ("0 0 * jan,FEB sun", "2026-02-20T00:00Z", ["22 00:00+0000", "03 00:00+0000"]),
        ("0 0 * * 7", "2026-01-01T00:00Z", ["04 00:00+0000"]),
        ("0 0 29 2 *", "2026-01-01T00:00Z", ["29 00:00+0000"]),
        # A day of the month or one of the week, where both are named.
        ("0 0 13 * FRI", "2026-01-01T00:00Z", ["02 00:00+0000", "09 00:00+0000", "13 00:00+0000"]),
        ("TZ=Asia/Kathmandu 0 3 * * *", "2026-01-01T00:00Z", ["02 03:00+0545"]),
        ("CRON_TZ=America/New_York 1 * * * *", "2026-01-01T00:00Z", ["31 19:01-0500"]),
    ],
)
def test_next_after_gives_the_first_time_in_the_zone(cron: str, after: str, expected: list[str]) -> None:
    assert runs(cron, after, len(expected)) == expected


def test_next_after_is_strictly_later_and_in_utc() -> None:
    found = Cron.parse("TZ=Europe/Berlin 0 3 * * *").next_after(datetime(2026, 1, 1, 1, 59, 59, 999999, UTC))
    assert found == datetime(2026, 1, 1, 2, tzinfo=UTC)
    assert found.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("30 2 * * *", ["29 03:00+0200", "30 02:30+0200"]),
        ("0,30 2 * * *", ["29 03:00+0200", "30 02:00+0200"]),
        ("30 * * * *", ["29 01:30+0100", "29 03:30+0200"]),
        ("*/30 * * * *", ["29 01:30+0100", "29 03:00+0200"]),
    ],
)
def test_next_after_runs_what_falls_into_a_gap_of_the_clock_at_its_end(cron: str, expected: list[str]) -> None:
    assert runs(f"TZ=Europe/Berlin {cron}", "2026-03-29T00:10Z", 2) == expected


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("30 2 * * *", ["25 02:30+0200", "26 02:30+0100"]),
        ("30 1-3 * * *", ["25 02:30+0200", "25 03:30+0100"]),
        ("30 * * * *", ["25 02:30+0200", "25 02:30+0100"]),
    ],
)
def test_next_after_runs_a_fixed_time_once_where_the_clock_is_set_back(cron: str, expected: list[str]) -> None:
    assert runs(f"TZ=Europe/Berlin {cron}", "2026-10-25T00:10Z", 2) == expected


def test_next_after_goes_on_from_the_second_of_two_equal_hours() -> None:
    assert runs("TZ=Europe/Berlin 30 2 * * *", "2026-10-25T01:15Z", 1) == ["26 02:30+0100"]


@given(
    st.sampled_from(["30 2 * * *", "*/7 1-3 * * *", "0 */2 * * *", "15 2 * * 0", "* * * * *"]),
    st.sampled_from(["Europe/Berlin", "America/Havana", "Australia/Lord_Howe", "America/St_Johns"]),
    st.integers(0, 365 * 24 * 60),
)
@settings(max_examples=200)
def test_next_after_never_goes_back(cron: str, zone: str, minutes: int) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    found = Cron.parse(f"TZ={zone} {cron}").next_after(moment)
    assert found is not None
    assert found > moment


@pytest.mark.parametrize(
    ("cron", "sentence"),
    [
        ("", "must hold five fields (minute, hour, day of the month, month, day of the week)"),
        ("@daily", "must hold five fields"),
        ("0 0 3 * * *", "must hold five fields"),
        ("TZ=UTC", "must hold five fields"),
        ("tz=UTC 0 3 * * *", "must hold five fields"),
        ("0 25 * * *", 'cannot have "25" as its hour. Received: "0 25 * * *".'),
        ("60 * * * *", 'cannot have "60" as its minute'),
        ("*/0 * * * *", 'cannot have "*/0" as its minute'),
        ("0 0 0 * *", 'cannot have "0" as its day of the month'),
        ("0 0 * 13 *", 'cannot have "13" as its month'),
        ("0 0 * * 8", 'cannot have "8" as its day of the week'),
        ("0 0 * * FRI-MON", 'cannot have "FRI-MON" as its day of the week'),
        ("0 0 L * *", 'cannot have "L" as its day of the month'),
        ("0 0 * * 5#2", 'cannot have "5#2" as its day of the week'),
        ("1,,2 * * * *", 'cannot have "1,,2" as its minute'),
        ("٣ * * * *", "as its minute"),
        ("0 0 30 2 *", "names a day that never comes"),
        ("TZ= 0 3 * * *", 'has a time zone that IANA does not list: ""'),
        ("TZ=Mars/Olympus 0 3 * * *", 'has a time zone that IANA does not list: "Mars/Olympus"'),
        ("TZ=Europe 0 3 * * *", "has a time zone that IANA does not list"),
        ("TZ=../UTC 0 3 * * *", "has a time zone that IANA does not list"),
        ("TZ=posix/UTC 0 3 * * *", "has a time zone that IANA does not list"),
    ],
)
def test_parse_refuses_what_is_no_expression(cron: str, sentence: str) -> None:
    with pytest.raises(CronError) as caught:
        Cron.parse(cron)
    assert sentence in str(caught.value)


@given(st.text(alphabet="0159*/,-LW#MONTZ=UC \t", max_size=30))
def test_parse_reads_or_refuses_any_text(text: str) -> None:
    try:
        Cron.parse(text)
    except CronError as error:
        assert str(error)  # noqa: PT017 - either way is right


def test_nothing_is_due_after_the_last_day_of_the_calendar() -> None:
    assert Cron.parse("0 3 * * *").next_after(datetime(9999, 12, 31, 23, 59, tzinfo=UTC)) is None


def test_takes_all_values_in_a_list_and_refuses_a_longer_expression() -> None:
    fields = [range(60), range(24), range(1, 32), range(1, 13), range(7)]
    everything = " ".join(",".join(map(str, values)) for values in fields)
    assert Cron.parse(f"TZ=America/Argentina/ComodRivadavia {everything}").next_after(datetime(2026, 1, 1, tzinfo=UTC))
    for text in ("1" * 5000 + " * * * *", "TZ=" + "x" * 5000):
        with pytest.raises(CronError, match=rf"must be at most 1000 characters long\. Received: {len(text)}\."):
            Cron.parse(text)
