"""Counting in the ledger, and forgetting in it without losing count."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Select, case, delete, func, insert, literal, select, union_all

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
    rows = (
        select(deliveries.c.state, func.count().label("count"))
        .where(deliveries.c.run_id == run_id)
        .group_by(deliveries.c.state)
    )
    gone = select(tallies.c.state, tallies.c.count).where(tallies.c.run_id == run_id)
    counts: Counter[DeliveryState] = Counter()
    for state, count in await conn.execute(union_all(rows, gone)):
        counts[state] += count
    return Balance(audience, dict(counts))


async def progress(conn: "AsyncConnection", run_id: int, now: datetime) -> Progress:
    """A run's balance, its speed over the last half minute, and how long the rest takes at that speed."""
    run = await load_run(conn, run_id)
    state = await balance(conn, run_id)
    span_s = min(RATE_WINDOW_S, max((now - run.started_at).total_seconds(), 1.0))
    recent = select(func.count()).where(
        deliveries.c.run_id == run_id, deliveries.c.settled_at > now - timedelta(seconds=span_s)
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


def over_cap(kinds: Collection[Kind], since: datetime, cap: int) -> Select[int]:
    """Recipients already sent `cap` messages of these kinds since an instant, for a host's audience to leave out."""
    recent = select(runs.c.id).where(runs.c.kind.in_(kinds), runs.c.slot_at >= since)
    return (
        select(deliveries.c.recipient)
        .where(deliveries.c.run_id.in_(recent), deliveries.c.state == DeliveryState.SENT)
        .group_by(deliveries.c.recipient)
        .having(func.count() >= cap)
    )


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


async def forget(conn: "AsyncConnection", recipient: int) -> int:
    """Erase a person from the ledger: their deliveries become counts of nobody; returns how many there were.

    What was still waiting counts as opted out, what was in flight as uncertain: its answer finds no row any more.
    """
    state = case(
        (deliveries.c.state == DeliveryState.WAITING, DeliveryState.OPTED_OUT.value),
        (deliveries.c.state == DeliveryState.SENDING, DeliveryState.UNCERTAIN.value),
        else_=deliveries.c.state,
    )
    theirs = _of(recipient)
    counted = select(deliveries.c.run_id, state, literal(1)).where(*theirs)
    await conn.execute(insert(tallies).from_select(["run_id", "state", "count"], counted))
    return (await conn.execute(delete(deliveries).where(*theirs))).rowcount


async def archive(conn: "AsyncConnection", before: datetime) -> int:
    """Keep only the counts of runs that ended before an instant; returns how many deliveries were dropped."""
    old = select(runs.c.id).where(
        runs.c.state.in_((RunState.FINISHED, RunState.CANCELLED)), runs.c.finished_at < before
    )
    theirs = deliveries.c.run_id.in_(old)
    counted = (
        select(deliveries.c.run_id, deliveries.c.state, func.count())
        .where(theirs)
        .group_by(deliveries.c.run_id, deliveries.c.state)
    )
    await conn.execute(insert(tallies).from_select(["run_id", "state", "count"], counted))
    return (await conn.execute(delete(deliveries).where(theirs))).rowcount
