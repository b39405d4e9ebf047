"""What people did and learned in a year, in totals by month, area and district. It reads everything: run it beside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Float,
    Integer,
    Select,
    String,
    case,
    cast,
    func,
    literal,
    null,
    select,
    union_all,
)

from bot.domain.areas import Area
from bot.domain.workshops import BookingState
from bot.storage.database import Connection
from bot.storage.tables import answers, attempts, bookings, residents, tips_seen, workshops
from scheduler.tables import UtcDateTime, runs


@dataclass(frozen=True, slots=True)
class Frame:
    """What a year is, and where what was learned in it belongs."""

    bounds: tuple[datetime, ...]
    """The thirteen instants between which its months lie."""
    quizzes: Mapping[Area, Sequence[str]]
    tips: Mapping[Area, Sequence[str]]

    @property
    def start(self) -> datetime:
        """Its first instant."""
        return self.bounds[0]

    @property
    def end(self) -> datetime:
        """The first instant after it."""
        return self.bounds[-1]

    def holds(self, at: ColumnElement[datetime]) -> ColumnElement[bool]:
        """Whether an instant lies in the year."""
        return (at >= self.start) & (at < self.end)

    def month(self, at: ColumnElement[datetime]) -> ColumnElement[int]:
        """The month of an instant, 1–12."""
        ends = enumerate(self.bounds[1:-1], start=1)
        return case(*((at < bound, literal(number)) for number, bound in ends), else_=literal(12))


@dataclass(frozen=True, slots=True)
class Group:
    """One group of rows: how many, how many of them came to their end, and how many residents they are of."""

    key: tuple[Any, ...]
    count: int
    part: int
    """Of attempts: those finished; of answers: those right."""
    people: int


# --- what people did


async def attempts_by(conn: Connection, frame: Frame, *by: str) -> list[Group]:
    """Residents' attempts begun in the year, and those of them that were finished, by columns of `_attempts`."""
    return await _count(conn, _attempts(frame), by)


async def tips_by(conn: Connection, frame: Frame, *by: str) -> list[Group]:
    """Tips by the resident who last saw them in the year."""
    return await _count(conn, _tips(frame), by)


async def acts_by(conn: Connection, frame: Frame, *by: str) -> list[Group]:
    """All that residents did in the year: attempts begun, tips seen, places booked."""
    return await _count(conn, union_all(_attempts(frame), _tips(frame), _places(frame)), by)


async def answers_by(conn: Connection, frame: Frame, *by: str) -> list[Group]:
    """Residents' answers in the year, and those of them that were right; a mixture's by the areas of its questions."""
    query = (
        select(
            attempts.c.resident_id.label("resident"),
            _area(answers.c.quiz, frame.quizzes).label("area"),
            cast(answers.c.right, Integer).label("part"),
        )
        .join(attempts, attempts.c.id == answers.c.attempt_id)
        .where(frame.holds(answers.c.at), attempts.c.resident_id.is_not(None))
    )
    return await _count(conn, query, by)


def _attempts(frame: Frame) -> Select[Any]:
    return _acts(
        frame,
        attempts.c.resident_id,
        attempts.c.started_at,
        _area(attempts.c.quiz, frame.quizzes),
        cast(attempts.c.finished_at.is_not(None), Integer),
    )


def _tips(frame: Frame) -> Select[Any]:
    return _acts(frame, tips_seen.c.resident_id, tips_seen.c.seen_at, _area(tips_seen.c.tip, frame.tips), literal(0))


def _places(frame: Frame) -> Select[Any]:
    query = _acts(frame, bookings.c.resident_id, bookings.c.created_at, workshops.c.area, literal(0))
    query = query.join(workshops, workshops.c.id == bookings.c.workshop_id)
    return query.where(bookings.c.state == BookingState.CONFIRMED.value)


def _acts(
    frame: Frame,
    resident: ColumnElement[int],
    at: ColumnElement[datetime],
    area: ColumnElement[str],
    part: ColumnElement[int],
) -> Select[Any]:
    columns: dict[str, ColumnElement[Any]] = {
        "resident": resident,
        "month": frame.month(at),
        "area": area,
        "district": residents.c.district,
        "part": part,
    }
    named = [column.label(name) for name, column in columns.items()]
    return select(*named).join(residents, residents.c.id == resident).where(frame.holds(at))


