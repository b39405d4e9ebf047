"""The form that gives a campaign its time."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.web.console.timing import Timing, Wrong, filled_in, read_timing
from scheduler import lifecycle
from scheduler.calendar import ZONE, slots_between
from scheduler.errors import TimeDoesNotExist, TimeHappensTwice
from scheduler.model import Campaign, Kind, OneOff, Recurring, Schedule
from tests.support import NOON

TIMES = st.times().map(lambda at: f"{at:%H:%M}")
DAYS = st.lists(st.sampled_from(("mon", "tue", "wed", "thu", "fri", "sat", "sun")), min_size=1, max_size=7)
FORMS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.fixed_dictionaries({"how": st.just("daily"), "time": TIMES}),
    st.fixed_dictionaries({"how": st.just("weekly"), "time": TIMES, "weekdays": DAYS}),
    st.fixed_dictionaries({"how": st.just("monthly"), "time": TIMES, "month_day": st.integers(1, 31)}),
    st.fixed_dictionaries({"how": st.just("cron"), "cron": st.sampled_from(("*/5 9-17 * * 1-5", "0 9 1 jan,jul *"))}),
)


def read(**fields: Any) -> Schedule | Wrong:
    return read_timing(Timing.model_validate({"window": 24} | fields), NOON)


def timed(when: Schedule) -> Campaign:
    """A campaign with this time."""
    made = lifecycle.draft(kind=Kind.TIP, title="A title", content={}, audience={}, author="ed", now=NOON)
    return lifecycle.schedule(lifecycle.approve(lifecycle.submit(made, NOON), "ap", NOON), when, NOON)


@settings(deadline=None)
@given(FORMS)
def test_a_rule_comes_back_as_the_choices_that_made_it(fields: dict[str, Any]) -> None:
    rule = read(**fields)
    assert isinstance(rule, Recurring)
    again = {name: value for name, value in filled_in(timed(rule)).items() if value != ""}

    assert read(**again) == rule
    assert again["how"] == fields["how"]


@settings(deadline=None)
@given(st.datetimes(datetime(2026, 12, 2), datetime(2030, 1, 1)))  # noqa: DTZ001 - what a person types has no zone
def test_a_moment_is_taken_as_the_city_says_it_unless_it_is_none_or_two(wall: datetime) -> None:
    typed = f"{wall:%Y-%m-%dT%H:%M}"
    found = read(how="once", at=typed)
    if isinstance(found, OneOff):
        assert f"{found.at.astimezone(ZONE):%Y-%m-%dT%H:%M}" == typed
        assert filled_in(timed(found))["at"] == typed
    else:
        assert isinstance(found, Wrong)
        assert isinstance(found.error, TimeDoesNotExist | TimeHappensTwice)


@settings(deadline=None)
@given(TIMES, st.lists(st.sampled_from(range(7)), min_size=1, max_size=7, unique=True))
def test_a_weekly_rule_leaves_on_the_days_that_were_ticked_and_no_others(at: str, places: list[int]) -> None:
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    rule = read(how="weekly", time=at, weekdays=[names[place] for place in places])
    assert isinstance(rule, Recurring)
    monday = datetime.combine(date(2027, 1, 4), time(), tzinfo=ZONE).astimezone(UTC)
    slots = [slot_at.astimezone(ZONE) for slot_at in slots_between(rule, monday, monday + timedelta(days=7))]

    assert [slot.weekday() for slot in slots] == sorted(places)
    assert {f"{slot:%H:%M}" for slot in slots} == {at}
