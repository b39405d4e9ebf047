"""When things are due: recurrence, quiet hours and both changes of the clock, in Kraków's time. Pure.

A slot in the hour that spring skips fires once, at the first instant after the gap; a slot in the hour that autumn
repeats fires once, the first time round.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache, partial
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from scheduler.errors import BadCron, NotADay, NotATime, NotAWindow, TimeDoesNotExist, TimeHappensTwice
from scheduler.model import Kind, OneOff, Schedule, minds_quiet_hours

ZONE = ZoneInfo("Europe/Warsaw")
QUIET_FROM = time(21)
QUIET_UNTIL = time(8)
HORIZON_DAYS = 366 * 8
"""How far ahead a rule is followed: 29 February can be eight years away."""

YEARS = range(2000, 2200)
"""What else is written as a year is a slip; and near the ends of the calendar there is no counting with zones."""

SHORTEST_WINDOW = timedelta(hours=1)
LONGEST_WINDOW = timedelta(days=7)

_MINUTE = timedelta(minutes=1)
_WINDOW = re.compile(r"(\d{1,3})([hd])")
_FIELDS = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of month", 1, 31, ()),
    ("month", 1, 12, ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")),
    ("day of week", 0, 7, ("sun", "mon", "tue", "wed", "thu", "fri", "sat")),
)


@dataclass(frozen=True, slots=True)
class Cron:
    """A rule taken apart. `either`: both kinds of day are restricted, and then one of them is enough (cron(5))."""

    times: tuple[time, ...]
    since_midnight: tuple[timedelta, ...]
    """The times as spans, on a day without a change of the clock."""
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either: bool

    def on(self, day: date) -> bool:
        """Whether the rule has slots on this date."""
        if day.month not in self.months:
            return False
        by_day, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return by_day or by_weekday if self.either else by_day and by_weekday


@lru_cache(maxsize=256)
def parse_cron(rule: str) -> Cron:
    """Take a five-field rule apart: lists, ranges, steps, English names of months and weekdays, 0 and 7 for Sunday.

    Raises:
        BadCron: a field is missing, unreadable or out of its range; the error names it.
    """
    parts = rule.lower().split()
    if len(parts) != len(_FIELDS):
        raise BadCron(f"{len(parts)} fields")
    minutes, hours, days, months, weekdays = (_field(text, *spec) for text, spec in zip(parts, _FIELDS, strict=True))
    times = tuple(time(hour, minute) for hour in sorted(hours) for minute in sorted(minutes))
    return Cron(
        times=times,
        since_midnight=tuple(timedelta(hours=wall.hour, minutes=wall.minute) for wall in times),
        days=days,
        months=months,
        weekdays=frozenset(day % 7 for day in weekdays),
        either=not (parts[2].startswith("*") or parts[4].startswith("*")),
    )


def _field(text: str, name: str, low: int, high: int, words: tuple[str, ...]) -> frozenset[int]:
    values: set[int] = set()
    for item in text.split(","):
        span, slash, step = item.partition("/")
        try:
            first, last = _span(span, low, high, words, stepped=bool(slash))
            every = int(step) if slash else 1
        except ValueError as error:
            raise BadCron(f"{name}: {item}") from error
        if not (low <= first <= last <= high and every > 0):
            raise BadCron(f"{name}: {item}")
        values.update(range(first, last + 1, every))
    return frozenset(values)


def _span(text: str, low: int, high: int, words: tuple[str, ...], *, stepped: bool) -> tuple[int, int]:
    if text == "*":
        return low, high
    first, dash, last = text.partition("-")
    start = _number(first, low, words)
    if dash:
        return start, _number(last, low, words)
    return start, high if stepped else start


def _number(text: str, low: int, words: tuple[str, ...]) -> int:
    return words.index(text) + low if text in words else int(text)


def next_slot(schedule: Schedule, *, after: datetime) -> datetime | None:
    """The first slot strictly after an instant, in UTC; None when there is none."""
    if isinstance(schedule, OneOff):
        return schedule.at if schedule.at > after else None
    cron = parse_cron(schedule.cron)
    for day in _days_from(after.astimezone(ZONE).date()):
        if day in schedule.skip or not cron.on(day):
            continue
        # Instants rise with wall time (a gap only makes some equal), so the times of a day can be bisected.
        index = bisect_right(cron.times, after, key=partial(_instant, day))
        if index < len(cron.times):
            return _instant(day, cron.times[index])
    return None


def next_slots(schedule: Schedule, count: int, *, after: datetime) -> list[datetime]:
    """The first `count` slots strictly after an instant, or as many as there are."""
    return list(islice(_slots(schedule, after), count))


def slots_between(schedule: Schedule, start: datetime, end: datetime) -> list[datetime]:
    """All slots from `start` on and before `end`, in order."""
    return [slot_at for _, slots in slots_by_day(schedule, start, end) for slot_at in slots]


def slots_by_day(schedule: Schedule, start: datetime, end: datetime) -> Iterator[tuple[date, list[datetime]]]:
    """The same by Kraków's dates, those alone that have any. Cheap also for a rule of every minute."""
    if isinstance(schedule, OneOff):
        if start <= schedule.at < end:
            yield schedule.at.astimezone(ZONE).date(), [schedule.at]
        return
    cron, first = parse_cron(schedule.cron), start.astimezone(ZONE).date()
    for day in takewhile(lambda day: _instant(day, time()) < end, _days_from(first)):
        if day not in schedule.skip and cron.on(day):
            slots = _instants(day, cron)
            if within := slots[bisect_left(slots, start) : bisect_left(slots, end)]:
                yield day, within


