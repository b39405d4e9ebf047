"""How many residents there are of each kind: totals alone. It reads them all: run it beside."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from sqlalchemy import ColumnElement, and_, case, func, literal, not_, select

from bot.domain.areas import Area
from bot.storage.database import Connection
from bot.storage.tables import residents

Counts = Mapping[str, int]
"""Value → how many residents have it; the empty one: they did not say."""

_ALONE: Mapping[str, ColumnElement[object]] = {
    "channel": residents.c.channel,
    "language": residents.c.language,
    "district": residents.c.district,
    "age": residents.c.age,
}
"""What each resident has one of."""


async def by(conn: Connection, name: str) -> Counts:
    """Residents by their channel, language, district or age band."""
    column = _ALONE[name]
    rows = await conn.execute(select(column, func.count()).group_by(column))
    return {"" if value is None else str(value): count for value, count in rows}


async def by_last_seen(conn: Connection, today: date, spans: Sequence[timedelta]) -> Counts:
    """Residents by the shortest of these spans (in days) within which they wrote last; the empty one: longer ago."""
    since = [(residents.c.seen_on > today - span, literal(str(span.days))) for span in sorted(spans)]
    band = case(*since, else_=literal(""))
    return {name: count for name, count in await conn.execute(select(band, func.count()).group_by(band))}  # noqa: C416 - dict() of rows has no types


async def wishes(conn: Connection) -> Counts:
    """How many residents agreed to what, chose which topics, and have blocked us; they can be in several."""
    nothing = and_(not_(residents.c.alerts), not_(residents.c.campaigns), residents.c.tip_hour.is_(None))
    conditions: dict[str, ColumnElement[bool]] = {
        "alerts": residents.c.alerts,
        "campaigns": residents.c.campaigns,
        "daily_tips": residents.c.tip_hour.is_not(None),
        "no_consent": nothing,
        **{area.value: residents.c[area.value] for area in Area},
        "every_topic": and_(*(not_(residents.c[area.value]) for area in Area)),
        "blocked": residents.c.blocked_at.is_not(None),
    }
    sums = [func.coalesce(func.sum(case((wish, 1), else_=0)), 0).label(name) for name, wish in conditions.items()]
    return {name: int(count) for name, count in (await conn.execute(select(*sums))).mappings().one().items()}
