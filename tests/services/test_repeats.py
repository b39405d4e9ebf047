"""The same workshop on further dates: the same wall time, whatever the clocks do."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.domain.areas import Area
from bot.domain.workshops import Workshop
from bot.services import repeats
from bot.services.repeats import MOST, DateTaken, Every, NoDates, TooManyDates
from bot.services.workshops import WorkshopInPast
from bot.storage import workshops
from bot.storage.database import Database
from scheduler.calendar import ZONE
from scheduler.errors import TimeDoesNotExist, TimeHappensTwice
from tests.support import NOON, add_workshop, texts


def workshop(starts: datetime, lasts: timedelta = timedelta(hours=2)) -> Workshop:
    return Workshop(
        id=1,
        area=Area.ROAD,
        title=texts("Bike"),
        about=texts("Ride"),
        place="Rynek 1",
        district=1,
        starts_at=starts,
        ends_at=(starts.replace(tzinfo=None) + lasts).replace(tzinfo=ZONE),
        capacity=10,
        owner="Fundacja",
    )


@given(
    first=st.dates(date(2026, 12, 2), date(2028, 12, 31)),
    wall=st.times(time(4), time(20)).map(lambda at: at.replace(second=0, microsecond=0)),
    lasts=st.integers(15, 2 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes)),
    every=st.sampled_from(Every),
    count=st.integers(1, MOST),
)
def test_each_copy_is_at_the_time_of_the_first_as_clocks_on_the_wall_show_it(
    first: date, wall: time, lasts: timedelta, every: Every, count: int
) -> None:
    original = workshop(datetime.combine(first, wall, tzinfo=ZONE), lasts)
    over = original.ends_at.astimezone(ZONE)
    assume(over.hour not in (2, 3))  # what the clocks skip or repeat is refused: see below

    planned = [one.plan for one in repeats.copies(original, repeats.days(first, every, count), NOON)]

    assert len(planned) == count
    for plan in planned:
        assert plan is not None
        starts, ends = plan.starts.astimezone(ZONE), plan.ends.astimezone(ZONE)
        assert starts.time() == wall
        assert ends.time() == over.time()
        assert ends.date() - starts.date() == over.date() - first
        assert starts.weekday() == first.weekday()
        assert starts.date() > first


@pytest.mark.parametrize(
    ("every", "days"),
    [
        (Every.WEEK, ["2027-01-07", "2027-01-14", "2027-01-21"]),
        (Every.FORTNIGHT, ["2027-01-14", "2027-01-28", "2027-02-11"]),
        (Every.MONTH, ["2027-01-28", "2027-02-25", "2027-03-25"]),  # 31 December is the fifth Thursday: then the last
    ],
)
def test_rules(every: Every, days: list[str]) -> None:
    assert [str(day) for day in repeats.days(date(2026, 12, 31), every, 3)] == days


def test_a_date_that_cannot_be_says_why_and_the_others_stand() -> None:
    night = workshop(datetime(2027, 3, 1, 2, 30, tzinfo=ZONE))
    dates = [date(2027, 10, 31), date(2027, 3, 28), date(2027, 3, 1), date(2026, 12, 1), date(2027, 4, 1)]

    found = repeats.copies(night, dates, NOON)

    assert [type(one.found).__name__ for one in found] == [
        WorkshopInPast.__name__,
        DateTaken.__name__,
        TimeDoesNotExist.__name__,
        "Plan",
        TimeHappensTwice.__name__,
    ]


def test_no_dates_and_too_many_are_refused() -> None:
    first = workshop(NOON)
    with pytest.raises(NoDates):
        repeats.copies(first, [], NOON)
    with pytest.raises(TooManyDates):
        repeats.copies(first, [date(2027, 1, 1) + timedelta(days=day) for day in range(MOST + 1)], NOON)


async def test_copies_can_be_booked_and_belong_to_the_same_partner(database: Database) -> None:
    async with database.begin() as conn:
        number = await add_workshop(conn, owner="Fundacja")
        first = await workshops.get(conn, number)
        assert first
        made = await repeats.repeat(conn, first, [date(2026, 12, 15), date(2026, 12, 8)], NOON)
        found = [await workshops.get(conn, copy) for copy, _ in made]
    assert [one and one.starts_at for one in found] == [NOON + timedelta(days=14)]  # the eighth is its own
    assert [one and (one.owner, one.title, one.capacity, one.taken) for one in found] == [
        ("Fundacja", first.title, 10, 0)
    ]
