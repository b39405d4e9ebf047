"""A workshop once more: on further dates, at the same time of the day."""

from calendar import monthcalendar
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import islice

from bot.domain.errors import BotError
from bot.domain.workshops import Workshop
from bot.services import workshops
from bot.services.workshops import Plan, WorkshopInPast, plan_of
from bot.storage.database import Connection
from scheduler.calendar import ZONE, parse_local
from scheduler.errors import CalendarError

MOST = 26
"""Copies made at once: half a year of weeks, a year of fortnights."""


class TooManyDates(BotError):
    """That is too many dates at once: 26 is the most."""


class NoDates(BotError):
    """Choose one date at least."""


class DateTaken(BotError):
    """This workshop is on that date already."""


class Every(StrEnum):
    """How often."""

    WEEK = "week"
    FORTNIGHT = "fortnight"
    MONTH = "month"
    """On the same weekday: the second Saturday, or the last if there is no fifth."""


@dataclass(frozen=True, slots=True)
class Copy:
    """One date, and the workshop there or the reason why there can be none."""

    day: date
    found: Plan | BotError | CalendarError

    @property
    def plan(self) -> Plan | None:
        """The workshop there."""
        return self.found if isinstance(self.found, Plan) else None


def days(first: date, every: Every, count: int) -> list[date]:
    """The next `count` dates after the first, itself not among them."""
    return list(islice(_after(first, every), min(count, MOST)))


def _after(first: date, every: Every) -> Iterator[date]:
    step = timedelta(weeks=2 if every is Every.FORTNIGHT else 1)
    place, day = (first.day - 1) // 7, first
    while True:
        day = _same_weekday(day, first.weekday(), place) if every is Every.MONTH else day + step
        yield day


def _same_weekday(day: date, weekday: int, place: int) -> date:
    """In the month after this date: its first (0), second, … such weekday, or the last."""
    following = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    weeks = monthcalendar(following.year, following.month)
    found = [week[weekday] for week in weeks if week[weekday]]
    return following.replace(day=found[min(place, len(found) - 1)])


def copies(workshop: Workshop, dates: Iterable[date], now: datetime) -> list[Copy]:
    """What would be made, soonest first, at the same time of the day on either side of a change of the clock.

    Raises NoDates, TooManyDates.
    """
    wanted = sorted(set(dates))
    if not wanted:
        raise NoDates
    if len(wanted) > MOST:
        raise TooManyDates
    return [_copy(workshop, day, now) for day in wanted]


def _copy(workshop: Workshop, day: date, now: datetime) -> Copy:
    starts, ends = (at.astimezone(ZONE) for at in (workshop.starts_at, workshop.ends_at))
    if day == starts.date():
        return Copy(day, DateTaken())
    try:
        begins = _at(day, starts.time())
        over = _at(day + (ends.date() - starts.date()), ends.time())
    except CalendarError as error:
        return Copy(day, error)
    if begins <= now:
        return Copy(day, WorkshopInPast())
    return Copy(day, plan_of(workshop).model_copy(update={"starts": begins, "ends": over}))


def _at(day: date, wall: time) -> datetime:
    """The instant of a time of the day in Kraków. Raises CalendarError where the clocks skip or repeat it."""
    return parse_local(f"{day} {wall:%H:%M}")


async def repeat(conn: Connection, workshop: Workshop, dates: Iterable[date], now: datetime) -> list[tuple[int, Plan]]:
    """Make those that can be, for whoever runs the first; returns their numbers. Raises NoDates, TooManyDates."""
    planned = [one.plan for one in copies(workshop, dates, now) if one.plan]
    if not planned:
        raise NoDates
    return [(await workshops.create(conn, plan, now, owner=workshop.owner), plan) for plan in planned]
