"""Conditions and changes of state that several parts of the ledger share."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, case, literal_column, or_, select, update

from scheduler.model import DeliveryState, RunState
from scheduler.tables import deliveries, runs

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


def is_in(state: DeliveryState) -> ColumnElement[bool]:
    """The state as a literal, not a parameter: only then do databases use the partial indexes."""
    return deliveries.c.state == literal_column(f"'{state.value}'")


def named(state: DeliveryState) -> ColumnElement[DeliveryState]:
    """The state as a value of the column, for a CASE."""
    return literal_column(f"'{state.value}'", deliveries.c.state.type)


WAITS_IN_DOUBT = and_(is_in(DeliveryState.WAITING), deliveries.c.keyed_until.is_not(None))
"""It may have arrived, and waits to be sent again under its key."""


def may_leave(now: datetime) -> ColumnElement[bool]:
    """Whether nothing of it can have arrived, or the channel still knows a repeat: either way it arrives once."""
    return or_(deliveries.c.keyed_until.is_(None), deliveries.c.keyed_until > now)


def unless_in_doubt(state: DeliveryState) -> ColumnElement[DeliveryState]:
    """The state of what does not leave any more: what may have arrived is uncertain, whatever has kept it since."""
    in_doubt = deliveries.c.keyed_until.is_not(None)
    return case((in_doubt, named(DeliveryState.UNCERTAIN)), else_=named(state))


async def expire(conn: "AsyncConnection", now: datetime) -> int:
    """Mark what waits in running runs past their expiry; returns how many. What may have arrived is uncertain."""
    late = select(runs.c.id).where(runs.c.state == RunState.RUNNING, runs.c.expires_at <= now)
    late_ids = list((await conn.execute(late)).scalars())
    if not late_ids:
        return 0
    statement = (
        update(deliveries)
        .where(deliveries.c.run_id.in_(late_ids), is_in(DeliveryState.WAITING))
        .values(state=unless_in_doubt(DeliveryState.EXPIRED), worker=None, settled_at=now)
    )
    return (await conn.execute(statement)).rowcount
