"""The month of campaigns, as a grid and as a list, and what the season suggests."""

from calendar import Calendar
from collections.abc import Mapping
from datetime import date
from typing import Any

from starlette.responses import Response

from bot.services import calendar as service
from bot.services.calendar import Days, Entry
from bot.web.console import telling
from bot.web.console.campaigns import only_by
from bot.web.console.visit import Route, Visit
from scheduler.calendar import QUIET_FROM, QUIET_UNTIL, ZONE

TIMES_SHOWN = 3
"""Of one campaign on one day; the others are counted."""


async def month(visit: Visit) -> Response:
    """A month: `?month=2026-12`, the present one if none is named; `?form=list` has a line for each day."""
    first = service.read_month(visit.query.get("month", ""), now=visit.now)
    async with visit.house.database.read() as conn:
        days = await service.month(conn, first, created_by=only_by(visit))
        suggested = await service.suggestions(conn, visit.house.library, visit.now) if visit.may("create") else []
    words = visit.looks.words
    return visit.page(
        "calendar.html",
        as_list=visit.query.get("form") == "list",
        title=words.month(first, visit.language),
        first=first,
        before=service.month_before(first),
        after=service.month_after(first),
        today=visit.now.astimezone(ZONE).date(),
        weeks=_weeks(first),
        days=days,
        entries=_entries(visit, days),
        weekdays=[telling.weekday(visit, place) for place in range(len(telling.WEEKDAYS))],
        weekday_of=lambda day: words.weekday(day, visit.language),
        tip_hours=(f"{QUIET_UNTIL:%H}", f"{QUIET_FROM:%H}"),
        suggestions=suggested,
        tones=telling.TONES,
    )


def _weeks(first: date) -> list[list[date | None]]:
    """The month's dates by weeks from Monday; None for those of the months beside it."""
    weeks = Calendar().monthdatescalendar(first.year, first.month)
    return [[day if day.month == first.month else None for day in week] for week in weeks]


def _entries(visit: Visit, days: Days) -> Mapping[date, list[Mapping[str, Any]]]:
    return {day: [_entry(visit, entry) for entry in entries] for day, entries in days.items()}


def _entry(visit: Visit, entry: Entry) -> Mapping[str, Any]:
    words = visit.looks.words
    times = [words.time(at) for at in entry.slots[:TIMES_SHOWN]]
    return {
        "number": entry.number,
        "title": entry.title,
        "kind": entry.kind,
        "state": entry.state,
        "times": times,
        "more": len(entry.slots) - len(times),
        "held_until": _held_until(visit, entry),
        "run": entry.run,
    }


def _held_until(visit: Visit, entry: Entry) -> str:
    """When quiet hours let the first of them go, if they hold it: the time, with its date if that is another."""
    if entry.run or not entry.is_held:
        return ""
    words, days = visit.looks.words, [at.astimezone(ZONE).date() for at in (entry.slots[0], entry.leaves_at)]
    return words.time(entry.leaves_at) if days[0] == days[1] else words.moment(entry.leaves_at, visit.language)


ROUTES = (Route("GET", "/campaigns/calendar", "see_campaigns", month),)
