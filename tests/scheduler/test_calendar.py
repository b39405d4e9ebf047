from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.calendar import (
    ZONE,
    end_of_quiet_hours,
    in_quiet_hours,
    next_slot,
    next_slots,
    parse_cron,
    parse_day,
    parse_local,
    parse_window,
    release_at,
    slots_between,
)
from scheduler.errors import BadCron, NotADay, NotATime, NotAWindow, TimeDoesNotExist, TimeHappensTwice
from scheduler.model import Kind, OneOff, Recurring

SPRING = date(2027, 3, 28)  # 02:00 → 03:00
AUTUMN = date(2026, 10, 25)  # 03:00 → 02:00
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2029, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
NEAR_CHANGES = st.one_of(
    INSTANTS,
    *(
        st.datetimes(datetime.combine(day, time()), datetime.combine(day, time(23, 59)), timezones=st.just(UTC))
        for day in (SPRING, AUTUMN)
    ),
)
MINUTES = st.integers(0, 59)
HOURS = st.integers(0, 23)


def slots(cron: str, day: date, skip: frozenset[date] = frozenset()) -> list[datetime]:
    """All slots of one local day."""
    start = datetime.combine(day, time(), tzinfo=ZONE).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), time(), tzinfo=ZONE).astimezone(UTC)
    found, after = [], start - timedelta(microseconds=1)
    while (slot := next_slot(Recurring(cron, skip), after=after)) and slot < end:
        found.append(slot)
        after = slot
    return found


def local(at: datetime) -> str:
    return at.astimezone(ZONE).strftime("%a %Y-%m-%d %H:%M")


def brute_force(cron: str, after: datetime) -> datetime | None:
    """The next slot found by looking at each minute of local time; days of the changes left out."""
    minute, hour, day, month, weekday = cron.split()
    at = after.replace(second=0, microsecond=0) + timedelta(minutes=1)
    for _ in range(60 * 24 * 40):
        here = at.astimezone(ZONE)
        fields = ((minute, here.minute), (hour, here.hour), (month, here.month))
        dom, dow = day in ("*", str(here.day)), weekday in ("*", str(here.isoweekday() % 7))
        days = dom or dow if "*" not in (day, weekday) else dom and dow
        if days and all(text in ("*", str(value)) for text, value in fields):
            return at
        at += timedelta(minutes=1)
    return None


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("30 17 * * *", "Tue 2026-12-01 17:30"),
        ("0 8 * * mon-fri", "Wed 2026-12-02 08:00"),
        ("0 8 * * 7", "Sun 2026-12-06 08:00"),
        ("0 8 * * 0", "Sun 2026-12-06 08:00"),
        ("0 8 * * fri-7", "Fri 2026-12-04 08:00"),
        ("*/20 13 * * *", "Tue 2026-12-01 13:20"),
        ("5/20 13 * * *", "Tue 2026-12-01 13:05"),
        ("0 9 24 dec *", "Thu 2026-12-24 09:00"),
        ("0 9 13 * fri", "Fri 2026-12-04 09:00"),
        ("0 9 */2 * sun", "Sun 2026-12-13 09:00"),
        ("0 9 29 2 *", "Tue 2028-02-29 09:00"),
        ("0 9,18 1 1,7 *", "Fri 2027-01-01 09:00"),
    ],
)
def test_rules_read_as_cron_reads_them(cron: str, expected: str) -> None:
    after = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)  # Tuesday, 13:00 in Kraków
    found = next_slot(Recurring(cron), after=after)
    assert found is not None
    assert local(found) == expected


@pytest.mark.parametrize(
    ("cron", "named"),
    [
        ("* * * *", "4 fields"),
        ("60 * * * *", "minute: 60"),
        ("* 24 * * *", "hour: 24"),
        ("* * 0 * *", "day of month: 0"),
        ("* * * 13 *", "month: 13"),
        ("* * * * 8", "day of week: 8"),
        ("5-1 * * * *", "minute: 5-1"),
        ("*/0 * * * *", "minute: \\*/0"),
        ("x * * * *", "minute: x"),
        ("1, * * * *", "minute: "),
        ("", "0 fields"),
    ],
)
def test_a_bad_rule_names_its_field(cron: str, named: str) -> None:
    with pytest.raises(BadCron, match=named):
        parse_cron(cron)


def test_a_rule_that_never_comes_due() -> None:
    assert next_slot(Recurring("0 0 31 4 *"), after=datetime(2026, 1, 1, tzinfo=UTC)) is None


