"""Makes a year's report out of the database. It reads nearly everything, which takes seconds in a large city."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from bot.catalogue.library import Library
from bot.domain.areas import Area
from bot.domain.suppression import Tally
from bot.services.programme_report import cells, effect, reach
from bot.services.programme_report.messages import Messages, campaigns_table, messages
from bot.services.programme_report.model import COLUMNS, TOTAL, Gap, Name, Report, Row, Table, Value
from bot.services.snapshots import SUBSCRIBERS
from bot.storage import yearly, yearly_events
from bot.storage.database import Connection
from bot.storage.yearly import Extent, Frame
from bot.storage.yearly_events import Held
from scheduler.calendar import ZONE

MILLION = 1_000_000
SNAPSHOT_WITHIN = timedelta(days=3)
"""A month's end is as the last night of so many tells it; before that it was not measured."""
CONSENTS = ("daily_tips", "alerts", "campaigns")
"""The measures of the nightly counts, one for each column."""


def year_of(now: datetime) -> int:
    """The year it is in Kraków."""
    return now.astimezone(ZONE).year


def frame_of(library: Library, year: int) -> Frame:
    """A year from midnight to midnight in Kraków, and the areas of what is taught."""
    firsts = [(year, month) for month in range(1, 13)] + [(year + 1, 1)]
    return Frame(
        bounds=tuple(datetime(*first, 1, tzinfo=ZONE).astimezone(UTC) for first in firsts),
        quizzes={area: [one.id for one in library.quizzes.values() if one.area is area] for area in Area},
        tips={area: [one.id for one in library.tips.values() if one.area is area] for area in Area},
    )


async def count(conn: Connection, library: Library, year: int, now: datetime) -> Report:
    """The report of a year as it is now."""
    frame = frame_of(library, year)
    extent = await yearly.extent(conn, frame)
    states = reach.month_states(frame, extent.since, now)
    found = await reach.reach(conn, frame)
    sent = await messages(conn, library, frame)
    areas = reach.by_area(found, sent)
    reached = [
        _key(areas, extent, sent),
        _cost(library, year, areas),
        areas,
        reach.by_month(found, sent, states),
        reach.by_district(found),
        *reach.crossed(found, states),
    ]
    tables = [
        *(reached if None in states else map(_measured, reached)),
        effect.gain_table(await yearly.pairs(conn, frame)),
        workshops_table(await yearly_events.workshops_of(conn, frame), now),
        campaigns_table(sent),
        await _consents(conn, frame, now),
    ]
    return Report(year, now, frame.end > now, extent.demo, tuple(tables))


def _measured(table: Table) -> Table:
    """Where nobody used the bot yet, what they did is not nought: it was not measured."""
    keys = [key for key, _ in COLUMNS[table.name]]

    def told(key: str, value: Value) -> Value:
        return value if key in reach.KNOWN or value == Gap.AHEAD else Gap.UNMEASURED

    rows = (Row(row.key, tuple(map(told, keys, row.values))) for row in table.rows)
    return Table(table.name, tuple(rows))


def _key(areas: Table, extent: Extent, sent: Messages) -> Table:
    values: dict[str, Value] = {
        **areas.row(TOTAL),
        "joined": cells.alone(cells.of_people(extent.joined)),
        "messages": sent.total,
        "pupils": cells.alone(cells.of_people(extent.pupils)),
    }
    return Table(Name.KEY, (Row(TOTAL, tuple(values[key] for key, _ in COLUMNS[Name.KEY])),))


def _cost(library: Library, year: int, areas: Table) -> Table:
    millions = next((one.million_pln for one in library.programme.budget if one.year == year), None)
    budget: Value = Gap.UNMEASURED if millions is None else round(millions * MILLION)
    active = areas.row(TOTAL)["active"]
    known = isinstance(budget, int) and isinstance(active, int) and active
    gap = Gap.HIDDEN if active == Gap.HIDDEN else Gap.UNMEASURED
    cost: Value = budget / active if known else gap  # type: ignore[operator] # both are numbers if known
    return Table(Name.COST, (Row(TOTAL, (budget, active, cost)),))


# --- workshops


def workshops_table(found: list[Held], now: datetime) -> Table:
    """Workshops of each area; booked and attended places of those that were held."""
    groups = [[one for one in found if one.area is area] for area in Area]
    held = [[one for one in group if _was_held(one, now)] for group in groups]
    booked, all_booked = cells.line([_places(group, "booked") for group in held])
    attended, all_attended = _attended(held)
    rows = [_workshops(*line, now) for line in zip(Area, groups, booked, attended, strict=True)]
    return Table(Name.WORKSHOPS, (*rows, _workshops(TOTAL, found, all_booked, all_attended, now)))


def _was_held(one: Held, now: datetime) -> bool:
    return not one.cancelled and one.ends_at <= now


def _attended(held: list[list[Held]]) -> tuple[list[Value], Value]:
    """Places used in each group; where nobody noted who came, that is not nought."""
    noted = [any(one.noted for one in group) for group in held]
    shown, total = cells.line(
        [_places(group, "attended") for group, any_noted in zip(held, noted, strict=True) if any_noted]
    )
    values = iter(shown)
    return [next(values) if any_noted else Gap.UNMEASURED for any_noted in noted], total if any(
        noted
    ) else Gap.UNMEASURED


def _places(group: list[Held], what: str) -> Tally:
    return cells.of_people(sum(getattr(one, what) for one in group))


def _workshops(key: str, group: list[Held], booked: Value, attended: Value, now: datetime) -> Row:
    held = [one for one in group if _was_held(one, now)]
    off = sum(one.cancelled for one in group)
    came, noted = sum(one.attended for one in held), sum(one.noted for one in held)
    values = (len(held), off, len(group) - len(held) - off, sum(one.capacity for one in held), booked, attended)
    return Row(str(key), (*values, cells.share(came, noted, attended)))


# --- consents


async def _consents(conn: Connection, frame: Frame, now: datetime) -> Table:
    """How many agreed to what at the end of each month; of the present month, last night."""
    span = (frame.start.astimezone(ZONE).date(), frame.end.astimezone(ZONE).date())
    found = await yearly_events.snapshots_on(conn, *span, SUBSCRIBERS)
    nights = {(day, measure): count for day, measure, count in found}
    months = enumerate(pairwise(frame.bounds), start=1)
    rows = (Row(str(month), _at_end(nights, start, end, now)) for month, (start, end) in months)
    return Table(Name.CONSENTS, tuple(rows))


def _at_end(nights: dict[tuple[date, str], int], start: datetime, end: datetime, now: datetime) -> tuple[Value, ...]:
    if start > now:
        return (Gap.AHEAD,) * len(CONSENTS)
    until = min(end - timedelta(seconds=1), now).astimezone(ZONE).date()
    days = [until - timedelta(days=back) for back in range(SNAPSHOT_WITHIN.days)]
    day = next((one for one in days if any((one, measure) in nights for measure in SUBSCRIBERS)), None)
    if day is None:
        return (Gap.UNMEASURED,) * len(CONSENTS)
    return tuple(cells.alone(cells.of_people(nights.get((day, measure), 0))) for measure in CONSENTS)
