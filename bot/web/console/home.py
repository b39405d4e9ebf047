"""The first page: what needs this member now, and how the programme is doing."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from starlette.responses import Response

from bot.domain.areas import Area
from bot.domain.messages import Plain
from bot.domain.suppression import FEWEST
from bot.services import calendar, staff, today
from bot.services.snapshots import BEGUN, OTHER, PLACES, Figure
from bot.storage import snapshots as figures
from bot.storage.database import Connection
from bot.storage.staff import Role
from bot.web.console.visit import Route, Visit
from scheduler.calendar import ZONE

DAYS = 90
WEEKS = 13
WEEK = timedelta(days=7)
SUGGESTED = 3
"""Templates in season; the calendar has the rest."""
SUBSCRIPTIONS = ("alerts", "campaigns", "daily_tips")
Series = list[tuple[str, list[int | None]]]
"""Lines of a plot: a name, and a number for each point in time (None: it is not known, or too small to be shown)."""


async def home(visit: Visit) -> Response:
    """What is on this member's desk; with plots for who may see numbers."""
    async with visit.house.database.read() as conn:
        desk = await today.look(conn, visit.house.library, visit.member, visit.now)
        plots = await _plots(visit, conn) if visit.may("see_numbers") else None
        season = await calendar.suggestions(conn, visit.house.library, visit.now) if visit.may("create") else []
    return visit.page(
        "home.html",
        desk=desk,
        plots=plots,
        season=season[:SUGGESTED],
        broken=_broken(visit),
        today=visit.now.astimezone(ZONE).date(),
    )


def _broken(visit: Visit) -> Sequence[str]:
    """What is wrong with the newest edit of the content, for those who can put it right."""
    error = visit.house.shelf.broken
    if error is None or visit.member.role is Role.PARTNER or not staff.may(visit.member.role, "create"):
        return ()
    return [str(problem) for problem in error.problems]


# --- plots


async def _plots(visit: Visit, conn: Connection) -> Mapping[str, object]:
    now_on = visit.now.astimezone(ZONE).date()
    days = [now_on - timedelta(days=back) for back in range(DAYS, 0, -1)]
    monday = now_on - timedelta(days=now_on.weekday())
    weeks = [monday - back * WEEK for back in range(WEEKS - 1, -1, -1)]
    found = await figures.since(conn, min(days[0], weeks[0]), [*SUBSCRIPTIONS, BEGUN, PLACES])
    said = visit.looks.words.day
    return {
        "days": [said(day, visit.language) for day in days],
        "subscribers": _subscribers(visit, found, days),
        "weeks": [said(week, visit.language) for week in weeks],
        "attempts": _by_week(visit, found, weeks, BEGUN),
        "places": _by_week(visit, found, weeks, PLACES),
    }


def _subscribers(visit: Visit, found: Iterable[Figure], days: Sequence[date]) -> Series:
    sums: dict[tuple[str, date], int] = {}
    for one in found:
        sums[one.measure, one.day] = sums.get((one.measure, one.day), 0) + one.count
    return [
        (visit.say(f"figures.consent.{measure}"), [_shown(sums.get((measure, day))) for day in days])
        for measure in SUBSCRIPTIONS
    ]


def _by_week(visit: Visit, found: Iterable[Figure], weeks: Sequence[date], measure: str) -> Series:
    """A line for each area; the last week may not be over yet."""
    sums: dict[tuple[str, date], int] = {}
    known: set[date] = set()
    for one in found:
        week = one.day - timedelta(days=one.day.weekday())
        known.add(week)
        if one.measure == measure:
            sums[one.part, week] = sums.get((one.part, week), 0) + one.count
    parts = [*Area, *((OTHER,) if any(count for (part, _), count in sums.items() if part == OTHER) else ())]
    return [
        (_area(visit, part), [_shown(sums.get((part, week), 0)) if week in known else None for week in weeks])
        for part in parts
    ]


def _shown(count: int | None) -> int | None:
    """A number in which nobody can be recognised."""
    return None if count is None or 0 < count < FEWEST else count


def _area(visit: Visit, part: str) -> str:
    if part == OTHER:
        return visit.say("today.other")
    return visit.looks.words.label(Plain(visit.house.library.programme.areas[Area(part)].name), visit.language)


ROUTES = (Route("GET", "", "sign_in", home),)