def test_a_slot_in_the_spring_gap_fires_once_at_the_next_valid_instant() -> None:
    assert [local(at) for at in slots("30 2 * * *", SPRING)] == ["Sun 2027-03-28 03:00"]
    assert [local(at) for at in slots("*/15 1-3 * * *", SPRING)] == [
        f"Sun 2027-03-28 {wall}" for wall in ("01:00", "01:15", "01:30", "01:45", "03:00", "03:15", "03:30", "03:45")
    ]


def test_a_slot_in_the_autumn_fold_fires_once() -> None:
    assert slots("30 2 * * *", AUTUMN) == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC)]
    assert len(slots("0 * * * *", AUTUMN)) == 24


@given(hour=HOURS, minute=MINUTES, day=st.sampled_from([SPRING, AUTUMN, date(2026, 12, 1)]))
def test_a_daily_rule_fires_exactly_once_on_every_day(hour: int, minute: int, day: date) -> None:
    assert len(slots(f"{minute} {hour} * * *", day)) == 1


@settings(deadline=None)
@given(
    st.builds(
        "{} {} {} * {}".format, MINUTES, HOURS, st.just("*") | st.integers(1, 28), st.just("*") | st.integers(0, 6)
    ),
    INSTANTS,
)
def test_the_next_slot_is_what_looking_at_every_minute_finds(cron: str, after: datetime) -> None:
    found, expected = next_slot(Recurring(cron), after=after), brute_force(cron, after)
    # In the two changed hours looking at minutes finds no slot, or two; those days are shown above.
    near_change = any(at and at.astimezone(ZONE).hour in (2, 3) and at.month in (3, 10) for at in (found, expected))
    assert found == expected or near_change


@given(NEAR_CHANGES, st.sampled_from(["*/7 * * * *", "30 2 * * *", "0 */3 * * *", "15 8 * * mon"]))
def test_slots_rise_strictly_and_none_is_found_twice(start: datetime, cron: str) -> None:
    found, after = [], start
    for _ in range(5):
        slot = next_slot(Recurring(cron), after=after)
        assert slot is not None
        found.append(slot)
        after = slot
    assert all(earlier < later for earlier, later in pairwise([start, *found]))


@given(NEAR_CHANGES, st.timedeltas(timedelta(), timedelta(days=2)))
def test_no_slot_lies_between_an_instant_and_its_next_slot(after: datetime, ahead: timedelta) -> None:
    rule = Recurring("*/50 */5 * * *")
    slot = next_slot(rule, after=after)
    assert slot is not None
    if after + ahead < slot:
        assert next_slot(rule, after=after + ahead) == slot


def test_dates_to_skip_are_skipped() -> None:
    rule = Recurring("0 8 * * *", frozenset({date(2026, 12, 24), date(2026, 12, 25)}))
    found = next_slot(rule, after=datetime(2026, 12, 23, 12, tzinfo=UTC))
    assert found is not None
    assert local(found) == "Sat 2026-12-26 08:00"


def test_a_single_slot_comes_once() -> None:
    at = datetime(2026, 12, 1, 16, 30, tzinfo=UTC)
    assert next_slot(OneOff(at), after=at - timedelta(seconds=1)) == at
    assert next_slot(OneOff(at), after=at) is None


def test_local_times_are_read_as_utc() -> None:
    assert parse_local("2026-12-01 17:30") == datetime(2026, 12, 1, 16, 30, tzinfo=UTC)
    assert parse_local(" 2026-07-01 17:30 ").isoformat() == "2026-07-01T15:30:00+00:00"


@pytest.mark.parametrize(
    "text", ["", "tomorrow", "2026-02-30 10:00", "2026-12-01", "01.12.2026 17:30", "2026-12-01 24:30"]
)
def test_what_is_not_a_time_is_refused(text: str) -> None:
    with pytest.raises(NotATime, match="YYYY-MM-DD HH:MM"):
        parse_local(text)


def test_times_the_clocks_skip_or_repeat_are_refused() -> None:
    with pytest.raises(TimeDoesNotExist, match="clocks go forward"):
        parse_local("2027-03-28 02:30")
    with pytest.raises(TimeHappensTwice, match="clocks go back"):
        parse_local("2026-10-25 02:30")
    assert parse_local("2027-03-28 03:00") == datetime(2027, 3, 28, 1, tzinfo=UTC)
    assert parse_local("2026-10-25 03:00") == datetime(2026, 10, 25, 2, tzinfo=UTC)


@given(NEAR_CHANGES)
def test_what_people_read_can_be_written_back(at: datetime) -> None:
    written = at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M")
    try:
        assert parse_local(written) == at.replace(second=0, microsecond=0)
    except TimeHappensTwice:
        assert at.astimezone(ZONE).hour == 2


