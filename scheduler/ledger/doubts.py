"""What may have arrived, on channels that know a repeat by the delivery's key, for a while.

There what is in doubt waits again, whatever its kind, until the channel forgets (`keyed_until`, counted from the first
mark that may have led to a message). The row says so itself: whoever settles it, in whatever process, need not know the
account. What may have arrived ends as sent or as uncertain, never as something that says it did not.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, or_, select, update

from scheduler.ledger import totals
from scheduler.ledger.states import WAITS_IN_DOUBT, is_in
from scheduler.model import Delivery, DeliveryState, Kind, RunState, keeps_trying
from scheduler.tables import UtcDateTime, deliveries, runs

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

RESEND_AFTER = timedelta(seconds=5)
"""Under a key twice as long after each try, but not for alerts: many in doubt at once mean a channel in trouble."""

MAY_HAVE_ARRIVED = and_(deliveries.c.keyed_until.is_not(None), deliveries.c.doubts > 0)
"""An earlier attempt ended in doubt, whatever a later one says."""

_OPEN = or_(runs.c.state == RunState.RUNNING, runs.c.state == RunState.PAUSED)
_REPEAT = (
    update(deliveries)
    .where(
        deliveries.c.run_id == bindparam("b_run"),
        deliveries.c.recipient == bindparam("b_recipient"),
        deliveries.c.attempt == bindparam("b_attempt"),
        is_in(DeliveryState.UNCERTAIN),
        deliveries.c.keyed_until > bindparam("b_now", type_=UtcDateTime),
        deliveries.c.run_id.in_(select(runs.c.id).where(_OPEN)),
    )
    .values(state=DeliveryState.WAITING, due_at=bindparam("b_again_at", type_=UtcDateTime), settled_at=None)
)


async def repeat(conn: "AsyncConnection", doubted: Iterable[tuple[Delivery, Kind]], now: datetime) -> None:
    """Let what has just become uncertain wait again, where its run is open and its channel still knows a repeat."""
    ordered = sorted(doubted, key=lambda doubt: doubt[0].place)
    if ordered:
        await conn.execute(_REPEAT, [_repeated(delivery, kind, now) for delivery, kind in ordered])


def _repeated(delivery: Delivery, kind: Kind, now: datetime) -> dict[str, Any]:
    pause = RESEND_AFTER if keeps_trying(kind) else RESEND_AFTER * 2 ** (delivery.tries - 1)
    return {
        "b_run": delivery.run_id,
        "b_recipient": delivery.recipient,
        "b_attempt": delivery.attempt,
        "b_now": now,
        "b_again_at": now + pause,
    }


async def end_doubts(conn: "AsyncConnection", now: datetime) -> int:
    """Call uncertain what waits to be repeated and never will be; returns how many.

    Its run is over, or the channel would not know the repeat any more, as after a pause of days.
    """
    table = deliveries.c
    over = select(runs.c.id).where(runs.c.state.in_((RunState.FINISHED, RunState.CANCELLED)))
    found = (
        select(table.run_id, table.recipient)
        .where(WAITS_IN_DOUBT, or_(table.keyed_until <= now, table.run_id.in_(over)))
        .order_by(table.run_id, table.recipient)
        .with_for_update(skip_locked=True)
    )
    rows = [{"b_run": run_id, "b_recipient": recipient} for run_id, recipient in await conn.execute(found)]
    if rows:
        await conn.execute(_END_DOUBT.values(settled_at=now), rows)
        await totals.changed(conn, {row["b_run"] for row in rows})
    return len(rows)


_END_DOUBT = (
    update(deliveries)
    .where(deliveries.c.run_id == bindparam("b_run"), deliveries.c.recipient == bindparam("b_recipient"))
    .values(state=DeliveryState.UNCERTAIN, worker=None)
)


async def forget_keys(conn: "AsyncConnection", account: str, now: datetime) -> int:
    """The channel has forgotten the keys of this account, as it does with a new device; returns how many were in use.

    What is in doubt is not sent again: nobody could tell a repeat.
    """
    open_ = or_(is_in(DeliveryState.WAITING), is_in(DeliveryState.SENDING))
    statement = update(deliveries).where(open_, deliveries.c.account == account, deliveries.c.keyed_until > now)
    return (await conn.execute(statement.values(keyed_until=now))).rowcount
