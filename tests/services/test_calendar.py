"""A month of campaigns, and what the season suggests."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.services import calendar
from bot.services import campaigns as desk
from bot.services.calendar import Entry, coming_slots, month, month_after, month_before, read_month, span, suggestions
from bot.storage import staff
from bot.storage.audience import ResidentsAudience
from bot.storage.database import Connection, Database
from bot.storage.staff import Member, Role
from scheduler import lifecycle
from scheduler.calendar import ZONE, next_slot
from scheduler.model import Campaign, CampaignState, Kind, OneOff, Recurring, RunState, Schedule
from scheduler.planner import plan
from tests.support import NOON, add_resident, campaign, library

DECEMBER = date(2026, 12, 1)


def local(at: datetime) -> str:
    return at.astimezone(ZONE).strftime("%d %H:%M")


# --- the month's slots are those that the planner would open


RULES = st.one_of(
    st.builds("{} {} * * {}".format, st.integers(0, 59), st.integers(0, 23), st.sampled_from(("*", "mon,thu", "sun"))),
    st.builds("{} {} {} * *".format, st.integers(0, 59), st.integers(0, 23), st.integers(1, 31)),
    st.sampled_from(("30 2 * * *", "*/30 1-3 * * *", "0 9 1 1,3,10 *", "0 9 29 2 *")),
)
MONTHS = st.dates(date(2026, 1, 1), date(2028, 12, 31)).map(lambda day: day.replace(day=1))
DATES = st.frozensets(st.dates(date(2026, 1, 1), date(2028, 12, 31)), max_size=5)


@settings(deadline=None)
@given(RULES, DATES, MONTHS, st.timedeltas(timedelta(days=-400), timedelta(days=400)))
def test_a_month_holds_the_slots_that_come_one_after_another(
    cron: str, skip: frozenset[date], first: date, ahead: timedelta
) -> None:
    start, end = span(first)
    now = start + ahead
    skip = frozenset(day for day in skip if day > now.date())
    made = timed(Recurring(cron, skip), now)
    walked = []
    slot_at = made.next_at
    while slot_at and slot_at < end:
        if slot_at >= start:
            walked.append(slot_at)
        slot_at = next_slot(Recurring(cron, skip), after=slot_at)

    assert flat(made, start, end) == walked


def flat(made: Campaign, start: datetime, end: datetime) -> list[datetime]:
    """The slots of a span, each on its own day."""
    days = list(coming_slots(made, start, end))
    assert all(slot_at.astimezone(ZONE).date() == day for day, slots in days for slot_at in slots)
    return [slot_at for _, slots in days for slot_at in slots]


def timed(when: Schedule, now: datetime) -> Campaign:
    """A campaign that was given its time at an instant."""
    made = lifecycle.draft(kind=Kind.TIP, title="A title", content={}, audience={}, author="ed", now=now)
    approved = lifecycle.approve(lifecycle.submit(made, now), "ap", now)
    return lifecycle.schedule(approved, when, now)


@pytest.mark.parametrize(
    ("first", "rule", "expected"),
    [
        (date(2027, 3, 1), "30 2 * * sun", ["07 02:30", "14 02:30", "21 02:30", "28 03:00"]),
        (date(2026, 10, 1), "30 2 * * sun", ["04 02:30", "11 02:30", "18 02:30", "25 02:30"]),
        (date(2026, 10, 1), "0 17 24-26 * *", ["24 17:00", "25 17:00", "26 17:00"]),
    ],
)
def test_over_the_changes_of_the_clock_each_slot_stands_once_on_its_day(
    first: date, rule: str, expected: list[str]
) -> None:
    made = timed(Recurring(rule), datetime(2026, 9, 1, tzinfo=UTC))

    assert [local(slot_at) for slot_at in flat(made, *span(first))] == expected


@given(MONTHS)
def test_months_follow_one_another(first: date) -> None:
    assert month_before(month_after(first)) == first
    assert span(first)[1] == span(month_after(first))[0]


@pytest.mark.parametrize("text", ["", "2026-13", "1926-12", "2026-1", "2026-12-01", "٢٠٢٦-12"])
def test_what_is_no_month_shows_the_present_one(text: str) -> None:
    assert read_month(text, now=datetime(2026, 11, 30, 23, 30, tzinfo=UTC)) == DECEMBER


def test_a_month_is_read() -> None:
    assert read_month("2027-02", now=NOON) == date(2027, 2, 1)


# --- from the database


@pytest.fixture
async def office(database: Database) -> Database:
    """A database with people who work on campaigns."""
    async with database.begin() as conn:
        for name, role in (("ed", Role.EDITOR), ("ap", Role.APPROVER), ("pat", Role.PARTNER)):
            await staff.add(conn, Member(name, role), NOON)
    return database


async def scheduled(conn: Connection, when: Schedule, who: str = "ed", **changes: Any) -> Campaign:
    made = await desk.create(conn, library(), campaign(**changes), who=who, now=NOON)
    await desk.approve(conn, made.id, who="ap", now=NOON)
    return await desk.schedule(conn, made.id, when, now=NOON)


def shown(days: calendar.Days) -> list[tuple[int, str, int, str]]:
    return [(day.day, entry.title["pl"], len(entry.slots), entry.state.value) for day in days for entry in days[day]]


async def test_a_month_tells_what_has_left_and_what_will(office: Database) -> None:
    at_once, later = OneOff(NOON), OneOff(NOON + timedelta(days=2, hours=10))
    async with office.begin() as conn:
        await add_resident(conn, campaigns=True)
        sent = await scheduled(conn, at_once)
        await scheduled(conn, later, kind="news")
        weekly = await scheduled(conn, Recurring("0 9,17 * * mon"), who="pat", kind="quiz")
        await desk.skip(conn, weekly.id, date(2026, 12, 14), now=NOON)
        await desk.pause(conn, weekly.id, now=NOON)
        await scheduled(conn, OneOff(NOON + timedelta(days=40)))
        await desk.create(conn, library(), campaign(), who="ed", now=NOON)
    await plan(office.begin, ResidentsAudience(), NOON)
    async with office.read() as conn:
        days = await month(conn, DECEMBER)
        own = await month(conn, DECEMBER, created_by="pat")

    title = "Campaign jesien (pl)"
    mondays = [(day, title, 2, "paused") for day in (7, 21, 28)]
    assert shown(days) == [(1, title, 1, "running"), (3, title, 1, "scheduled"), *mondays]
    assert shown(own) == mondays
    (ran,), (held,) = days[DECEMBER], days[date(2026, 12, 3)]
    assert ran.run is not None
    assert (ran.run.state, ran.run.campaign_id) == (RunState.RUNNING, sent.id)
    assert held.is_held
    assert local(held.leaves_at) == "04 08:00"


def test_an_alert_is_not_held_by_the_night() -> None:
    night = datetime(2026, 12, 1, 22, tzinfo=UTC)

    assert not Entry(1, {"pl": "A title"}, Kind.ALERT, CampaignState.SCHEDULED, (night,)).is_held
    assert Entry(1, {"pl": "A title"}, Kind.TIP, CampaignState.SCHEDULED, (night,)).is_held


# --- the season


async def suggested(conn: Connection, at: datetime, **templates: tuple[str, ...]) -> list[tuple[str, str, int]]:
    books = library(campaigns=[campaign(name, dates=dates) for name, dates in templates.items()])
    found = await suggestions(conn, books, at)
    return [(one.template.id, f"{one.starts_on} {one.ends_on}", one.days) for one in found]


async def test_the_season_suggests_what_is_near_or_has_begun_and_not_what_is_in_hand(office: Database) -> None:
    async with office.begin() as conn:
        await desk.create(conn, library(), campaign("hand"), who="ed", now=NOON)
        found = await suggested(
            conn,
            NOON,
            soon=("12-13", "12-20"),
            now=("11-20", "12-05"),
            one=("12-01",),
            past=("11-01", "11-30"),
            far=("01-20", "02-20"),
            hand=("12-01", "12-31"),
            year=("12-29", "01-06"),
        )

    assert found == [
        ("one", "2026-12-01 2026-12-01", 0),
        ("now", "2026-11-20 2026-12-05", 0),
        ("soon", "2026-12-13 2026-12-20", 12),
        ("year", "2026-12-29 2027-01-06", 28),
    ]


async def test_a_season_over_the_new_year_goes_on_in_january_and_a_leap_day_is_found_in_any_year(
    office: Database,
) -> None:
    async with office.begin() as conn:
        january = await suggested(conn, datetime(2027, 1, 4, 12, tzinfo=UTC), year=("12-29", "01-06"))
        february = await suggested(conn, datetime(2027, 2, 20, 12, tzinfo=UTC), leap=("02-29",))

    assert january == [("year", "2026-12-29 2027-01-06", 0)]
    assert february == [("leap", "2027-02-28 2027-02-28", 8)]