@pytest.mark.parametrize(
    ("wall", "quiet"), [("20:59", False), ("21:00", True), ("00:00", True), ("07:59", True), ("08:00", False)]
)
def test_quiet_hours_are_by_the_clock_on_the_wall(wall: str, quiet: bool) -> None:
    for day in ("2026-12-01", "2026-07-01"):
        assert in_quiet_hours(parse_local(f"{day} {wall}")) is quiet


@given(NEAR_CHANGES)
def test_quiet_hours_end_at_eight_and_within_half_a_day(at: datetime) -> None:
    end = end_of_quiet_hours(at)
    assert not in_quiet_hours(end)
    if in_quiet_hours(at):
        assert end.astimezone(ZONE).time() == time(8)
        assert timedelta() < end - at <= timedelta(hours=12)
    else:
        assert end == at


def test_quiet_hours_hold_all_but_alerts() -> None:
    night = parse_local("2026-12-01 23:00")
    assert release_at(Kind.ALERT, night) == night
    assert release_at(Kind.NEWS, night) == parse_local("2026-12-02 08:00")
    assert release_at(Kind.REMINDER, parse_local("2026-12-02 07:00")) == parse_local("2026-12-02 08:00")


# --- dates, windows, several slots


@pytest.mark.parametrize("text", ["", "24.12.2026", "2026-12-32", "2026-02-29", "2026-12-24 17:30", "tomorrow"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(NotADay, match="YYYY-MM-DD"):
        parse_day(text)


def test_a_date_is_read() -> None:
    assert parse_day(" 2028-02-29 ") == date(2028, 2, 29)


@pytest.mark.parametrize(
    ("text", "window"), [("6h", timedelta(hours=6)), ("1H", timedelta(hours=1)), (" 7d ", timedelta(days=7))]
)
def test_a_window_is_read(text: str, window: timedelta) -> None:
    assert parse_window(text) == window


@pytest.mark.parametrize("text", ["", "6", "h", "0h", "30m", "-6h", "6.5h", "8d", "169h", "999d", "6h 30m"])
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(NotAWindow, match="6h"):
        parse_window(text)


def test_slots_come_in_order_and_end_with_the_schedule() -> None:
    rule = Recurring("0 12 * * mon", frozenset({date(2026, 12, 7)}))
    start = parse_local("2026-12-01 12:00")

    assert next_slots(rule, 2, after=start) == [parse_local("2026-12-14 12:00"), parse_local("2026-12-21 12:00")]
    assert next_slots(OneOff(start), 3, after=start - timedelta(hours=1)) == [start]


CRONS = st.one_of(
    st.builds("{} {} * * {}".format, MINUTES, HOURS, st.sampled_from(("*", "mon", "tue,sun", "mon-fri"))),
    st.builds("{} {} {} * *".format, MINUTES, HOURS, st.integers(1, 31)),
    st.sampled_from(("* 2 * * sun", "*/20 1-3 * * *", "30 2 * * *", "0,59 2,3 25-31 3,10 *", "0 9 29 2 *")),
)
SKIPS = st.frozensets(st.sampled_from((SPRING, AUTUMN, AUTUMN + timedelta(days=1))))


@settings(deadline=None)
@given(CRONS, SKIPS, NEAR_CHANGES, st.timedeltas(timedelta(0), timedelta(days=40)))
def test_the_slots_of_a_span_are_those_that_come_next_one_after_another(
    cron: str, skip: frozenset[date], start: datetime, span: timedelta
) -> None:
    rule, end = Recurring(cron, skip), start + span
    walked, after = [], start - timedelta(microseconds=1)
    while (slot := next_slot(rule, after=after)) and slot < end:
        walked.append(slot)
        after = slot

    assert slots_between(rule, start, end) == walked


def test_a_single_slot_is_in_its_span_alone() -> None:
    at = datetime(2026, 12, 1, 11, tzinfo=UTC)
    minute = timedelta(minutes=1)

    assert slots_between(OneOff(at), at, at + minute) == [at]
    assert slots_between(OneOff(at), at - minute, at) == []
    assert slots_between(OneOff(at), at + minute, at + 2 * minute) == []


def test_a_rule_of_every_minute_fires_for_as_many_minutes_as_the_day_of_the_change_has() -> None:
    every_minute = Recurring("* * * * *")
    counts = {}
    for day in (SPRING, AUTUMN):
        start, end = (datetime.combine(one, time(), tzinfo=ZONE) for one in (day, day + timedelta(days=1)))
        counts[day] = len(slots_between(every_minute, start.astimezone(UTC), end.astimezone(UTC)))

    assert counts == {SPRING: 23 * 60, AUTUMN: 24 * 60}  # the hour that is repeated counts once
