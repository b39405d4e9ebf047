"""Conditions and changes of state that several parts of the ledger share."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, literal_column, select, update

from scheduler.model import DeliveryState, RunState
from scheduler.tables import deliveries, runs

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


def is_in(state: DeliveryState) -> ColumnElement[bool]:
    """The state as a literal, not a parameter: only then do databases use the partial indexes."""
    return deliveries.c.state == literal_column(f"'{state.value}'")


async def expire(conn: "AsyncConnection", now: datetime) -> int:
    """Mark what waits in running runs past their expiry; returns how many."""
    late = select(runs.c.id).where(runs.c.state == RunState.RUNNING, runs.c.expires_at <= now)
    late_ids = list((await conn.execute(late)).scalars())
    if not late_ids:
        return 0
    statement = (
        update(deliveries)
        .where(deliveries.c.run_id.in_(late_ids), is_in(DeliveryState.WAITING))
        .values(state=DeliveryState.EXPIRED, worker=None, settled_at=now)
    )
    return (await conn.execute(statement)).rowcount
