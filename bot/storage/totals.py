"""How many people there are and what they try, counted without looking at anybody."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Null, Subquery, case, distinct, func, null, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.tables import attempts, residents

Part = tuple[str | None, int | None]
"""An area and a month's place in the row of months; None: all of them together."""


async def residents_by(conn: AsyncConnection, column: str) -> dict[str, int]:
    """Residents for each value of a column (`channel`, `language`, `district`); empty: they did not say."""
    of = residents.c[column]
    rows = await conn.execute(select(of, func.count()).group_by(of))
    return {"" if value is None else str(value): count for value, count in rows}


async def attempts_by(
    conn: AsyncConnection, areas: Mapping[str, Collection[str]], months: Sequence[datetime]
) -> dict[Part, tuple[int, int]]:
    """Attempts begun, and by how many people, in each area and month, and in all of either.

    `areas`: name → its quizzes; what is in none counts under the empty name. `months`: their beginnings, and the last's
    end. A pupil is nobody: each of their attempts counts as of a person of its own.
    """
    area = case(*((attempts.c.quiz.in_(quizzes), name) for name, quizzes in areas.items() if quizzes), else_="")
    month = case(*((attempts.c.started_at < end, place) for place, end in enumerate(months[1:])), else_=-1)
    year = select(area.label("area"), month.label("month"), attempts.c.resident_id).where(
        attempts.c.started_at >= months[0], attempts.c.started_at < months[-1]
    )
    counted = year.subquery()
    found: dict[Part, tuple[int, int]] = {}
    for by in (
        (counted.c.area, counted.c.month),
        (counted.c.area, null()),
        (null(), counted.c.month),
        (null(), null()),
    ):
        found |= await _count(conn, counted, by)
    return found


async def _count(
    conn: AsyncConnection, counted: Subquery, by: tuple[ColumnElement[Any], ColumnElement[Any]]
) -> dict[Part, tuple[int, int]]:
    pupils = func.sum(case((counted.c.resident_id.is_(None), 1), else_=0))
    people = func.count(distinct(counted.c.resident_id)) + pupils
    query = select(by[0].label("area"), by[1].label("month"), func.count(), people).select_from(counted)
    rows = await conn.execute(query.group_by(*(column for column in by if not isinstance(column, Null))))
    return {(name, place): (count, int(who)) for name, place, count, who in rows if count}