def _area(item: ColumnElement[str], items: Mapping[Area, Sequence[str]]) -> ColumnElement[str]:
    """The area of a quiz or a tip; none for a mixture, and for what is not taught any more."""
    found = [(item.in_(slugs), literal(area.value)) for area, slugs in items.items() if slugs]
    return case(*found, else_=cast(null(), String)) if found else cast(null(), String)


async def _count(conn: Connection, rows: Any, by: Sequence[str]) -> list[Group]:
    acts = rows.subquery()
    keys = [acts.c[name] for name in by]
    counts = (func.count(), func.coalesce(func.sum(acts.c.part), 0), func.count(acts.c.resident.distinct()))
    query = select(*keys, *counts).select_from(acts).group_by(*keys)
    return [Group(tuple(row[: len(by)]), *map(int, row[len(by) :])) for row in await conn.execute(query)]


# --- what they learned


@dataclass(frozen=True, slots=True)
class Paired:
    """Sums over residents of their shares of right answers, first and latest: a mean and its error follow from them."""

    area: str | None
    """None: all areas together."""
    people: int
    before: float
    after: float
    gain: float
    gain_squared: float


async def pairs(conn: Connection, frame: Frame) -> list[Paired]:
    """Residents who finished the same whole quiz more than once in the year, by area and all together."""
    scores = _scores(frame)
    found = []
    for by in ((scores.c.area,), ()):
        each = (
            select(*by, func.avg(scores.c.before).label("before"), func.avg(scores.c.after).label("after"))
            .group_by(scores.c.resident, *by)
            .subquery()
        )
        gain = each.c.after - each.c.before
        sums = (func.sum(each.c.before), func.sum(each.c.after), func.sum(gain), func.sum(gain * gain))
        keys = [each.c.area] if by else []
        query = select(*keys, func.count(), *sums).select_from(each).group_by(*keys)
        found += [_paired(tuple(row), by_area=bool(by)) for row in await conn.execute(query)]
    return found


def _paired(row: Sequence[Any], *, by_area: bool) -> Paired:
    area, people, *sums = row if by_area else (None, *row)
    return Paired(area, int(people), *(float(value or 0) for value in sums))


def _scores(frame: Frame) -> CTE:
    """Resident and quiz, with the share of right answers in the first and in the latest attempt of the year."""
    whose = (attempts.c.resident_id, attempts.c.quiz)
    goes = (
        select(
            *(attempts.c.id, attempts.c.resident_id.label("resident"), attempts.c.quiz),
            func.row_number().over(partition_by=whose, order_by=(attempts.c.finished_at, attempts.c.id)).label("go"),
            func.count().over(partition_by=whose).label("goes"),
        )
        .where(
            frame.holds(attempts.c.finished_at),
            attempts.c.resident_id.is_not(None),
            _area(attempts.c.quiz, frame.quizzes).is_not(None),
        )
        .cte("goes")
    )
    right = cast(cast(answers.c.right, Integer), Float)
    return (
        select(
            goes.c.resident,
            _area(goes.c.quiz, frame.quizzes).label("area"),
            func.avg(case((goes.c.go == 1, right))).label("before"),
            func.avg(case((goes.c.go == goes.c.goes, right))).label("after"),
        )
        .join(answers, answers.c.attempt_id == goes.c.id)
        .where(goes.c.goes > 1)
        .group_by(goes.c.resident, goes.c.quiz)
        .cte("scores")
    )


# --- what there is at all


@dataclass(frozen=True, slots=True)
class Extent:
    """Since when there is anything to count, and what kind of a city it is."""

    since: datetime | None
    """When the first resident came who is still here; None: nobody did."""
    joined: int
    """Residents who came in the year and are still here."""
    pupils: int
    """Attempts of nobody in particular, on shared links, that are still kept."""
    demo: bool
    """Whether some of it was made up by `bezpieczny demo`."""


async def extent(conn: Connection, frame: Frame) -> Extent:
    """See Extent."""
    joined = func.coalesce(func.sum(case((frame.holds(residents.c.created_at), 1), else_=0)), 0)
    since, count = (await conn.execute(select(func.min(residents.c.created_at, type_=UtcDateTime()), joined))).one()
    nobody = select(func.count()).where(attempts.c.resident_id.is_(None), frame.holds(attempts.c.started_at))
    pupils = (await conn.execute(nobody)).scalar_one()
    demo = (await conn.execute(select(runs.c.id).where(runs.c.key.like("demo:%")).limit(1))).first() is not None
    return Extent(since, int(count), int(pupils), demo)