def _instants(day: date, cron: Cron) -> list[datetime]:
    """The instants of a rule's times on a day, each once."""
    midnight = _instant(day, time())
    if _instant(day + timedelta(days=1), time()) - midnight != timedelta(days=1):
        return sorted({_instant(day, wall) for wall in cron.times})
    return [midnight + span for span in cron.since_midnight]


def _slots(schedule: Schedule, after: datetime) -> Iterator[datetime]:
    while slot_at := next_slot(schedule, after=after):
        yield slot_at
        after = slot_at


def _days_from(first: date) -> Iterator[date]:
    return (first + timedelta(days=ahead) for ahead in range(HORIZON_DAYS))


def _instant(day: date, wall: time) -> datetime:
    """The instant of a wall time: the first of two, or the first one after a gap."""
    local = datetime.combine(day, wall)
    while not _exists(local):
        local += _MINUTE
    return local.replace(tzinfo=ZONE).astimezone(UTC)


def _exists(local: datetime) -> bool:
    return local.replace(tzinfo=ZONE).astimezone(UTC).astimezone(ZONE).replace(tzinfo=None) == local


def parse_local(text: str) -> datetime:
    """Read `2026-12-01 17:30`, said in Kraków's time, as an instant in UTC.

    Raises:
        NotATime: it is not written like that, or there is no such date.
        TimeDoesNotExist: the clocks skip it in spring.
        TimeHappensTwice: the clocks repeat it in autumn.
    """
    try:
        local = datetime.strptime(text.strip(), "%Y-%m-%d %H:%M")  # noqa: DTZ007 - the zone is added below
    except ValueError as error:
        raise NotATime(text.strip()[:40]) from error
    if local.year not in YEARS:
        raise NotATime(text.strip()[:40])
    if not _exists(local):
        raise TimeDoesNotExist(text.strip())
    aware = local.replace(tzinfo=ZONE)
    if aware.utcoffset() != aware.replace(fold=1).utcoffset():
        raise TimeHappensTwice(text.strip())
    return aware.astimezone(UTC)


def parse_day(text: str) -> date:
    """Read a date written `2026-12-24`. Raises NotADay."""
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d").date()  # noqa: DTZ007 - a date has no zone
    except ValueError as error:
        raise NotADay(text.strip()[:40]) from error


def parse_window(text: str) -> timedelta:
    """Read how long after its time a message may still leave: `6h`, `2d`. Raises NotAWindow."""
    found = _WINDOW.fullmatch(text.strip().lower())
    if found is None:
        raise NotAWindow(text.strip()[:40])
    return check_window(timedelta(**{{"h": "hours", "d": "days"}[found[2]]: int(found[1])}))


def check_window(window: timedelta) -> timedelta:
    """The same window. Raises NotAWindow when it is too short to send in, or so long that what arrives is stale."""
    if not SHORTEST_WINDOW <= window <= LONGEST_WINDOW:
        raise NotAWindow(str(window))
    return window


def in_quiet_hours(at: datetime) -> bool:
    """Whether an instant lies between 21:00 and 8:00 in Kraków."""
    wall = at.astimezone(ZONE).time()
    return wall >= QUIET_FROM or wall < QUIET_UNTIL


def end_of_quiet_hours(at: datetime) -> datetime:
    """The next 8:00 in Kraków if the instant lies in quiet hours; otherwise the instant itself."""
    if not in_quiet_hours(at):
        return at
    local = at.astimezone(ZONE)
    morning = local.date() + timedelta(days=local.time() >= QUIET_FROM)
    return _instant(morning, QUIET_UNTIL)


def release_at(kind: Kind, slot_at: datetime) -> datetime:
    """When a slot may really start: quiet hours move all but alerts to their end."""
    return end_of_quiet_hours(slot_at) if minds_quiet_hours(kind) else slot_at
