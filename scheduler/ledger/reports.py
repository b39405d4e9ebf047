"""Counting in the ledger, and forgetting in it without losing count."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Select, and_, delete, func, insert, or_, select

from scheduler.ledger import locks, totals
from scheduler.ledger.runs import load_run
from scheduler.model import Balance, DeliveryState, Kind, Progress, Receipt, RunState
from scheduler.tables import deliveries, runs, tallies

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

RATE_WINDOW_S = 30.0


async def balance(conn: "AsyncConnection", run_id: int) -> Balance:
    """Where everyone in a run's audience stands.

    Raises:
        UnknownRun: no run has this id.
    """
    audience = (await load_run(conn, run_id)).audience
    return Balance(audience, await totals.count_states(conn, run_id))


async def progress(conn: "AsyncConnection", run_id: int, now: datetime) -> Progress:
    """A run's balance, its speed over the last half minute, and how long the rest takes at that speed."""
    run = await load_run(conn, run_id)
    state = await balance(conn, run_id)
    span_s = min(RATE_WINDOW_S, max((now - run.started_at).total_seconds(), 1.0))
    recent = select(func.count()).where(
        deliveries.c.run_id == run_id,
        deliveries.c.settled_at > now - timedelta(seconds=span_s),
        deliveries.c.state != DeliveryState.HELD_OUT,  # settled from the first, with nothing done
    )
    per_second = (await conn.execute(recent)).scalar_one() / span_s
    return Progress(state, per_second, state.open / per_second if per_second else None)


async def count_open(conn: "AsyncConnection") -> int:
    """How many messages of running runs have not been settled yet."""
    running = select(runs.c.id).where(runs.c.state == RunState.RUNNING)
    query = select(func.count()).where(
        deliveries.c.run_id.in_(running),
        deliveries.c.state.in_((DeliveryState.WAITING, DeliveryState.SENDING)),
    )
    return int((await conn.execute(query)).scalar_one())


def over_cap(kinds: Collection[Kind], since: datetime, cap: int, only: int | None = None) -> Select[int]:
    """Recipients with `cap` messages of these kinds since an instant, for a host's audience to leave out.

    What may have arrived counts, and what is on its way: two runs that open at once know of one another. With `only`
    this one recipient is looked at alone.
    """
    recent = select(runs.c.id).where(runs.c.kind.in_(kinds), runs.c.slot_at >= since)
    to_come = recent.where(runs.c.state.in_((RunState.RUNNING, RunState.PAUSED)))
    counts = [
        deliveries.c.run_id.in_(recent),
        or_(
            deliveries.c.state.in_((DeliveryState.SENT, DeliveryState.SENDING, DeliveryState.UNCERTAIN)),
            and_(deliveries.c.state == DeliveryState.WAITING, deliveries.c.run_id.in_(to_come)),
        ),
    ]
    if only is not None:
        counts.append(deliveries.c.recipient == only)
    return select(deliveries.c.recipient).where(*counts).group_by(deliveries.c.recipient).having(func.count() >= cap)


async def has_reached(conn: "AsyncConnection", run_id: int, recipient: int) -> bool:
    """Whether somebody is among those whom a run is, or was, to reach."""
    query = select(deliveries.c.run_id).where(
        deliveries.c.run_id == run_id,
        deliveries.c.recipient == recipient,
        deliveries.c.state != DeliveryState.HELD_OUT,
    )
    return (await conn.execute(query)).first() is not None


async def last_reached(conn: "AsyncConnection", recipient: int, kinds: Collection[Kind], since: datetime) -> int | None:
    """The run of the newest message of these kinds that somebody got since an instant."""
    table = deliveries.c
    query = (
        select(table.run_id)
        .where(
            table.run_id.in_(select(runs.c.id).where(runs.c.kind.in_(kinds), runs.c.campaign_id.is_not(None))),
            table.recipient == recipient,
            table.state == DeliveryState.SENT,
            table.settled_at >= since,
        )
        .order_by(table.settled_at.desc(), table.run_id.desc())
        .limit(1)
    )
    return (await conn.execute(query)).scalar()


async def receipts(conn: "AsyncConnection", recipient: int) -> list[Receipt]:
    """Everything the ledger keeps of one person, the newest first."""
    query = (
        select(runs.c.kind, runs.c.slot_at, deliveries.c.state, deliveries.c.settled_at)
        .join_from(runs, deliveries, deliveries.c.run_id == runs.c.id)
        .where(*_of(recipient))
        .order_by(runs.c.slot_at.desc(), runs.c.id.desc())
    )
    return [Receipt(**row) for row in (await conn.execute(query)).mappings()]


def _of(recipient: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    # Through the runs, so that the primary key finds the rows; an own index would slow every audience down.
    return deliveries.c.run_id.in_(select(runs.c.id)), deliveries.c.recipient == recipient


def _counted_as(state: DeliveryState, in_doubt: bool) -> DeliveryState:
    if state is DeliveryState.WAITING and not in_doubt:
        return DeliveryState.OPTED_OUT
    return DeliveryState.UNCERTAIN if state in {DeliveryState.WAITING, DeliveryState.SENDING} else state


async def forget(conn: "AsyncConnection", recipient: int) -> int:
    """Erase a person from the ledger: their deliveries become counts of nobody; returns how many there were.

    What was still waiting counts as opted out, what was in flight or in doubt as uncertain: its answer finds no row any
    more.
    """
    await locks.alone(conn)
    theirs = _of(recipient)
    # Locked as they are counted, so that an answer that comes at this moment is either counted or finds no row.
    columns = deliveries.c.run_id, deliveries.c.state, deliveries.c.keyed_until.is_not(None)
    rows = select(*columns).where(*theirs).order_by(deliveries.c.run_id)
    found = [
        (run_id, state, _counted_as(state, in_doubt))
        for run_id, state, in_doubt in await conn.execute(rows.with_for_update())
    ]
    if found:
        counts = [{"run_id": run_id, "state": becomes, "count": 1} for run_id, _, becomes in found]
        await conn.execute(insert(tallies), counts)
        await conn.execute(delete(deliveries).where(*theirs))
        await totals.changed(conn, [run_id for run_id, was, becomes in found if was is not becomes])
        await totals.left(conn, [run_id for run_id, was, becomes in found if was is becomes])
    return len(found)


async def archive(conn: "AsyncConnection", before: datetime) -> int:
    """Keep only the counts of runs that ended before an instant; returns how many deliveries were dropped."""
    await locks.alone(conn)
    old = select(runs.c.id).where(
        runs.c.state.in_((RunState.FINISHED, RunState.CANCELLED)), runs.c.finished_at < before
    )
    theirs = deliveries.c.run_id.in_(old)
    counted = (
        select(deliveries.c.run_id, deliveries.c.state, func.count())
        .where(theirs)
        .group_by(deliveries.c.run_id, deliveries.c.state)
    )
    kept = insert(tallies).from_select(["run_id", "state", "count"], counted).returning(tallies.c.run_id)
    await totals.changed(conn, (await conn.execute(kept)).scalars())
    return (await conn.execute(delete(deliveries).where(theirs))).rowcount
