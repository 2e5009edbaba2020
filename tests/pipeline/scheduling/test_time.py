from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.schedules.cron import Cron, CronError
from pipeline.scheduling.changes import read_times
from pipeline.scheduling.time import read_cron, read_moment, zone_of
from trainer.errors import UsageError


@pytest.mark.parametrize(
    ("text", "time_zone", "expected"),
    [
        ("0 3 * * *", "", "0 3 * * *"),
        ("  0  3 *\t* MON-fri ", "", "0 3 * * MON-fri"),
        ("0 3 * * *", "Europe/Berlin", "TZ=Europe/Berlin 0 3 * * *"),
        ("TZ=Asia/Tokyo  0 3 * * *", "", "TZ=Asia/Tokyo 0 3 * * *"),
        ("CRON_TZ=UTC */5 1,2 29 feb 7", "", "CRON_TZ=UTC */5 1,2 29 feb 7"),
    ],
)
def test_read_cron_writes_it_as_vertex_ai_takes_it(text: str, time_zone: str, expected: str) -> None:
    assert read_cron(text, time_zone) == expected


@pytest.mark.parametrize(
    ("text", "time_zone", "sentence"),
    [
        ("", "", "`--cron` must hold 5 fields: minute, hour, day of the month, month, day of the week."),
        ("@daily", "", "`--cron` must hold 5 fields"),
        ("0 0 3 * * *", "", "`--cron` must hold 5 fields"),
        ("0 25 * * *", "", '"25" in `--cron "0 25 * * *"` is no hour. Write five fields, such as "0 3 * * *"'),
        ("*/0 * * * *", "", '"*/0" in `--cron "*/0 * * * *"` is no minute.'),
        ("0 0 L * *", "", '"L" in `--cron "0 0 L * *"` is no day of the month.'),
        ("0 0 * * 5#2", "", "is no day of the week."),
        ("0 0 30 2 *", "", "names a day that never comes"),
        ("0 3 * * *", "Mars/Olympus", '`--time-zone` names no time zone of IANA\'s. Received: "Mars/Olympus".'),
        ("TZ=../UTC 0 3 * * *", "", '`--cron` names no time zone of IANA\'s. Received: "../UTC".'),
        ("TZ=UTC 0 3 * * *", "UTC", "`--cron` names a time zone, and `--time-zone` another."),
    ],
)
def test_read_cron_refuses_in_a_sentence(text: str, time_zone: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_cron(text, time_zone)
    assert sentence in str(caught.value)


@given(
    st.one_of(
        st.text(alphabet="0159*/,-LW#MONTZ=UC \t", max_size=30),
        st.lists(st.sampled_from(["0", "5", "*", "*/7", "60", "1-3", "MON", "JAN", "L", "31", "2"]), max_size=6).map(
            " ".join
        ),
    )
)
def test_read_cron_takes_what_the_emulator_takes(text: str) -> None:
    try:
        taken = read_cron(text)
    except UsageError:
        with pytest.raises(CronError):
            Cron.parse(text.strip())
    else:
        assert Cron.parse(taken) == Cron.parse(text.strip())


@pytest.mark.parametrize(
    ("text", "cron", "expected"),
    [
        ("2026-12-01", "0 3 * * *", datetime(2026, 12, 1, tzinfo=UTC)),
        ("2026-12-01T03:00", "TZ=Asia/Tokyo 0 3 * * *", datetime(2026, 11, 30, 18, tzinfo=UTC)),
        ("2026-12-01 03:00:00Z", "TZ=Asia/Tokyo 0 3 * * *", datetime(2026, 12, 1, 3, tzinfo=UTC)),
        ("2026-12-01T03:00:00+02:00", "0 3 * * *", datetime(2026, 12, 1, 1, tzinfo=UTC)),
    ],
)
def test_read_moment_reads_it_on_the_clock_of_the_schedule(text: str, cron: str, expected: datetime) -> None:
    assert read_moment(text, "--start", cron) == expected


def test_read_moment_refuses_what_is_none() -> None:
    with pytest.raises(UsageError, match=r"`--end` must be a time such as 2026-12-01T03:00, or a day\. Received: "):
        read_moment("tomorrow", "--end", "0 3 * * *")


def test_zone_of_is_utc_where_none_is_named() -> None:
    assert str(zone_of("0 3 * * *")) == "UTC"
    assert str(zone_of("CRON_TZ=Europe/Berlin 0 3 * * *")) == "Europe/Berlin"


def test_read_times_refuses_an_end_before_the_start_or_now() -> None:
    later = f"{datetime.now(UTC) + timedelta(days=9):%Y-%m-%d}"
    for start, end, earliest in (
        (later, "2020-01-01", "`--start`"),
        (later, later, "`--start`"),
        ("", "2020-01-01", "now"),
    ):
        with pytest.raises(UsageError, match=f"`--end` must be later than {earliest}"):
            read_times("0 3 * * *", "", start, end, None)
    times = read_times("0 3 * * *", "UTC", "2020-01-01", later, 5)
    assert (times.cron, times.max_runs) == ("TZ=UTC 0 3 * * *", 5)
